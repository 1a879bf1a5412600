"""A look at data finds what is there and what is wrong, and stops at none of it."""

import gzip
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as arrow
import pyarrow.parquet
import pytest
from PIL import Image

from nncli.config.facts import Task
from nncli.config.sections import Data
from nncli.data.profile.profiling import ImageProfile, Level, TableProfile, profile_data, profile_images, profile_table
from nncli.data.profile.proposal.proposal import propose
from nncli.errors import DataError

ROWS = 200


def write(path: Path, header: str, row: Callable[[int], str], rows: int = ROWS) -> Path:
    path.write_text("\n".join([*([header] if header else []), *(row(index) for index in range(rows))]) + "\n")
    return path


def rules(profile: TableProfile | ImageProfile) -> set[str]:
    return {finding.rule for finding in profile.findings}


def noise(count: int = ROWS) -> Sequence[float]:
    return [round(float(value), 6) for value in np.random.default_rng(3).normal(size=count)]


def test_each_column_is_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b,c", lambda i: f"{i if i % 4 else ''},{'pqr'[i % 3]},{i}.5")
    profile = profile_table(path)
    a, b = profile.column("a"), profile.column("b")
    assert (profile.rows, profile.target) == (ROWS, None)
    assert (a.kind, a.learn_as, a.missing, a.missing_share, a.distinct) == ("number", "number", 50, 0.25, 150)
    present = [i for i in range(ROWS) if i % 4]
    assert (a.minimum, a.maximum, a.mean, a.median) == (1, 199, np.mean(present), np.median(present))
    assert (b.kind, b.distinct, b.frequent) == ("category", 3, (("p", 67), ("q", 67), ("r", 66)))
    assert profile.findings == ()
    assert profile.parts == {"train": 144, "validation": 16, "test": 40}


def test_the_target_has_its_task_and_classes_and_an_imbalance_is_told(tmp_path: Path) -> None:
    values = noise()
    path = write(tmp_path / "t.csv", "a,y", lambda i: f"{values[i]},{'yes' if i % 20 else 'no'}")
    profile = profile_table(path, ["y"])
    assert profile.target is not None
    assert (profile.target.task, profile.target.classes) == (Task.BINARY, (("no", 10), ("yes", 190)))
    assert rules(profile) == {"imbalance"}
    assert "class_weight: balanced" in profile.findings[0].fix


def test_a_wrong_target_is_an_error_with_the_nearest_name(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,species", lambda i: f"{i},{i % 2}")
    with pytest.raises(DataError, match="species"):
        profile_table(path, ["specis"])


def test_columns_that_teach_nothing_are_named_with_the_reason(tmp_path: Path) -> None:
    values = noise()
    path = write(
        tmp_path / "t.csv",
        "row,same,when,note,nothing,customer_id,x,y",
        lambda i: f"{i},k,2024-01-{i % 28 + 1:02d},a text of number {i},,{1000 + 7 * i},{values[i]},{i % 2}",
    )
    profile = profile_table(path, ["y"])
    left_out = {column.name for column in profile.columns if column.learn_as is None}
    assert left_out == {"row", "same", "note", "nothing", "customer_id"}
    by_column = {finding.columns[0]: finding.rule for finding in profile.findings if finding.columns}
    assert by_column == {
        "row": "id_like", "same": "constant", "note": "text", "nothing": "empty",
        "customer_id": "id_like",
    }  # fmt: skip
    assert [profile.column(name).kind for name in ("when", "note", "nothing")] == ["date", "text", "empty"]


def test_several_problems_that_each_stop_training_are_all_told(tmp_path: Path) -> None:
    values = noise()

    def row(i: int) -> str:
        text = "unknown" if i == 17 else str(values[i])
        unit = "$" if i % 2 else "€"
        return f"{text},{unit}{i + 1},{'inf' if i == 5 else values[i]},{i % 2}" + (",9" if i == 30 else "")

    profile = profile_table(write(tmp_path / "t.csv", "mixed,units,endless,y", row), ["y"])
    problems = [finding for finding in profile.findings if finding.level is Level.PROBLEM]
    assert [finding.rule for finding in problems] == ["ragged", "mixed", "units", "infinite"]
    assert problems[0].where == "row 31" and problems[0].rows == (31,)
    assert problems[1].rows == (18,) and '"unknown"' in problems[1].fix
    assert profile.rows == ROWS - 1


@pytest.mark.parametrize("twin", ["{y}", "{y_name}"])
def test_a_column_that_is_the_target_is_a_twin(tmp_path: Path, twin: str) -> None:
    values = noise()
    names = ["one", "two", "three"]
    path = write(
        tmp_path / "t.csv", "a,b,y", lambda i: f"{values[i]},{twin.format(y=i % 3, y_name=names[i % 3])},{i % 3}"
    )
    profile = profile_table(path, ["y"])
    assert [(finding.rule, finding.columns) for finding in profile.findings if "twin" in finding.rule] == [
        ("twin", ("b",))
    ]


def test_a_column_that_nearly_gives_the_class_away_is_told_and_a_good_feature_is_not(tmp_path: Path) -> None:
    values = noise(1000)
    path = write(
        tmp_path / "t.csv",
        "near,good,y",
        lambda i: f"{10 * (i % 2) + values[i]},{2 * (i % 2) + values[(7 * i) % 1000]},{i % 2}",
        rows=1000,
    )
    twins = [finding.columns for finding in profile_table(path, ["y"]).findings if finding.rule == "near_twin"]
    assert twins == [("near",)]


def test_a_number_that_moves_with_the_target_is_told(tmp_path: Path) -> None:
    values = noise()
    path = write(
        tmp_path / "t.csv",
        "celsius,cube,other,fahrenheit",
        lambda i: f"{values[i]},{values[i] ** 3:.9f},{values[i] + values[i - 1]},{values[i] * 1.8 + 32 + i % 3 / 200}",
    )
    twins = [finding.columns for finding in profile_table(path, ["fahrenheit"]).findings if "twin" in finding.rule]
    assert twins == [("celsius",), ("cube",)]


def test_a_different_text_in_every_row_is_no_twin(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "name,a,y", lambda i: f"n{i // 2},{i % 7},{i % 2}")
    data = Data(source="csv", path=str(path), target=("y",), features=("name", "a"))
    profile = profile_data(data, seed=1, data_dir=None, progress=lambda what, share: None)
    assert not rules(profile) & {"twin", "near_twin"}


def test_repeated_rows_are_counted_within_and_across_the_parts(tmp_path: Path) -> None:
    values = noise(100)
    path = write(tmp_path / "t.csv", "a,y", lambda i: f"{values[i % 100]},{i % 2}")
    profile = profile_table(path, ["y"])
    assert isinstance(profile, TableProfile) and profile.repeated == 100
    told = {finding.where: finding.what for finding in profile.findings}
    assert told["rows 101, 102, 103 and 97 more"].startswith("100 rows equal an earlier one")
    assert "of its 40 rows are also trained on" in told["test set"]
    assert "disagree" not in rules(profile)


def test_equal_rows_with_different_targets_are_told(tmp_path: Path) -> None:
    values = noise(100)
    path = write(tmp_path / "t.csv", "a,y", lambda i: f"{values[i % 100]},{i // 100}")
    findings = {finding.rule: finding for finding in profile_table(path, ["y"]).findings}
    assert findings["disagree"].what.startswith("200 rows have equal features")


def test_sorted_targets_are_called_harmless(tmp_path: Path) -> None:
    values = noise()
    by_class = write(tmp_path / "c.csv", "a,y", lambda i: f"{values[i]},{'pq'[i // 100]}")
    by_value = write(tmp_path / "v.csv", "a,y", lambda i: f"{values[i]},{i}.5")
    mixed = write(tmp_path / "m.csv", "a,y", lambda i: f"{values[i]},{'pq'[i % 2]}")
    for path, expected in ((by_class, True), (by_value, True), (mixed, False)):
        found = [finding for finding in profile_table(path, ["y"]).findings if finding.rule == "sorted"]
        assert bool(found) is expected
        assert all(finding.level is Level.NOTE and "shuffles" in finding.fix for finding in found)


def test_missing_marks_and_spellings_are_noticed(tmp_path: Path) -> None:
    path = write(
        tmp_path / "t.csv",
        "age,sex,rare",
        lambda i: f"{-999 if i % 20 == 0 else i % 80},{['male', 'Male', 'female'][i % 3]},{i if i % 5 == 0 else ''}",
    )
    findings = {finding.rule: finding.columns for finding in profile_table(path).findings if finding.columns}
    assert findings == {"sentinel": ("age",), "spelling": ("sex",), "missing": ("rare",)}


@pytest.mark.parametrize(("suffix", "mark"), list(itertools.product([".csv", ".csv.gz"], [",", ";", "\t", "|"])))
def test_delimiters_are_guessed_in_plain_and_packed_files(tmp_path: Path, suffix: str, mark: str) -> None:
    text = "\n".join(["a b", *(f"{i} x" for i in range(50))]).replace(" ", mark)
    path = tmp_path / f"t{suffix}"
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    profile = profile_table(path)
    assert (profile.delimiter, [column.name for column in profile.columns]) == (mark, ["a", "b"])
    assert ("delimiter" in rules(profile)) is (mark != ",")


@pytest.mark.parametrize(
    ("first", "has_header"),
    [("a,b,c", True), ("0,x,1.5", False), ("x,2019,2020", True), ("q,0,1", True), ("x,7.25,3", False)],
)
def test_a_header_is_told_from_data(tmp_path: Path, first: str, has_header: bool) -> None:
    kinds = "text,number,number" if first[0] in "xqa" else "number,text,number"
    row = {"text,number,number": lambda i: f"{'xyq'[i % 3]},{i % 9},{i * 0.5}"}.get(
        kinds, lambda i: f"{i},{'xyq'[i % 3]},{i * 0.5}"
    )
    profile = profile_table(write(tmp_path / "t.csv", first, row))
    assert profile.header is has_header
    assert profile.rows == ROWS + (not has_header)


def test_other_encodings_repeated_names_and_open_quotes_are_findings(tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes("größe,y\n".encode("latin1") + b"".join(b"%d,\xe9\n" % i for i in range(30)))
    profile = profile_table(latin)
    assert (profile.columns[0].name, profile.columns[1].frequent) == ("größe", (("é", 30),))
    assert "encoding" in rules(profile)
    wide = tmp_path / "wide.csv"
    wide.write_bytes("a,y\n1,ü\n2,ß\n".encode("utf-16"))
    assert profile_table(wide).column("y").frequent == (("ü", 1), ("ß", 1))
    twice = write(tmp_path / "twice.csv", "a,a,a_2", lambda i: f"{i},{i % 2},{i % 3}")
    assert [column.name for column in profile_table(twice).columns] == ["a", "a_3", "a_2"]
    assert "repeated_name" in rules(profile_table(twice))
    quote = write(tmp_path / "quote.csv", "a,b", lambda i: f"{i},{chr(34) if i == 20 else ''}x")
    assert "open_quote" in rules(profile_table(quote))


@pytest.mark.parametrize("content", [b"", b"a,b\n", b"\x00\x01\x02" * 50, b"PK\x03\x04" + b"x" * 50])
def test_what_is_no_table_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(DataError):
        profile_table(path)
    with pytest.raises(DataError, match="no file"):
        profile_table(tmp_path / "none.csv")


def test_too_few_rows_and_a_target_of_one_value_are_findings(tmp_path: Path) -> None:
    profile = profile_table(write(tmp_path / "t.csv", "a,y", lambda i: f"{i},k", rows=5), ["y"])
    assert {"few_rows", "target"} <= rules(profile)
    assert profile.target is not None and profile.target.task is None
    assert profile.parts == {}


def test_a_config_names_delimiter_test_part_and_what_is_left_out(tmp_path: Path) -> None:
    values = noise()
    train = write(tmp_path / "t.csv", "a;b;y", lambda i: f"{values[i]};{values[-i]};{i % 2}")
    test = write(tmp_path / "e.csv", "a;b;y", lambda i: f"{values[i] if i < 3 else i + 9};{values[-i]};{i % 2}", rows=9)
    section = Data(source="csv", path=str(train), test=str(test), target=("y",), delimiter=",", drop=("b",))
    profile = profile_data(section, seed=1, data_dir=None, progress=lambda what, share: None)
    assert isinstance(profile, TableProfile)
    assert (profile.delimiter, profile.parts["test"]) == (";", 9)
    findings = {finding.rule: finding for finding in profile.findings}
    assert findings["delimiter"].level is Level.PROBLEM
    shared = [finding.what for finding in profile.findings if finding.where == "test set"]
    assert shared and shared[0].startswith("3 of its 9")


def test_many_columns_with_the_same_finding_become_a_few_lines(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(30))
    profile = profile_table(write(tmp_path / "t.csv", f"{names},a", lambda i: "1," * 30 + str(i % 7)))
    constant = [finding for finding in profile.findings if finding.rule == "constant"]
    assert len(constant) < 10
    assert sum(len(finding.columns) for finding in constant) == 30


def save(path: Path, seed: int, size: tuple[int, int] = (12, 12), mode: str = "L", dark: bool = True) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[3:-3, 3:-3] = np.random.default_rng(seed).integers(60, 255, (size[1] - 6, size[0] - 6, 3))
    Image.fromarray(pixels if dark else 255 - pixels).convert(mode).save(path)


def test_an_image_folder_in_a_bad_state_is_told_in_full(tmp_path: Path) -> None:
    for index in range(30):
        save(tmp_path / "cat" / f"{index}.png", index, dark=index != 4)
        save(tmp_path / "dog" / f"{index}.png", 100 + index, size=(12, 14) if index == 3 else (12, 12))
    (tmp_path / "cat" / "torn.png").write_bytes((tmp_path / "cat" / "0.png").read_bytes()[:60])
    (tmp_path / "dog" / "copy.png").write_bytes((tmp_path / "cat" / "1.png").read_bytes())
    (tmp_path / "dog" / "notes.txt").write_text("not an image")
    (tmp_path / "empty").mkdir()
    Image.new("L", (12, 12), 0).save(tmp_path / "dog" / "blank.png")
    profile = profile_images(tmp_path)
    assert (profile.rows, profile.classes) == (63, (("cat", {"train": 31}), ("dog", {"train": 32})))
    assert profile.sizes == ((12, 12, 61), (14, 12, 1))
    assert (profile.modes, profile.shape) == ((("L", 62),), (12, 12, 1))
    assert [name for name, _ in profile.corrupt] == ["cat/torn.png"]
    assert profile.repeated == 1
    by_rule = {finding.rule: finding for finding in profile.findings}
    assert set(by_rule) >= {"corrupt", "repeated", "disagree", "other_files", "empty", "blank", "sizes", "inverted"}
    assert by_rule["corrupt"].level is Level.PROBLEM and by_rule["corrupt"].where == "cat/torn.png"
    assert by_rule["inverted"].where == "cat/4.png"
    assert {tile.group for tile in profile.tiles} == {"cat", "dog"}


def test_own_parts_are_counted_and_images_in_two_of_them_told(tmp_path: Path) -> None:
    for name, count in (("train", 12), ("test", 4)):
        for index in range(count):
            save(tmp_path / name / "a" / f"{index}.png", index)
            save(tmp_path / name / "b" / f"{index}.png", 100 * len(name) + index)
    profile = profile_images(tmp_path)
    assert profile.parts == {"train": 22, "validation": 2, "test": 8}
    assert profile.classes == (("a", {"train": 12, "test": 4}), ("b", {"train": 12, "test": 4}))
    shared = [finding for finding in profile.findings if finding.rule == "shared" and finding.where == "test set"]
    assert shared and "of its 8 images" in shared[0].what


def test_only_a_sample_of_many_images_is_decoded_and_loose_ones_are_read(tmp_path: Path) -> None:
    from nncli.data.profile.images.folders import look_over_folder

    for index in range(20):
        save(tmp_path / f"{index:02d}.png", index)
    profile = look_over_folder(tmp_path, progress=lambda what, share: None, sample=5)
    assert (profile.rows, profile.sampled, profile.classes) == (20, 5, ())
    assert "classes" in rules(profile)
    with pytest.raises(DataError, match="no images"):
        (tmp_path / "none").mkdir()
        profile_images(tmp_path / "none")


@pytest.mark.parametrize(
    ("resize", "told", "edges"),
    [(None, "padded and resized", True), ("crop", "cropped and resized", False), ("stretch", "stretched", False)],
)
def test_a_folder_is_shown_as_the_config_resizes_it(tmp_path: Path, resize: str | None, told: str, edges: bool) -> None:
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for index in range(10):
            pixels = np.zeros((12, 24), np.uint8)
            pixels[3:-3, 3:-3] = 200 + index
            Image.fromarray(pixels).save(tmp_path / name / f"{index}.png")
    section = Data(source="images", path=str(tmp_path), size=16, resize=resize)
    profile = profile_data(section, seed=1, data_dir=None, progress=lambda what, share: None)
    assert isinstance(profile, ImageProfile)
    assert profile.shape == (16, 16, 1)
    [finding] = [finding for finding in profile.findings if finding.rule == "sizes"]
    assert finding.what == f"20 of 20 are not 16 × 16, the size to which all are {told}"
    assert all(tile.pixels.shape[:2] == (16, 16) for tile in profile.tiles)
    assert all((tile.pixels[4].max() < 100) == edges for tile in profile.tiles), "padding above what is drawn"


def test_bundled_data_is_looked_over_without_a_complaint_that_is_not_true() -> None:
    def look(name: str) -> TableProfile | ImageProfile:
        return profile_data(Data(source=name), seed=1, data_dir=None, progress=lambda what, share: None)

    digits = look("digits")
    assert isinstance(digits, ImageProfile)
    assert (digits.rows, digits.shape, len(digits.classes), digits.findings) == (1797, (8, 8, 1), 10, ())
    assert sum(sum(parts.values()) for _, parts in digits.classes) == 1797
    iris = look("iris")
    assert isinstance(iris, TableProfile) and iris.target is not None
    assert (iris.target.task, iris.repeated, rules(iris)) == (Task.MULTICLASS, 1, {"sorted", "repeated"})
    for name in ("wine", "breast_cancer", "diabetes"):
        assert all(finding.level is Level.NOTE for finding in look(name).findings)


def test_archives_are_tables_or_images_by_their_shape(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    labels = np.arange(60) % 3
    images = generator.integers(1, 255, (60, 6, 6), dtype=np.uint8)
    images[7] = 0
    np.savez(tmp_path / "i.npz", x=images, y=labels)
    np.savez(tmp_path / "t.npz", x=generator.normal(size=(60, 4)), y=labels)

    def look(name: str) -> TableProfile | ImageProfile:
        section = Data(source="npz", path=str(tmp_path / name))
        return profile_data(section, seed=1, data_dir=None, progress=lambda what, share: None)

    pictures, table = look("i.npz"), look("t.npz")
    assert isinstance(pictures, ImageProfile) and isinstance(table, TableProfile)
    assert "blank" in rules(pictures)
    assert [column.name for column in table.columns] == ["x0", "x1", "x2", "x3", "y"]
    assert table.target is not None and table.target.task is Task.MULTICLASS


def test_real_tables_give_the_findings_that_are_known_of_them(shared_data: Path) -> None:
    titanic = profile_table(shared_data / "csv" / "titanic.csv", ["survived"])
    assert [finding.columns for finding in titanic.findings if finding.rule == "twin"] == [("alive",)]
    assert titanic.repeated == 107
    diamonds = profile_table(shared_data / "csv" / "diamonds.csv", ["price"])
    assert (diamonds.repeated, not rules(diamonds) & {"twin", "near_twin"}) == (146, True)


def test_a_class_that_hardly_occurs_makes_no_column_a_telltale(tmp_path: Path) -> None:
    values = noise(500)
    path = write(tmp_path / "t.csv", "a,b,y", lambda i: f"{values[i]},{values[-i]},{int(i == 77)}", rows=500)
    assert rules(profile_table(path, ["y"])) == {"rare_class", "imbalance"}
    told = write(tmp_path / "u.csv", "a,b,y", lambda i: f"{i % 20},{values[-i]},{int(i % 20 == 7)}", rows=500)
    assert rules(profile_table(told, ["y"])) & {"twin", "near_twin"}


def test_markers_among_numbers_are_told_as_missing_values(tmp_path: Path) -> None:
    values = noise()
    path = write(tmp_path / "t.csv", "a,b,y", lambda i: f"{values[i] if i % 3 else '-'},{values[-i]},{i % 2}")
    (finding,) = profile_table(path, ["y"]).findings
    assert finding.rule == "mixed" and finding.columns == ("a",)
    assert "missing: [" in finding.fix and '"-"]' in finding.fix and "point" not in finding.fix


def test_cells_between_blanks_are_read_and_the_key_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", "a b y", lambda i: f"{i}.5   {i % 7}  {i % 2}")
    profile = profile_table(path)
    assert [column.name for column in profile.columns] == ["a", "b", "y"]
    assert any("separated by blanks" in each.what and "whitespace" in each.fix for each in profile.findings)
    text = write(tmp_path / "u.txt", "some text", lambda i: f"a line of {i} words")
    assert not any("blanks" in finding.what for finding in profile_table(text).findings)


def test_a_proposal_names_the_columns_of_types_that_cannot_be_read(tmp_path: Path) -> None:
    numbers = arrow.table({"size": noise(), "pair": [[1, 2]] * ROWS, "label": ["a", "b"] * (ROWS // 2)})
    pyarrow.parquet.write_table(numbers, tmp_path / "t.parquet")
    remarks = propose(tmp_path / "t.parquet", ["label"], None).remarks
    assert any(remark.startswith("pair: dropped: cells of the type list") for remark in remarks), remarks
    pyarrow.parquet.write_table(numbers.drop_columns(["size"]), tmp_path / "t.parquet")
    with pytest.raises(DataError, match="one column that can be read") as caught:
        propose(tmp_path / "t.parquet", ["label"], None)
    assert "pair: dropped: cells of the type list" in str(caught.value.hint)
