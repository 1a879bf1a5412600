"""The confusion matrix on terminals of several widths, with few, many and very many classes."""

import io
import re
from typing import Any

import numpy as np
import pytest

from nncli.cli.views.classes.confusion import class_parts, confusion_parts
from nncli.console import Console

AIRPLANE_TO_TRUCK = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


class Stream(io.StringIO):
    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._named = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._named


def shown(
    names: list[str], matrix: np.ndarray, columns: int, monkeypatch: pytest.MonkeyPatch, encoding: str = "utf-8"
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Stream(encoding)
    console = Console(stdout=stream)
    console.answer({}, *confusion_parts(console, names, matrix.tolist()))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def matrix_of(classes: int, seed: int = 1) -> np.ndarray:
    generator = np.random.default_rng(seed)
    matrix = generator.poisson(0.4, (classes, classes))
    matrix[np.arange(classes), np.arange(classes)] = generator.integers(20, 400, classes)
    return matrix


def test_ten_classes_of_one_letter_have_their_names_above_the_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = matrix_of(10)
    lines = shown([str(digit) for digit in range(10)], matrix, 80, monkeypatch)
    assert lines[0].split() == ["true", "\\", "predicted", *map(str, range(10))]
    for digit, line in enumerate(lines[1:]):
        assert [0 if cell == "." else int(cell) for cell in line.split()[1:]] == matrix[digit].tolist()


def test_ten_long_names_get_letters_at_80_columns_and_every_count_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = matrix_of(10)
    lines = shown(AIRPLANE_TO_TRUCK, matrix, 80, monkeypatch)
    assert lines[0].split()[3:] == list("abcdefghij") and max(map(len, lines)) <= 80
    for place, line in enumerate(lines[1:]):
        letter, name, *cells = line.split()
        assert (letter, name) == ("abcdefghij"[place], AIRPLANE_TO_TRUCK[place])
        assert [0 if cell == "." else int(cell) for cell in cells] == matrix[place].tolist()


@pytest.mark.parametrize(("classes", "columns"), [(10, 40), (20, 80), (33, 80), (14, 60)])
def test_more_classes_are_shown_in_tenths_with_the_largest_confusions(
    classes: int, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix = matrix_of(classes)
    matrix[3, 5], matrix[6] = 390, 0
    matrix[6, 6] = 50
    lines = shown([f"c{number}" for number in range(classes)], matrix, columns, monkeypatch)
    assert max(map(len, lines[: classes + 1])) <= columns
    shares = matrix / matrix.sum(axis=1, keepdims=True)
    for row, line in enumerate(lines[1 : classes + 1]):
        for column, sign in enumerate(line.split()[2:]):
            low, high = {".": (0, 0), "+": (1e-9, 0.1), "#": (1, 1)}.get(sign) or (int(sign) / 10, int(sign) / 10 + 0.1)
            assert low <= shares[row, column] <= high
    start = next(place for place, line in enumerate(lines) if line.startswith("true  taken for"))
    assert lines[start + 1].split() == ["c3", "c5", "390", str(matrix[3].sum()), f"{shares[3, 5]:.1%}"]
    counts = [int(line.split()[2]) for line in lines[start + 1 : -1]]
    off = matrix - np.diag(np.diag(matrix))
    assert counts == sorted(off[off > 0].tolist(), reverse=True)[:10]
    assert lines[-1].startswith(
        f"{off.sum():,} of {matrix.sum():,} rows are taken for another class, in {(off > 0).sum()}"
    )


def test_a_hundred_classes_are_a_map_of_dots_and_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = matrix_of(100)
    matrix[:, 17] += 30  # what a class that swallows others looks like: a line from top to bottom
    lines = shown([f"{number:02}" for number in range(100)], matrix, 80, monkeypatch)
    dots = {
        (4 * y + down, 2 * x + across)
        for y, line in enumerate(lines[:25])
        for x, sign in enumerate(line)
        for across in range(2)
        for down in range(4)
        # Unicode numbers the dots 1 2 3 7 in the left column, 4 5 6 8 in the right one.
        if sign != " " and (ord(sign) - 0x2800) >> ((0, 1, 2, 6), (3, 4, 5, 7))[across][down] & 1
    }
    assert dots == set(zip(*np.nonzero(matrix > 0.03 * matrix.sum(axis=1, keepdims=True)), strict=True))
    assert {(row, 17) for row in range(100)} <= dots
    assert len(lines) <= 40 and max(map(len, lines)) <= 90
    plain = shown([f"{number:02}" for number in range(100)], matrix, 80, monkeypatch, encoding="ascii")
    assert plain[0].startswith("true  taken for") and len(plain) == 12


def test_thousands_of_classes_have_a_list_alone_and_no_mistakes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"c{number}" for number in range(400)]
    assert len(shown(names, matrix_of(400), 80, monkeypatch)) == 12
    assert shown(names, np.diag(np.full(400, 3)), 80, monkeypatch) == ["no class is taken for another"]


def test_of_many_classes_the_worst_are_listed() -> None:
    entries = [{"name": f"c{place}", "f1": None if place == 7 else (place * 37 % 100) / 100} for place in range(100)]
    seen: list[Any] = []
    [_, rest] = class_parts("classes", entries, lambda title, chosen: seen.append((title, list(chosen))))
    [(title, chosen)] = seen
    expected = sorted(value["f1"] for value in entries if value["f1"] is not None)[:10]
    assert [entry["f1"] for entry in chosen] == expected and title == "least f1 of classes"
    assert re.match(r"and 90 more classes", rest)
    seen.clear()
    assert len(class_parts("classes", entries[:30], lambda title, chosen: seen.append(title))) == 1
    assert seen == ["classes"]
