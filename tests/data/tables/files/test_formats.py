"""Tables as programs of all kinds export them: guessed by `init` and `data`, read by training as the config says."""

import codecs
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from nncli import data
from nncli.config.facts import TableInput
from nncli.config.sections import MISSING, Data
from nncli.data.dataset import Dataset
from nncli.data.inputs.reading import load_labelled, read_inputs
from nncli.data.profile.profiling import profile_table
from nncli.data.profile.tables.reading import open_table
from nncli.data.tables.files import converting, reading
from nncli.data.tables.files.columns import unknown_columns
from nncli.errors import DataError

ROWS = 60
WEIGHTS = [round(1000 + 37.25 * (index * 7 % ROWS), 2) for index in range(ROWS)]
CITIES = ["Zürich", "Genève", "Bern"]


def plain_rows() -> list[list[str]]:
    return [[f"{WEIGHTS[i]}", CITIES[i % 3], str(i % 2)] for i in range(ROWS)]


def plain_text(delimiter: str = ",", cell: Callable[[str], str] = str) -> str:
    rows = [["weight", "city", "y"], *[[cell(row[0]), *row[1:]] for row in plain_rows()]]
    return "".join(delimiter.join(row) + "\n" for row in rows)


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": "csv", "path": str(path), "target": "y", **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def plain(folder: Path) -> Dataset:
    path = folder / "plain-table.csv"
    path.write_text(plain_text(), encoding="utf-8")
    return load(path)


def guessed(path: Path) -> dict[str, Any]:
    """What `init` would write of the table's format."""
    opened = open_table(path, MISSING)
    return opened.text_format.model_dump(exclude_defaults=True, exclude={"missing"})


def european(number: str) -> str:
    whole, _, decimals = number.partition(".")
    return f"{int(whole):,}".replace(",", ".") + f",{decimals}"


def swiss(number: str) -> str:
    return f"{float(number):,.2f}".replace(",", "'")


def french(number: str) -> str:
    return f"{float(number):,.2f}".replace(",", "\u202f").replace(".", ",")


def title(text: str) -> str:
    return "Orders of 2024\n\n" + text


def commented(text: str) -> str:
    return "# made by a program\n# in two lines\n" + text


WRITTEN: list[tuple[str, bytes, dict[str, Any]]] = [
    ("decimal comma", plain_text(";", european).encode(), {"delimiter": ";", "decimal": ",", "thousands": "."}),
    ("byte-order mark", codecs.BOM_UTF8 + plain_text(";", european).encode(),
     {"delimiter": ";", "decimal": ",", "thousands": "."}),
    ("apostrophes", plain_text(";", swiss).encode(), {"delimiter": ";", "thousands": "'"}),
    ("narrow blanks", plain_text(";", french).encode(), {"delimiter": ";", "decimal": ",", "thousands": " "}),
    ("latin-1", plain_text().encode("latin-1"), {"encoding": "cp1252"}),
    ("utf-16 with a mark", plain_text().encode("utf-16"), {"encoding": "utf-16"}),
    ("utf-16-le", plain_text().encode("utf-16-le"), {"encoding": "utf-16-le"}),
    ("utf-16-be", plain_text().encode("utf-16-be"), {"encoding": "utf-16-be"}),
    ("title", title(plain_text()).encode(), {"skip": 2}),
    ("comments", commented(plain_text()).encode(), {"comment": "#"}),
    ("tabs", plain_text("\t").encode(), {"delimiter": "\t"}),
    ("bars", plain_text("|").encode(), {"delimiter": "|"}),
    ("runs of blanks", plain_text("   ").encode(), {"delimiter": "whitespace"}),
    ("gzip", gzip.compress(plain_text().encode()), {}),
    ("old line ends", plain_text().replace("\n", "\r").encode(), {}),
    ("line ends of Windows", plain_text().replace("\n", "\r\n").encode(), {}),
    ("quotes", plain_text(cell=lambda number: f'"{number}"').encode(), {}),
    ("blanks before quotes", plain_text(cell=lambda number: f'  "{number}"').encode(), {}),
]  # fmt: skip


@pytest.mark.parametrize(("content", "keys"), [case[1:] for case in WRITTEN], ids=[case[0] for case in WRITTEN])
def test_a_table_written_otherwise_gives_the_same_arrays_bit_for_bit(
    tmp_path: Path, content: bytes, keys: dict[str, Any]
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    assert guessed(path) == keys
    ours, theirs = load(path, **keys), plain(tmp_path)
    assert ours.fingerprint == theirs.fingerprint
    inputs = ours.facts.inputs
    assert isinstance(inputs, TableInput)
    assert {key: getattr(inputs, key) for key in keys} == keys
    [batch] = read_inputs([str(path)], ours.facts, stdin=io.BytesIO())
    assert not batch.failures and len(batch.names) == ROWS
    part = load_labelled(str(path), ours.facts)
    for name, array in part.inputs.items():
        np.testing.assert_array_equal(batch.inputs[name], array)
        np.testing.assert_array_equal(array[theirs.test.rows], theirs.test.inputs[name])


DRESSED = [
    ("$5,126", 5126.0), ("€ 5.126", 5.126), ("38%", 38.0), ("(12)", -12.0), ("12-", -12.0), ("-$3", -3.0),
    ("1 200 USD", 1200.0), ("CHF 1'200.50", 1200.5), ("CHF 7", 7.0), ("£4.50", 4.5),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "number"), DRESSED, ids=[case[0] for case in DRESSED])
def test_money_percent_and_minus_signs_of_accountants_are_numbers_and_said(
    tmp_path: Path, cell: str, number: float
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n" + "".join(f'"{cell if i % 2 else cell.replace("2", "6")}",{i % 7},{i % 2}\n'
                                        for i in range(ROWS)))  # fmt: skip
    dataset = load(path, features=("a", "b"))
    part = dataset.train
    np.testing.assert_array_equal(part.inputs["numbers"][part.rows % 2 == 1, 0], np.float32(number))
    assert any(note.startswith("a: read as numbers") for note in dataset.notes)


def test_amounts_in_two_currencies_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b,y\n" + "".join(f"{'$€'[i % 2]}{i},{i % 7},{i % 2}\n" for i in range(ROWS)))
    with pytest.raises(DataError, match=r"mixes \$ and €") as caught:
        load(path)
    assert "drop: [a]" in str(caught.value.hint)


def test_european_numbers_without_the_keys_are_refused_with_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(plain_text(";", european))
    with pytest.raises(DataError, match='column "weight" has numbers in a notation') as caught:
        load(path, delimiter=";")
    assert '`decimal: ","` and `thousands: "."`' in str(caught.value.hint)


def test_a_wrong_encoding_names_line_byte_and_the_key(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(plain_text().encode("cp1252"))
    with pytest.raises(DataError, match="is not UTF-8 text: line 2, byte") as caught:
        load(path)
    assert "`encoding: cp1252`" in str(caught.value.hint)
    with pytest.raises(DataError, match="is not UTF-16-LE text"):
        path.write_bytes(plain_text().encode() + b"x")
        load(path, encoding="utf-16-le")


def test_a_large_file_in_another_encoding_is_not_held_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nncli.data.tables.files import content

    monkeypatch.setattr(content, "_IN_MEMORY", 1 << 10)
    path = tmp_path / "t.csv"
    path.write_bytes(plain_text().encode("utf-16"))
    assert load(path, encoding="utf-16").fingerprint == plain(tmp_path).fingerprint


def test_json_lines_are_a_table(tmp_path: Path) -> None:
    names = ["weight", "city", "y"]
    lines = [json.dumps(dict(zip(names, [float(row[0]), row[1], int(row[2])], strict=True)), ensure_ascii=False)
             for row in plain_rows()]  # fmt: skip
    path = tmp_path / "t.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    dataset = load(path)
    assert dataset.fingerprint == plain(tmp_path).fingerprint
    [batch] = read_inputs([str(path)], dataset.facts, stdin=io.BytesIO())
    assert len(batch.names) == ROWS and not batch.failures
    path.write_text("\n".join([*lines[:3], lines[3][:-5]]), encoding="utf-8")
    with pytest.raises(DataError, match=r"line 4 is not JSON \(.*, column \d+\)"):
        load(path)
    path.write_text("\n".join([*lines, "[1, 2]"]), encoding="utf-8")
    with pytest.raises(DataError, match="line 61 is not a JSON object"):
        load(path)


def test_a_json_list_of_objects_is_a_table(tmp_path: Path) -> None:
    names = ["weight", "city", "y"]
    rows = [dict(zip(names, [float(row[0]), row[1], int(row[2])], strict=True)) for row in plain_rows()]
    path = tmp_path / "t.json"
    path.write_text(json.dumps(rows, indent=1, ensure_ascii=False), encoding="utf-8")
    assert load(path).fingerprint == plain(tmp_path).fingerprint
    path.write_text(json.dumps([*rows, 7]), encoding="utf-8")
    with pytest.raises(DataError, match="item 61 of the list is not a JSON object but 7"):
        load(path)
    path.write_text(json.dumps(rows, indent=1)[:-20], encoding="utf-8")
    with pytest.raises(DataError, match=r"line \d+ is not JSON \(.*, column \d+\)"):
        load(path)


def zipped(path: Path, **entries: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name.replace("_", "."), text)
    return path


def test_a_zip_file_with_one_table_is_that_table(tmp_path: Path) -> None:
    packed = zipped(tmp_path / "t.zip", table_csv=plain_text(), readme_md="not a table")
    assert load(packed).fingerprint == plain(tmp_path).fingerprint
    with pytest.raises(DataError, match=r"holds 2 tables: a\.csv, b\.csv"):
        load(zipped(tmp_path / "two.zip", a_csv=plain_text(), b_csv=plain_text()))
    with pytest.raises(DataError, match="holds no tables: readme"):
        load(zipped(tmp_path / "none.zip", readme_md="text"))
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(packed.read_bytes()[:200])
    with pytest.raises(DataError, match="damaged zip file"):
        load(damaged)


def test_several_files_of_one_shape_are_one_table(tmp_path: Path) -> None:
    header, *lines = plain_text().splitlines(keepends=True)
    for index in range(3):
        (tmp_path / f"part-{index}.csv").write_text(header + "".join(lines[20 * index : 20 * index + 20]))
    assert load(tmp_path / "part-*.csv").fingerprint == plain(tmp_path).fingerprint
    assert profile_table(tmp_path / "part-*.csv", ["y"]).rows == ROWS
    (tmp_path / "part-9.csv").write_text("weight,town,y\n1,a,0\n")
    with pytest.raises(DataError, match="have different columns: city, town"):
        load(tmp_path / "part-*.csv")
    with pytest.raises(DataError, match="no file matches"):
        load(tmp_path / "other-*.csv")


def test_an_excel_sheet_is_a_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["weight", "city", "y"])
    for row in plain_rows():
        book.active.append([float(row[0]), row[1], int(row[2])])
    book.save(tmp_path / "t.xlsx")
    dataset = load(tmp_path / "t.xlsx")
    assert dataset.fingerprint == plain(tmp_path).fingerprint
    [batch] = read_inputs([str(tmp_path / "t.xlsx")], dataset.facts, stdin=io.BytesIO())
    assert len(batch.names) == ROWS
    book.create_sheet("more").append(["a"])
    book["more"].append([1])
    book.save(tmp_path / "two.xlsx")
    with pytest.raises(DataError, match="has 2 sheets with rows: Sheet, more"):
        load(tmp_path / "two.xlsx")


@pytest.mark.parametrize(("old", "new"), [("</sheetData>", ""), ("<v>12</v>", "<v>1x2</v>")])
def test_a_damaged_excel_sheet_is_told_although_its_rows_are_parsed_late(tmp_path: Path, old: str, new: str) -> None:
    book = openpyxl.Workbook()
    for number in range(20):
        book.active.append([number, number + 1])
    book.save(tmp_path / "whole.xlsx")
    with zipfile.ZipFile(tmp_path / "whole.xlsx") as whole, zipfile.ZipFile(tmp_path / "t.xlsx", "w") as damaged:
        for name in whole.namelist():
            text = whole.read(name).decode()
            damaged.writestr(name, text.replace(old, new) if name.endswith("sheet1.xml") else text)
    with pytest.raises(DataError, match="is a damaged Excel file") as caught:
        load(tmp_path / "t.xlsx")
    assert "save it again" in str(caught.value.hint)


def test_without_the_extra_an_excel_file_is_told_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openpyxl.Workbook().save(tmp_path / "t.xlsx")
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(DataError, match="is an Excel file, which needs openpyxl") as caught:
        load(tmp_path / "t.xlsx")
    assert "extra `excel`" in str(caught.value.hint) and "CSV" in str(caught.value.hint)


def test_plain_csv_is_neither_converted_nor_copied(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(plain_text())
    assert converting.to_csv(memoryview(path.read_bytes()), "t.csv") is None
    text = reading.open_csv(path, name="t.csv", text_format=Data(source="csv").text_format)
    assert text.body.obj is not None and bytes(text.body[:6]) == b"1000.0"


def test_skip_beyond_the_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(plain_text())
    with pytest.raises(DataError, match="fewer lines than the 99 to skip"):
        load(path, skip=99)


@pytest.mark.parametrize("encoding", ["base64", "no-such-encoding"])
def test_an_encoding_has_to_be_one_of_text(encoding: str) -> None:
    with pytest.raises(ValueError, match="unknown encoding"):
        Data(source="csv", path="t.csv", encoding=encoding)


def test_a_table_without_a_name_is_called_the_input_where_it_lacks_a_column() -> None:
    assert str(unknown_columns(["widht"], ["width"], "-")).startswith(
        'the input has no column "widht" (did you mean "width"'
    )
    assert str(unknown_columns(["x"], ["a"], "rows.csv")).startswith("rows.csv has no column")
