"""Images whose labels stand in a table or in their names: as data sets, for evaluation, in `init` and `data`."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from nncli import data
from nncli.cli.commands import app
from nncli.config.facts import Task
from nncli.config.reading.loading import load_config
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.data.images.labels.finding import find_labels
from nncli.data.inputs.reading import load_labelled
from nncli.data.profile.profiling import profile_data
from nncli.data.profile.values import ImageProfile
from nncli.errors import DataError

KINDS = ("cat", "dog", "owl")
EACH = 12


def save(file: Path, shade: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), shade).save(file)


def make_images(folder: Path, template: str = "{i:03}.png", count: int = EACH * 3) -> list[tuple[str, str]]:
    """Images whose grey says which one it is; their names and classes."""
    made = []
    for index in range(count):
        kind = KINDS[index % 3]
        name = template.format(i=index, k=kind, n=index // 3)
        save(folder / name, index)
        made.append((name, kind))
    return made


def write_table(path: Path, rows: Sequence[Sequence[object]], header: str = "file,kind") -> Path:
    lines = [header] if header else []
    path.write_text("\n".join([*lines, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def load(folder: Path, labels: object, **options: Any) -> Dataset:
    section = Data(source="images", path=str(folder), labels=str(labels), **options)
    return data.load(section, seed=1, data_dir=None, progress=lambda said, done: None)


def shown(dataset: Dataset) -> dict[int, Any]:
    """The target of each image by its grey."""
    found = {}
    for part in (dataset.train, dataset.validation, dataset.test):
        for pixels, target, file in zip(part.inputs["image"], part.targets, part.files, strict=True):
            assert (pixels == pixels[0, 0, 0]).all() and file
            found[int(pixels[0, 0, 0])] = target
    return found


@pytest.mark.parametrize(
    "call",
    [
        lambda name: name,
        lambda name: name.removesuffix(".png"),
        lambda name: f"photos/{name}",
        lambda name: f".\\photos\\{name}",
        lambda name: str(int(name.removesuffix(".png"))),
        lambda name: name.upper(),
    ],
    ids=["name", "without ending", "path from the table", "as Windows writes it", "number", "capitals"],
)
def test_a_table_names_its_images_in_any_usual_way(tmp_path: Path, call: Any) -> None:
    made = make_images(tmp_path / "photos")
    table = write_table(tmp_path / "labels.csv", [(call(name), kind) for name, kind in made])
    dataset = load(tmp_path / "photos", table)
    assert dataset.facts.target.classes == KINDS and dataset.facts.target.columns == ("kind",)
    assert {shade: KINDS[target] for shade, target in shown(dataset).items()} == {
        index: kind for index, (_, kind) in enumerate(made)
    }
    assert dataset.test.files[0] == f"{dataset.test.rows[0]:03}.png"


def test_columns_are_found_by_content_and_can_be_named(tmp_path: Path) -> None:
    made = make_images(tmp_path)
    rows = [(index % 4, kind, name, f"{name}.bak") for index, (name, kind) in enumerate(made)]
    table = write_table(tmp_path / "labels.csv", rows, "fold,species,image,copy")
    assert load(tmp_path, table).facts.target.columns == ("species",)
    assert load(tmp_path, table, target=("fold",)).facts.target.columns == ("fold",)
    assert load(tmp_path, table, file_column="image").facts.target.columns == ("species",)
    with pytest.raises(DataError, match="no column names the images") as caught:
        load(tmp_path, table, file_column="species")
    assert "file_column: NAME" in (caught.value.hint or "")
    with pytest.raises(DataError, match=r'data.file_column: .* no column "imag" \(did you mean "image"\?\)'):
        load(tmp_path, table, file_column="imag")
    with pytest.raises(DataError, match='names "image", the column of the files'):
        load(tmp_path, table, target=("image",))


def test_a_table_without_header_or_with_semicolons_is_read(tmp_path: Path) -> None:
    made = make_images(tmp_path)
    bare = write_table(tmp_path / "bare.csv", made, "")
    marks = tmp_path / "marks.csv"
    marks.write_text("file;kind\n" + "".join(f"{name};{kind}\n" for name, kind in made))
    for table in (bare, marks):
        assert load(tmp_path, table).facts.target.classes == KINDS


def test_what_has_no_partner_is_left_out_and_told(tmp_path: Path) -> None:
    made = make_images(tmp_path)
    rows: list[Sequence[object]] = [*made[2:], ("gone.png", "cat"), made[5]]
    rows[0] = (made[2][0], "")
    dataset = load(tmp_path, write_table(tmp_path / "labels.csv", rows))
    notes = " / ".join(dataset.notes)
    assert sum(dataset.facts.rows.values()) == len(made) - 3
    assert '1 row of labels.csv dropped, no such image: row 35 "gone.png"' in notes
    assert "2 images without a row in labels.csv dropped: 000.png, 001.png" in notes or "3 images without" in notes
    assert "kind: 1 image without a label dropped" in notes
    assert "1 row of labels.csv dropped, the image has an earlier row" in notes


def test_contradictions_and_ambiguous_names_are_refused_with_rows(tmp_path: Path) -> None:
    made = make_images(tmp_path / "a")
    table = write_table(tmp_path / "labels.csv", [*made, (made[0][0], "dog")])
    with pytest.raises(DataError, match=r"000\.png has two labels: cat in row 1, dog in row 37"):
        load(tmp_path / "a", table)
    save(tmp_path / "b" / made[4][0], 99)
    with pytest.raises(DataError, match=r'"004\.png" in row 5 names 2 images'):
        load(tmp_path, write_table(table, made))
    dataset = load(tmp_path, write_table(table, [(f"a/{name}", kind) for name, kind in made]))
    assert sum(dataset.facts.rows.values()) == len(made)


def test_other_tasks_come_from_the_columns(tmp_path: Path) -> None:
    made = make_images(tmp_path)
    rows = [(name, index * 1.5, index % 2, int(index % 3 == 0)) for index, (name, _) in enumerate(made)]
    table = write_table(tmp_path / "t.csv", rows, "file,age,male,glasses")
    age = load(tmp_path, table, target=("age",))
    assert age.facts.target.task is Task.REGRESSION
    assert all(target[0] == shade * 1.5 for shade, target in shown(age).items())
    several = load(tmp_path, table, target=("male", "glasses"))
    assert several.facts.target.task is Task.MULTILABEL
    assert all(list(target) == [shade % 2, shade % 3 == 0] for shade, target in shown(several).items())
    with pytest.raises(DataError, match="say which column to predict; beside the file column file it has age, male"):
        load(tmp_path, table)
    with pytest.raises(DataError, match="nothing to learn"):
        load(tmp_path, write_table(table, [(name, "cat") for name, _ in made]))


def test_names_hold_classes_and_folders_hold_parts(tmp_path: Path) -> None:
    made = make_images(tmp_path / "train", "{k}.{n}.png")
    save(tmp_path / "train" / "readme.png", 200)
    for index, kind in enumerate(KINDS):
        save(tmp_path / "test" / f"{kind}.{100 + index}.png", 240 + index)
    dataset = load(tmp_path, "{class}.{number}.*")
    assert dataset.facts.target.classes == KINDS and dataset.facts.name_pattern == "{class}.{number}.*"
    assert sorted(dataset.test.files) == [f"test/{kind}.{100 + index}.png" for index, kind in enumerate(KINDS)]
    assert len(dataset.train) + len(dataset.validation) == len(made)
    assert any("1 image not named like '{class}.{number}.*' dropped: readme.png" in note for note in dataset.notes)
    with pytest.raises(DataError, match="no image is named like 'x_"):
        load(tmp_path, "x_{class}_*")
    with pytest.raises(DataError, match=r"data\.target: the classes are in the file names"):
        load(tmp_path, "{class}.*", target=("kind",))


def test_a_second_table_is_the_test_set(tmp_path: Path) -> None:
    made = make_images(tmp_path / "photos")
    table = write_table(tmp_path / "labels.csv", made[:30])
    test = write_table(tmp_path / "test.csv", [*made[30:], made[0]])
    dataset = load(tmp_path / "photos", table, test=str(test))
    assert len(dataset.test) == 7 and len(dataset.train) + len(dataset.validation) == 29
    assert not any("without a row" in note for note in dataset.notes)
    assert "000.png" in dataset.test.files
    other = tmp_path / "held"
    for index, kind in enumerate(KINDS):
        save(other / f"{index}.png", 100 + index)
        made.append((f"{index}.png", kind))
    everything = write_table(tmp_path / "all.csv", made)
    assert len(load(tmp_path / "photos", everything, test=str(other)).test) == 3


def test_duplicates_are_dropped_as_in_folders(tmp_path: Path) -> None:
    made = make_images(tmp_path)
    save(tmp_path / "again.png", 0)
    table = write_table(tmp_path / "labels.csv", [*made, ("again.png", "cat")])
    assert sum(load(tmp_path, table).facts.rows.values()) == 37
    assert sum(load(tmp_path, table, duplicates="drop").facts.rows.values()) == 36


def test_labelled_images_of_every_kind_evaluate_a_model(tmp_path: Path) -> None:
    made = make_images(tmp_path / "photos")
    table = write_table(tmp_path / "labels.csv", made)
    facts = load(tmp_path / "photos", table).facts
    by_name = load(tmp_path / "named", "{class}_*").facts if make_images(tmp_path / "named", "{k}_{n}.png") else facts
    for index, (_, kind) in enumerate(made[:6]):
        save(tmp_path / "folders" / kind / f"{index}.png", index)
    for path, known, count in (
        (table, facts, 36),
        (tmp_path, facts, 36),
        (tmp_path / "folders", facts, 6),
        (tmp_path / "named", by_name, 36),
        (table, by_name, 36),
        (tmp_path / "folders", by_name, 6),
    ):
        part = load_labelled(str(path), known)
        assert len(part) == count
        assert list(part.targets) == [shade % 3 for shade in part.inputs["image"][:, 0, 0, 0]]
    with pytest.raises(DataError, match="classes that the training data does not have: fox"):
        load_labelled(str(write_table(table, [(made[0][0], "fox")])), facts)
    with pytest.raises(DataError, match="no folders with images"):
        load_labelled(str(tmp_path / "named"), facts)


def test_other_sources_have_no_labels_and_other_files_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.labels: expected source images, got"):
        data.load(Data(source="digits", labels="x.csv"), seed=1, data_dir=None, progress=lambda said, done: None)
    make_images(tmp_path / "photos")
    with pytest.raises(DataError, match="there is no file"):
        load(tmp_path / "photos", tmp_path / "labels.csv")
    with pytest.raises(DataError, match="has images of only one class") as caught:
        section = Data(source="images", path=str(tmp_path))
        data.load(section, seed=1, data_dir=None, progress=lambda said, done: None)
    assert "labels: '{class}_*'" in (caught.value.hint or "")


def test_where_the_labels_are_is_found(tmp_path: Path) -> None:
    made = make_images(tmp_path / "a" / "photos")
    table = write_table(tmp_path / "a" / "labels.csv", made)
    write_table(tmp_path / "a" / "other.csv", [(1, 2)])
    for folder in (tmp_path / "a", tmp_path / "a" / "photos"):
        found = find_labels(folder)
        assert found is not None
        assert (found.labels, found.file_column, found.targets) == (str(table.resolve()), "file", ("kind",))
    make_images(tmp_path / "b" / "photos", "{k}_{n}.png")
    found = find_labels(tmp_path / "b")
    assert found is not None and found.labels == "{class}_{number}.*"
    for index, (_, kind) in enumerate(made):
        save(tmp_path / "c" / kind / f"cat_{index}.png", 1)
    assert find_labels(tmp_path / "c") is None, "the folders are the classes"
    make_images(tmp_path / "d" / "x", "{i}.png")
    assert find_labels(tmp_path / "d") is None


def test_a_profile_counts_the_classes_and_says_what_is_left_out(tmp_path: Path) -> None:
    made = make_images(tmp_path)
    table = write_table(tmp_path / "labels.csv", made[1:])
    section = Data(source="images", path=str(tmp_path), labels=str(table))

    def look(section: Data) -> ImageProfile:
        profile = profile_data(section, seed=1, data_dir=None, progress=lambda said, done: None)
        assert isinstance(profile, ImageProfile)
        return profile

    profile = look(section)
    assert [(name, counts["train"]) for name, counts in profile.classes] == [("cat", 11), ("dog", 12), ("owl", 12)]
    told = [finding.what for finding in profile.findings if finding.rule == "labels"]
    assert told[0].startswith("1 image without a row in labels.csv") and "column kind" in told[1]
    assert {tile.group for tile in profile.tiles} == set(KINDS)
    write_table(table, [(name, index) for index, (name, _) in enumerate(made)])
    assert look(section).names == "target"
    write_table(table, [(name, "cat") for name, _ in made])
    assert any(finding.rule == "classes" and finding.level == "problem" for finding in look(section).findings)


def nncli(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_init_data_train_and_eval_work_from_a_table_and_from_names(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    made = make_images(tmp_path / "photos")
    write_table(
        tmp_path / "photos" / "labels.csv",
        [(name, kind, index) for index, (name, kind) in enumerate(made)],
        "id,kind,age",
    )
    refused = nncli("init", "photos")
    assert refused.exit_code == 0 or "--target kind" in refused.stderr
    assert nncli("init", "photos", "--target", "kind", "--force").exit_code == 0
    config = load_config("photos.yaml").config
    assert (config.data.file_column, config.data.target) == ("id", ("kind",))
    assert nncli("init", "photos", "--target", "age", "--output", "age.yaml").exit_code == 0
    assert load_config("age.yaml").config.data.task is Task.REGRESSION
    wrong = nncli("init", "photos", "--target", "size", "--output", "size.yaml")
    assert wrong.exit_code == 2 and "no table in photos names its images and has the column size" in wrong.stderr
    looked = nncli("data", "photos", "--target", "kind", "--json")
    assert json.loads(looked.stdout)["classes"][0] == ["cat", {"train": 12}]
    assert nncli("check", "photos.yaml").exit_code == 0
    trained = nncli("train", "photos.yaml", "--set", "model.layers=[flatten, output]", "--epochs", 2)
    assert trained.exit_code == 0, trained.output
    result = json.loads(nncli("eval", "--json").stdout)
    assert result["worst"][0]["file"].endswith(".png")
    other = json.loads(nncli("eval", "--data", "photos/labels.csv", "--json").stdout)
    assert other["rows"] == 36 and other["seen"]["training"] > 20

    make_images(tmp_path / "named", "{n}_{k}.png")
    assert nncli("init", "named").exit_code == 0
    assert load_config("named.yaml").config.data.labels == "{number}_{class}.*"
    assert "check that it is right" in Path("named.yaml").read_text()
    trained = nncli("train", "named.yaml", "--set", "model.layers=[flatten, output]", "--epochs", 2)
    assert trained.exit_code == 0, trained.output
    assert json.loads(nncli("eval", "--data", "named", "--json").stdout)["rows"] == 36


def test_pixels_reach_the_network_in_the_order_of_the_table(tmp_path: Path) -> None:
    made = make_images(tmp_path)
    table = write_table(tmp_path / "labels.csv", made[::-1])
    dataset = load(tmp_path, table)
    for part in (dataset.train, dataset.validation, dataset.test):
        np.testing.assert_array_equal(part.inputs["image"][:, 0, 0, 0], 35 - part.rows)


def test_init_names_the_folder_where_a_table_has_nothing_but_labels(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path / "labels.csv", make_images(tmp_path / "photos"))
    refused = nncli("init", "labels.csv", "--target", "kind")
    assert refused.exit_code == 2 and "fix: name the folder: nncli init . --target kind" in refused.stderr
    assert nncli("init", ".", "--target", "kind", "--output", "net.yaml").exit_code == 0


def test_a_number_has_no_dropout_before_the_output(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for index in range(EACH):
        Image.new("L", (20, 20), index * 9).save(tmp_path / f"{index}.png")
    write_table(tmp_path / "ages.csv", [(index, index * 1.5) for index in range(EACH)], "image,age")
    written = nncli("init", ".", "--output", "net.yaml")
    assert written.exit_code == 0 and "warning" not in written.stderr
    assert "- dropout" not in Path("net.yaml").read_text()


def test_a_training_folder_beside_unlabelled_images_is_no_class(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    make_images(tmp_path / "pets" / "train", "{k}.{n}.png")
    make_images(tmp_path / "pets" / "test1", "{i}.png")
    assert nncli("init", "pets").exit_code == 0
    config = load_config("pets.yaml").config
    assert config.data.labels == "{class}.{number}.*"
    assert "36 images not named like" in Path("pets.yaml").read_text()
    make_images(tmp_path / "bare" / "train", "{i}.png")
    make_images(tmp_path / "bare" / "test", "{i}.png")
    for command in ("init", "data"):
        refused = nncli(command, "bare")
        assert refused.exit_code == 2 and "has the folders test, train, which are not classes" in refused.stderr
