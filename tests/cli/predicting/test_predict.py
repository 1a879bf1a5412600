"""`nncli predict` on everything that people give to it, and what it leaves in files."""

import contextlib
import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import typer.testing
from PIL import Image
from sklearn.datasets import load_digits

from nncli.cli import app
from nncli.run.folder import RunFolder

ROWS = "id,size,shop,price\n7,0.5,east,€ 9\n08,99,west,\n9,x,east,1\n10,-1,moon,2\n"


def nncli(*arguments: object, stdin: bytes | None = None) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a table of sizes from 0 to 1 and two shops."""
    here = tmp_path_factory.mktemp("shops")
    generator = np.random.default_rng(2)
    sizes = generator.random(300)
    lines = [f"{size:.4f},{'east' if row % 3 else 'west'},{5 + 3 * size:.3f}" for row, size in enumerate(sizes)]
    (here / "shops.csv").write_text("\n".join(["size,shop,price", *lines]) + "\n")
    (here / "shops.yaml").write_text(
        "data: {source: csv, path: shops.csv, target: price}\nmodel: {layers: [{dense: {units: 4}}, output]}\n"
        "train: {epochs: 2, executor: graph}\n"
    )
    outcome = nncli("train", here / "shops.yaml", "--runs-dir", here / "runs", "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    outcome = nncli("train", "digits_softmax", "--epochs", 8, "--runs-dir", runs, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    return Path(json.loads(outcome.stdout)["run"])


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    return path


def test_kept_columns_stand_beside_the_answers_as_they_are_in_the_file(shops: Path, rows: Path) -> None:
    outcome = nncli("predict", rows, "--run", shops, "--keep", "--format", "csv")
    assert outcome.exit_code == 3
    answers = list(csv.DictReader(io.StringIO(outcome.stdout)))
    assert list(answers[0]) == ["input", "id", "size", "shop", "price", "prediction"]
    assert [(each["id"], each["shop"], each["price"]) for each in answers] == [
        ("7", "east", "€ 9"), ("08", "west", ""), ("10", "moon", "2"),
    ]  # fmt: skip
    assert [each["input"].rpartition(" ")[2] for each in answers] == ["1", "2", "4"]
    outcome = nncli("predict", rows, "--run", shops, "--keep", "--json")
    assert [each["row"]["id"] for each in json.loads(outcome.stdout)["predictions"]] == ["7", "08", "10"]


def test_kept_columns_of_parquet_keep_their_types_and_never_replace_an_answer(shops: Path, tmp_path: Path) -> None:
    table = pyarrow.table(
        {
            "size": [0.1, 0.2],
            "shop": ["east", "west"],
            "prediction": [1, 2],
            "day": pyarrow.array([3, 4], pyarrow.date32()),
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "rows.parquet")
    output = tmp_path / "out.parquet"
    outcome = nncli("predict", tmp_path / "rows.parquet", "--run", shops, "--keep", "--output", output)
    assert outcome.exit_code == 0, outcome.stderr
    written = pyarrow.parquet.read_table(output)
    assert written.column_names == ["input", "size", "shop", "original_prediction", "day", "prediction"]
    assert written["day"].equals(table["day"]) and written["original_prediction"].equals(table["prediction"])


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_kept_tables_of_different_columns_are_one_error_and_no_file(
    shops: Path, rows: Path, tmp_path: Path, form: str
) -> None:
    other = tmp_path / "other.csv"
    other.write_text("size,shop,colour\n0.1,east,red\n")
    output = tmp_path / f"out.{form}"
    output.write_text("old")
    outcome = nncli("predict", rows, other, "--run", shops, "--keep", "--output", output)
    assert outcome.exit_code == 2 and "the tables have different columns" in outcome.stderr
    assert output.read_text() == "old"
    assert not list(tmp_path.glob(".out*"))
    assert nncli("predict", rows, other, "--run", shops, "--output", output).exit_code == 3
    assert nncli("predict", rows, other, "--run", shops, "--keep", "--format", "jsonl").exit_code == 3


def test_keep_is_refused_where_there_is_nothing_to_keep_or_no_room(shops: Path, digits: Path, rows: Path) -> None:
    outcome = nncli("predict", rows, "--run", shops, "--keep")
    assert outcome.exit_code == 2 and "--keep: the table on the screen" in outcome.stderr
    outcome = nncli("predict", rows, "--run", digits, "--keep", "--json")
    assert outcome.exit_code == 2 and "images have no columns" in outcome.stderr


def test_values_that_training_did_not_have_are_counted_by_column(shops: Path, rows: Path) -> None:
    outcome = nncli("predict", rows, rows, "--run", shops, "--format", "csv")
    told = [line for line in outcome.stderr.splitlines() if "of 8 rows" in line]
    assert len(told) == 2
    assert told[0].startswith("warning: size: 4 of 8 rows outside the training range 0.00") and "(99, -1)" in told[0]
    assert told[1] == "warning: shop: 2 of 8 rows with a value not in the training set (moon)"


def test_a_folder_of_tables_a_pattern_and_a_list_on_stdin(shops: Path, tmp_path: Path) -> None:
    for name in ("a.csv", "b/c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("shop,size\neast,0.5\n")
    expected = [f"{tmp_path}/a.csv:row 1", f"{tmp_path}/b/c.csv:row 1"]
    listed = "\n".join(str(tmp_path / name) for name in ("a.csv", "b/c.csv")).encode()
    for word, stdin in ((tmp_path, None), (f"{tmp_path}/**/*.csv", None), ("-", listed)):
        outcome = nncli("predict", word, "--run", shops, "--json", stdin=stdin)
        assert outcome.exit_code == 0, outcome.stderr
        assert [each["input"] for each in json.loads(outcome.stdout)["predictions"]] == expected


def test_parquet_comes_through_stdin_too(shops: Path) -> None:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"size": [0.1], "shop": ["east"]}), file)
    outcome = nncli("predict", "-", "--run", shops, "--json", stdin=file.getvalue())
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["predictions"][0]["input"] == "-:row 1"


def test_arrays_of_npz_are_predicted_like_files(digits: Path, tmp_path: Path) -> None:
    data = load_digits()
    np.savez(tmp_path / "few.npz", x=data.images[:300].astype(np.uint8))
    outcome = nncli("predict", tmp_path / "few.npz", "--run", digits, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    answers = json.loads(outcome.stdout)["predictions"]
    assert [each["input"] for each in answers[:2]] == [f"{tmp_path}/few.npz:row 1", f"{tmp_path}/few.npz:row 2"]
    right = [int(each["prediction"]) == label for each, label in zip(answers, data.target[:300], strict=True)]
    assert np.mean(right) > 0.9


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"z": np.zeros(3)}, "name the inputs x"),
        ({"x": np.zeros((2, 9, 9), np.uint8)}, "the model takes (8, 8, 1)"),
        ({"x": np.zeros((2, 9))}, "but the model was trained on images"),
        ({"x": np.array(["a"])}, "expected numeric rows"),
    ],
)
def test_arrays_that_do_not_fit_are_one_line(
    digits: Path, tmp_path: Path, arrays: dict[str, np.ndarray], told: str
) -> None:
    np.savez(tmp_path / "x.npz", **arrays)
    outcome = nncli("predict", tmp_path / "x.npz", "--run", digits, "--json")
    assert outcome.exit_code == 3 and told in outcome.stderr
    assert json.loads(outcome.stdout)["predictions"] == []


def test_rows_of_npz_fit_a_run_on_a_table_of_numbers(tmp_path: Path) -> None:
    generator = np.random.default_rng(3)
    x = generator.random((200, 2))
    np.savez(tmp_path / "xy.npz", x=x, y=x @ [1, 2])
    (tmp_path / "c.yaml").write_text(
        "data: {source: npz, path: xy.npz}\nmodel: {layers: [{dense: {units: 4}}, output]}\n"
        "train: {epochs: 1, executor: graph}\n"
    )
    trained = nncli("train", tmp_path / "c.yaml", "--runs-dir", tmp_path / "runs", "--json")
    assert trained.exit_code == 0, trained.stderr
    outcome = nncli("predict", tmp_path / "xy.npz", "--run", json.loads(trained.stdout)["run"], "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert len(json.loads(outcome.stdout)["predictions"]) == 200


def test_the_same_warning_is_shown_three_times_and_then_counted(digits: Path, tmp_path: Path) -> None:
    for index in range(9):
        Image.new("L", (8, 8), 16).save(tmp_path / f"{index}.png")
    outcome = nncli("predict", tmp_path, "--run", digits, "--json")
    told = [line for line in outcome.stderr.splitlines() if "is blank" in line]
    assert len(told) == 4
    assert told[-1] == "warning: 6 more: is blank: all its pixels are the same"


def test_a_table_on_the_screen_ends_with_how_many_more_there_are(shops: Path, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("shop,size\n" + "east,0.5\n" * 100)
    outcome = nncli("predict", path, "--run", shops)
    assert outcome.exit_code == 0
    assert outcome.stdout.count("many.csv") == 60
    assert "and 40 more; all of them: --output FILE.csv" in outcome.stderr


def test_an_interrupted_output_leaves_the_old_file_and_no_temporary_one(shops: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    output.write_text("old")
    reader, writer = os.pipe()
    words = [sys.executable, "-m", "nncli", "predict", "-", str(tmp_path / "pipe"), "--run", str(shops)]
    os.mkfifo(tmp_path / "pipe")
    process = subprocess.Popen([*words, "--output", str(output)], stdin=reader, stderr=subprocess.PIPE)
    os.close(reader)
    os.write(writer, b"shop,size\neast,0.5\n")
    os.close(writer)
    with (tmp_path / "pipe").open("wb", buffering=0) as pipe:  # opens when the command has come to its second input
        assert list(tmp_path.glob(".out.csv*")), "the first answers are in a temporary file"
        process.send_signal(2)
        with contextlib.suppress(BrokenPipeError):  # it may be gone by now
            pipe.write(b"shop,size\neast,0.5\n")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130, told
    assert output.read_text() == "old" and not list(tmp_path.glob(".out.csv*"))


def test_what_comes_from_a_pipe_is_predicted_and_elsewhere_refused(shops: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"shop,size\neast,0.5\n")
    os.close(writer)
    try:
        pipe = f"/dev/fd/{reader}"  # as the shell names `<(command)`
        outcome = nncli("predict", pipe, "--run", shops, "--json")
        assert outcome.exit_code == 0, outcome.stderr
        assert [each["input"] for each in json.loads(outcome.stdout)["predictions"]] == [f"{pipe}:row 1"]
        for words in (["eval", shops, "--data", pipe], ["data", pipe], ["init", pipe, "--output", "-"]):
            refused = nncli(*words)
            assert refused.exit_code == 2 and "is a pipe or a device" in refused.stderr
    finally:
        os.close(reader)


def test_an_image_from_a_pipe_is_predicted(digits: Path, tmp_path: Path) -> None:
    Image.fromarray(load_digits().images[0].astype(np.uint8) * 15).save(tmp_path / "0.png")
    reader, writer = os.pipe()
    os.write(writer, (tmp_path / "0.png").read_bytes())
    os.close(writer)
    try:
        outcome = nncli("predict", f"/dev/fd/{reader}", "--run", digits, "--json")
    finally:
        os.close(reader)
    assert [each["prediction"] for each in json.loads(outcome.stdout)["predictions"]] == ["0"], outcome.stderr


def test_images_unlike_the_training_images_are_marked_in_every_format(digits: Path, tmp_path: Path) -> None:
    image = load_digits().images[0].astype(np.uint8) * 15
    Image.fromarray(image).save(tmp_path / "like.png")
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (8, 8), dtype=np.uint8)).save(tmp_path / "noise.png")
    outcome = nncli("predict", tmp_path, "--run", digits, "--json")
    like, noise = (each["unlike_training"] for each in json.loads(outcome.stdout)["predictions"])
    assert like < 1 < noise
    assert "1 of 2 images is unlike the training images" in outcome.stderr
    outcome = nncli("predict", tmp_path, "--run", digits, "--format", "csv")
    assert [row["unlike_training"] for row in csv.DictReader(io.StringIO(outcome.stdout))] == [
        f"{like:g}",
        f"{noise:g}",
    ]
    assert f"(unlike training {noise:g})" in nncli("predict", tmp_path, "--run", digits).stdout


def test_eval_tells_how_many_rows_are_marked_falsely(digits: Path, shops: Path, rows: Path) -> None:
    outcome = nncli("eval", digits, "--json")
    marked = json.loads(outcome.stdout)["unlike_training"]
    assert marked["rows"] < 15 and marked["share"] == pytest.approx(marked["rows"] / 359)
    assert "false alarms on a test set" in nncli("eval", digits).stdout
    rows.write_text("size,shop,price\n0.5,east,6\n7,east,6\n")
    outcome = nncli("eval", shops, "--data", rows, "--json")
    assert json.loads(outcome.stdout)["unlike_training"] == {"rows": 1, "share": 0.5}


def test_a_damaged_measure_of_novelty_is_one_error(digits: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(digits, copy)
    (copy / "novelty.npz").write_bytes(b"x")
    Image.new("L", (8, 8)).save(tmp_path / "x.png")
    outcome = nncli("predict", tmp_path / "x.png", "--run", copy)
    assert outcome.exit_code == 2 and "novelty.npz is damaged" in outcome.stderr
    RunFolder(copy).replace_model({}, without=["novelty.npz"])  # as in a run of an earlier version
    outcome = nncli("predict", tmp_path / "x.png", "--run", copy, "--json")
    assert outcome.exit_code == 0 and "unlike_training" not in outcome.stdout


def test_an_empty_word_is_no_folder(digits: Path) -> None:
    outcome = nncli("predict", "", "--run", digits)
    assert outcome.exit_code == 2 and "got an empty INPUT" in outcome.stderr


def test_a_folder_linked_into_itself_gives_each_file_once(digits: Path, tmp_path: Path) -> None:
    Image.new("L", (8, 8), 9).save(tmp_path / "x.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    outcome = nncli("predict", f"{tmp_path}/**/*.png", "--run", digits, "--json")
    assert [each["input"] for each in json.loads(outcome.stdout)["predictions"]] == [str(tmp_path / "x.png")]


def test_dark_arrays_are_in_the_range_of_the_training_images(digits: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "dark.npz", x=np.zeros((2, 8, 8), np.uint8))
    outcome = nncli("predict", tmp_path / "dark.npz", "--run", digits, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert all(each["unlike_training"] > 1 for each in json.loads(outcome.stdout)["predictions"])


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_narrow_terminal_shows_whole_words(
    digits: Path, tmp_path: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a/very/long/way/to/one.png", "two\nlines.png"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 9).save(name)
    words = ["predict", ".", "--run", str(digits)]
    outcome = typer.testing.CliRunner().invoke(app, words, env={"COLUMNS": str(width)})
    header, *rows = outcome.stdout.splitlines()
    assert header.split() == ["input", "prediction", "probability", *(["next"] if width >= 72 else [])]
    assert any("one.png " in row for row in rows) and any(".png " in row and "lines" in row for row in rows)
    assert max(map(len, (header, *rows))) <= width


def test_a_sheet_of_another_kind_is_refused_before_anything_is_predicted(digits: Path, tmp_path: Path) -> None:
    Image.new("L", (8, 8), 9).save(tmp_path / "x.png")
    outcome = nncli("predict", tmp_path / "x.png", "--run", digits, "--show", tmp_path / "s.jpg")
    assert outcome.exit_code == 2 and "name it" in outcome.stderr and not outcome.stdout
