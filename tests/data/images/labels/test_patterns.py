"""Classes in file names: what a pattern reads, and which pattern is guessed."""

import pytest

from nncli.data.images.labels.patterns import guess_pattern, read_class
from nncli.errors import DataError


@pytest.mark.parametrize(
    ("pattern", "name", "label"),
    [
        ("{class}.*", "cat.0.jpg", "cat"),
        ("{class}_*", "great_dane_1.jpg", "great"),
        ("{class}_{number}.*", "great_dane_1.jpg", "great_dane"),
        ("{number}_{class}.*", "0_cat.png", "cat"),
        ("*_{class}.*", "a_b_cat.png", "cat"),
        ("{class} ({number}).*", "hot dog (12).png", "hot dog"),
        ("{class}{number}.*", "cat07.png", "cat"),
        ("{class}+{number}.*", "a.b+1.png", "a.b"),
        ("{class}_{number}.*", "cat.jpg", None),
        ("{class}_*", "_1.jpg", None),
    ],
)
def test_a_pattern_reads_the_class_of_a_name(pattern: str, name: str, label: str | None) -> None:
    assert read_class(pattern, [name]) == [label]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("{label}_*", "{label} is not a field"),
        ("*_*", "has {class} 0 times"),
        ("{class}_{class}", "has {class} 2 times"),
        ("a/{class}_*", "have no /"),
        ("{class}*******", "more than 6 fields"),
    ],
)
def test_what_is_no_pattern_is_refused_with_an_example(pattern: str, told: str) -> None:
    with pytest.raises(DataError) as caught:
        read_class(pattern, ["cat_1.jpg"])
    assert told in caught.value.message and "'{class}_*' reads cat" in (caught.value.hint or "")


def names(template: str) -> list[str]:
    return [template.format(k=kind, n=number) for kind in ("cat", "hot_dog") for number in range(1, 6)]


@pytest.mark.parametrize(
    ("template", "pattern"),
    [
        ("{k}.{n}.jpg", "{class}.{number}.*"),
        ("{k}_{n:04}.jpg", "{class}_{number}.*"),
        ("{k}-{n}.jpg", "{class}-{number}.*"),
        ("{k} ({n}).jpg", "{class} ({number}).*"),
        ("{k}{n}.jpg", "{class}{number}.*"),
        ("{n:03}_{k}.png", "{number}_{class}.*"),
        ("{n}.{k}.png", "{number}.{class}.*"),
    ],
)
def test_a_pattern_that_fits_all_names_is_guessed(template: str, pattern: str) -> None:
    listed = names(template)
    assert guess_pattern(listed) == pattern
    assert read_class(pattern, listed) == ["cat"] * 5 + ["hot_dog"] * 5
    assert guess_pattern([*listed * 3, "odd"]) is None, "one in thirty is more than a slip"


def test_random_letters_after_the_class_are_no_class() -> None:
    listed = [f"{kind}-{rest}.jpg" for kind in ("sad", "glad") for rest in ("xk", "pq", "rt")]
    assert guess_pattern(listed) == "{class}-*"


@pytest.mark.parametrize(
    "listed",
    [
        [f"IMG_{n}.jpg" for n in range(9)],
        [f"{kind}_{n}.jpg" for kind in ("IMG", "DSC") for n in range(9)],
        [f"{n}.png" for n in range(9)],
        [f"2024-01-0{day}_{time}.png" for day in (1, 2) for time in ("0815", "0930", "1015")],
        ["a.png", "b.png"],
        [],
    ],
)
def test_names_without_classes_give_no_pattern(listed: list[str]) -> None:
    assert guess_pattern(listed) is None
