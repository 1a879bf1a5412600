"""`nncli init`: what it writes for tables and images of many kinds, that it trains, and what it refuses."""

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import typer.testing
from PIL import Image

from nncli import data, pipeline
from nncli.cli import app
from nncli.config.describing.writing import Entry, Item, format_text, one_line, write_config
from nncli.config.facts import Task
from nncli.config.layers import Layer
from nncli.config.reading.document import parse_document
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import shipped_folder, shipped_names
from nncli.config.rules import resolve
from nncli.console import Console
from nncli.data.profile.proposal.missing_markers import find_markers
from nncli.data.profile.tables.reading import open_table
from nncli.errors import DataError, UsageError
from nncli.pipeline.drafting.sizing import VERY_FEW, size_images, size_table
from nncli.pipeline.drafting.target_option import split_targets

ROWS = 60


def silent() -> Console:
    return Console(stdout=io.StringIO(), stderr=io.StringIO())


def write(path: Path, header: str, row: Callable[[int], str], rows: int = ROWS) -> Path:
    lines = [header] if header else []
    path.write_text("\n".join([*lines, *(row(index) for index in range(rows))]) + "\n")
    return path


def weight(index: int) -> str:
    return f"{index * 7 % 31}.{index % 10}"


def init(source: Path, *targets: str, task: str | None = None, output: Path | None = None) -> Any:
    """What `init` writes, read back, with the data and rules of `nncli check` applied; the text comes with it."""
    request = pipeline.InitRequest(
        str(source), targets=targets, task=task, output=str(output or source.parent / "written.yaml"), force=True
    )
    written = pipeline.init(request, console=silent())
    loaded = load_config(str(written.path))
    dataset = data.load(loaded.config.data, seed=1, data_dir=None, progress=lambda what, share: None)
    config, _ = resolve(loaded, dataset.facts)
    return config, written.text, dataset.facts


def names_learned(facts: Any) -> list[str]:
    return [column.name for column in (*facts.inputs.numbers, *facts.inputs.categories)]


def comment_behind(text: str, value: str) -> str:
    """The comment behind a value, or the lines above it."""
    match = re.search(rf"((?:^ *#.*\n)*)^ *{re.escape(value)}(?: *# (.*))?$", text, re.MULTILINE)
    assert match, f"{value} is not in the text"
    return match[2] or match[1]


def test_a_table_becomes_a_config_that_says_how_to_train_it(tmp_path: Path) -> None:
    source = write(tmp_path / "fruit.csv", "weight,colour,kind", lambda i: f"{weight(i)},red,{'ab'[i % 2]}")
    config, text, facts = init(source, "kind", output=tmp_path / "fruit.yaml")
    assert text.startswith(f"# nncli train {tmp_path / 'fruit.yaml'}\n")
    assert "\n  path: fruit.csv\n" in text
    assert config.data.task is Task.BINARY and config.data.target == ("kind",)
    assert config.model.layers[-1].units == 1 and config.loss.name == "binary_crossentropy"
    assert 'target "kind" has 2 values' in comment_behind(text, "task: binary")
    assert 'the probability of "b"' in text
    assert facts.rows["train"] + facts.rows["validation"] + facts.rows["test"] == ROWS


@pytest.mark.parametrize(
    ("rows", "targets", "task", "output", "loss"),
    [
        (lambda i: f"{weight(i)},{'xyz'[i % 3]}", ["b"], "multiclass", "softmax", "sparse_categorical_crossentropy"),
        (lambda i: f"{weight(i)},{(i - 9) * 1.7:.2f}", ["b"], "regression", "linear", "mean_squared_error"),
        (lambda i: f"{weight(i)},{i * 1.7:.2f}", ["b"], "positive_regression", "relu", "mean_squared_error"),
    ],
)
def test_output_and_loss_fit_the_task(
    tmp_path: Path, rows: Callable[[int], str], targets: Sequence[str], task: str, output: str, loss: str
) -> None:
    source = write(tmp_path / "t.csv", "a,b", rows)
    config, _, _ = init(source, *targets, task=task if task == "positive_regression" else None)
    assert (config.data.task, config.model.layers[-1].activation, config.loss.name) == (task, output, loss)
    assert any(layer.kind == "dropout" for layer in config.model.layers) == (task == "multiclass")


def test_several_targets_are_named_with_commas_or_one_by_one(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", 'a,one,"two, too",three', lambda i: f"{weight(i)},{i % 2},{i // 3 % 2},{i % 3}")
    one_by_one, _, _ = init(source, "one", '"two, too"')
    by_comma, text, _ = init(source, 'one,"two, too"')
    assert one_by_one.data.target == by_comma.data.target == ("one", "two, too")
    assert by_comma.data.task is Task.MULTILABEL and by_comma.model.layers[-1].units == 2
    assert 'target: [one, "two, too"]' in text


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, mark: str) -> None:
    source = write(tmp_path / "t.csv", f"a{mark}b{mark}c", lambda i: f"{weight(i)}{mark}{i % 5}{mark}{'xy'[i % 2]}")
    config, _, facts = init(source, "c")
    assert config.data.delimiter == mark
    assert names_learned(facts) == ["a", "b"]


def test_a_file_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "", lambda i: f"{weight(i)},{i % 5},{'xy'[i % 2]}")
    config, text, facts = init(source, "c2")
    assert config.data.header is False and "columns are called c0" in text
    assert sum(facts.rows.values()) == ROWS


def test_blanks_after_commas_are_no_part_of_names_and_values(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a, b, c", lambda i: f'{weight(i)}, {i % 5}, "{"xy"[i % 2]}"')
    _, _, facts = init(source, "c")
    assert facts.target.classes == ("x", "y") and len(facts.inputs.numbers) == 2


def test_gzip_and_parquet_are_read(tmp_path: Path) -> None:
    packed = tmp_path / "t.tsv.gz"
    text = "a\tb\n" + "".join(f"{weight(i)}\t{'xy'[i % 2]}\n" for i in range(ROWS))
    packed.write_bytes(gzip.compress(text.encode()))
    assert init(packed, "b")[0].data.delimiter == "\t"
    columns = {"a": [weight(i) for i in range(ROWS)], "b": list(range(ROWS))}
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    config, _, facts = init(tmp_path / "t.parquet", "b")
    assert config.data.source == "parquet" and facts.inputs.numbers[0].name == "a"


def test_columns_that_teach_nothing_are_dropped_with_the_reason(tmp_path: Path) -> None:
    source = write(
        tmp_path / "t.csv",
        "customer_id,same,day,words,answer,size,y",
        lambda i: f"{9000 - i},7,2024-01-{i % 28 + 1:02d},word {i} of many,{'ny'[i % 2]},{weight(i)},{i % 2}",
    )
    config, text, facts = init(source, "y")
    assert set(config.data.drop) == {"customer_id", "same", "words", "answer"}
    assert names_learned(facts) == ["size", "day.month.sin", "day.month.cos", "day.weekday.sin", "day.weekday.cos"]
    for name, reason in [("same", "7 in every row"), ("words", "different texts"), ("answer", "y")]:
        assert reason in comment_behind(text, f"- {name}")
    assert "tell rows apart" in comment_behind(text, "- customer_id")


def test_a_twin_of_the_target_stays_when_nothing_else_is_there(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "answer,y", lambda i: f"{'ny'[i % 2]},{i % 2}")
    config, _, facts = init(source, "y")
    assert config.data.drop == () and names_learned(facts) == ["answer"]


def test_a_column_that_is_only_near_the_target_stays_and_is_remarked_on(tmp_path: Path) -> None:
    source = write(
        tmp_path / "t.csv", "dollars,size,euros", lambda i: f"{i * 3.1:.2f},{weight(i)},{i * 2.9 + i % 2:.1f}"
    )
    config, text, _ = init(source, "euros")
    assert config.data.drop == ()
    assert "dollars" in text.partition("look at:")[2] and "drop: [dollars]" in text


def test_markers_among_numbers_become_missing_values(tmp_path: Path) -> None:
    def row(i: int) -> str:
        number = "unknown" if i % 4 == 0 else weight(i)
        return f'"{number}",{"-" if i % 9 == 0 else i % 7},{"xy"[i % 2]}'

    config, text, facts = init(write(tmp_path / "t.csv", "a,b,y", row), "y")
    assert {"unknown", "-", "NA"} <= set(config.data.missing)
    assert [(column.name, column.has_missing) for column in facts.inputs.numbers] == [("a", True), ("b", True)]
    assert "unknown in a" in text and "15 missing" in text


def test_spellings_in_dropped_columns_are_not_written(tmp_path: Path) -> None:
    def row(index: int) -> str:
        answer, note = ("Yes", "no", "yes")[index % 3], ("Fir", "fir", "oak")[index % 3]
        return f"{answer},{note} {index},{weight(index)},{index % 2}"

    config, _, _ = init(write(tmp_path / "t.csv", "answer,note,x,y", row), "y")
    assert config.data.values == {"Yes": ("yes",)} and "note" in config.data.drop


def test_a_class_is_no_marker(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a,y", lambda i: f"{'-' if i % 9 == 0 else i % 7},{'+-'[i % 2]}")
    found = find_markers(open_table(source, ("",)).table, ["y"])
    assert found == {}
    config, _, facts = init(source, "y")
    assert facts.target.classes == ("-", "+")
    assert "-" not in config.data.missing


def test_numbers_with_a_comma_between_thousands_are_read_and_the_key_is_written(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "price,size,y", lambda i: f'"{1 + i % 9},{i % 9:03d}",{weight(i)},{"xy"[i % 2]}')
    config, text, facts = init(source, "y")
    assert config.data.thousands == "," and names_learned(facts) == ["price", "size"]
    assert "three digits" in comment_behind(text, 'thousands: ","')
    assert facts.inputs.numbers[0].mean > 1000


def test_a_target_with_decimal_commas_is_read_and_the_key_is_written(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "size;price", lambda i: f"{weight(i)};{i},{i:02d}".replace(".", ","))
    config, text, facts = init(source, "price")
    assert (config.data.decimal, config.data.delimiter) == (",", ";") and facts.target.task.is_regression
    assert "decimal mark" in comment_behind(text, 'decimal: ","')


def test_names_that_yaml_would_misread_survive(tmp_path: Path) -> None:
    header = '"no","1e-3","a: b # c",1,"say ""hi""",null'
    source = write(tmp_path / "my data.csv", header, lambda i: f"{weight(i)},{i % 5},7,{i % 4},7,{'xy'[i % 2]}")
    config, _, facts = init(source, "null", output=tmp_path / "my data.yaml")
    assert config.data.drop == ("a: b # c", 'say "hi"')
    assert names_learned(facts) == ["no", "1e-3", "1"]
    assert config.name == "run_my_data"


def test_rare_classes_get_a_suggestion_that_can_be_uncommented(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a,y", lambda i: f"{weight(i)},{int(i % 20 == 0)}", rows=400)
    _, text, _ = init(source, "y")
    (line,) = [line for line in text.splitlines() if "class_weight: balanced" in line]
    document = parse_document(text.replace(line, line.replace("# ", "")), "t.yaml")
    assert document.values["train"]["class_weight"] == "balanced"


def test_an_image_folder_becomes_a_convolutional_network(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for index in range(24):
        folder = tmp_path / "shapes" / ("dark", "light")[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 100, (20, 20)) + 100 * (index % 2)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{index}.png")
    config, text, facts = init(tmp_path / "shapes", output=tmp_path / "shapes.yaml")
    assert facts.inputs.shape == (20, 20, 1) and config.data.source == "images"
    kinds = [layer.kind for layer in config.model.layers]
    assert kinds[:4] == ["random_translation", "random_rotation", "random_zoom", "conv2d"]
    assert "not mirrored: grey images may be digits or text" in text
    assert "batch_normalization" in kinds and config.model.layers[-1].units == 1
    assert "path: shapes" in text


def test_where_brightness_tells_nothing_each_image_is_normalized_and_large_ones_become_small(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for index in range(24):
        folder = tmp_path / "stripes" / ("across", "along")[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        pixels = np.full((90, 120, 3), generator.integers(0, 200, 3), np.uint8)
        pixels[(slice(30, 60), slice(None)) if index % 2 else (slice(None), slice(40, 80))] += 50
        Image.fromarray(pixels).save(folder / f"{index}.jpg")
    config, text, facts = init(tmp_path / "stripes", output=tmp_path / "stripes.yaml")
    kinds = [layer.kind for layer in config.model.layers]
    assert kinds[:5] == [
        "random_flip", "random_translation", "random_rotation", "random_zoom", "group_normalization"
    ]  # fmt: skip
    assert "batch_normalization" not in kinds and "remove it if left and right matter" in text
    assert facts.inputs.shape == (36, 48, 3) and "size: [36, 48]" in text
    assert config.train.early_stopping is None and config.train.keep == "last", "2 images cannot choose an epoch"
    assert config.train.batch_size == 4 and config.optimizer.learning_rate.schedule == "cosine"
    assert "images to learn from and 5 to test on are very few" in text


def test_what_is_written_trains(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a,b,y", lambda i: f"{weight(i)},{'pq'[i % 2]},{i % 5 * 1.5}")
    init(source, "y", task="regression", output=tmp_path / "t.yaml")
    run = pipeline.train(
        str(tmp_path / "t.yaml"),
        folders=pipeline.Folders(tmp_path / "runs"),
        console=silent(),
        options=[(("train", "epochs"), 1, "--epochs 1")],
    )
    assert run.summary["epochs"] == 1 and run.summary["test"]["rows"] == 12


def nncli(*words: object) -> Any:
    return typer.testing.CliRunner().invoke(app, [str(word) for word in words])


def test_without_a_target_the_likely_ones_are_named(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "label,a,last", lambda i: f"{'xy'[i % 2]},{weight(i)},{i}")
    result = nncli("init", source, "--output", tmp_path / "t.yaml")
    assert result.exit_code == 2 and not (tmp_path / "t.yaml").exists()
    assert "--target label, --target last" in result.stderr


def test_a_file_is_only_replaced_by_force(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a,y", lambda i: f"{weight(i)},{i % 2}")
    output = tmp_path / "mine.yaml"
    output.write_text("mine\n")
    assert nncli("init", source, "--target", "y", "--output", output).exit_code == 2
    assert output.read_text() == "mine\n"
    assert nncli("init", source, "--target", "y", "--output", output, "--force").exit_code == 0
    assert output.read_text().startswith("# nncli train")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_stdout_gets_the_text_and_json_the_findings(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a,same,y", lambda i: f"{weight(i)},1,{i % 2}")
    plain = nncli("init", source, "--target", "y", "--output", "-")
    assert plain.exit_code == 0 and parse_document(plain.stdout, "-").values["data"]["drop"] == ["same"]
    answer = json.loads(nncli("init", source, "--target", "y", "--output", "-", "--json").stdout)
    assert answer["config"] == plain.stdout and answer["path"] is None
    assert answer["task"] == "binary" and list(answer["dropped"]) == ["same"] and answer["learned"] == {"a": "number"}


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_config_is_copied_with_its_comments(tmp_path: Path, name: str) -> None:
    output = tmp_path / "copy.yaml"
    assert nncli("init", "--from", name, "--output", output).exit_code == 0
    original = (shipped_folder() / f"{name}.yaml").read_text(encoding="utf-8")
    copied = output.read_text()
    changed = [pair for pair in zip(original.splitlines(), copied.splitlines(), strict=True) if pair[0] != pair[1]]
    assert changed[0] == (f"# nncli train {name}", f"# nncli train {output}")
    for before, after in changed[1:]:  # the schema lies beside the original, not beside the copy
        assert before.startswith("# yaml-language-server:") and Path(after.partition("=")[2]).is_file()
    assert load_config(str(output)).config.model == load_config(name).config.model


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name the data"),
        (["--from", "mnist_softmx"], 'did you mean "mnist_softmax"'),
        (["{data}", "--from", "mnist_softmax"], "name the data"),
        (["nowhere.csv", "--target", "y"], "no file or folder nowhere.csv"),
        (["{data}", "--target", "yy"], 'did you mean "y"'),
        (["{data}", "--target", "y", "--task", "regresion"], 'did you mean "regression"'),
        (["{data}", "--target", "y", "--task", "binary"], "needs a target of two values"),
        (["{folder}", "--target", "y"], "no table in"),
        (["{data}", "--target", "y", "--output", "{folder}/none/t.yaml"], "there is no folder"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(tmp_path: Path, words: list[str], told: str) -> None:
    source = write(tmp_path / "t.csv", "a,y", lambda i: f"{weight(i)},{i % 5}")
    (tmp_path / "notes.md").write_text("a folder of tables alone would be a table")
    filled = [word.format(data=source, folder=tmp_path) for word in words]
    outputs = [] if "--output" in filled else ["--output", tmp_path / "t.yaml"]
    result = nncli("init", *filled, *outputs)
    assert result.exit_code == 2 and told in result.stderr.replace("\n", " ")
    assert not (tmp_path / "t.yaml").exists()


def test_damaged_data_is_refused(tmp_path: Path) -> None:
    ragged = write(tmp_path / "t.csv", "a,b,y", lambda i: f"{i},1,2" if i != 30 else "1,2")
    request = pipeline.InitRequest(str(ragged), targets=["y"], output=str(tmp_path / "t.yaml"))
    with pytest.raises(DataError, match="row 31"):
        pipeline.init(request, console=silent())
    with pytest.raises(UsageError):
        pipeline.init(pipeline.InitRequest(), console=silent())


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("rows", [8, 500, 5_000, 1_000_000])
def test_more_rows_never_get_a_smaller_network_or_more_epochs(rows: int, task: Task) -> None:
    smaller, larger = size_table(rows, task), size_table(rows * 10, task)
    units = [sum(layer.get("dense", {}).get("units", 0) for layer, _ in size.layers) for size in (smaller, larger)]
    assert units[1] >= units[0]
    # Very few rows are trained to the end, others until early stopping.
    assert larger.epochs <= smaller.epochs or smaller.to_the_end
    assert larger.batch_size >= smaller.batch_size


def test_only_very_few_rows_are_trained_to_the_end(tmp_path: Path) -> None:
    for rows, is_few in ((200, True), (300, False)):
        source = write(tmp_path / "t.csv", "x,z,y", lambda i: f"{weight(i)},{i % 9 + i / 7},{i % 2}", rows)
        config, text, facts = init(source, "y")
        assert (facts.rows["train"] < VERY_FEW) == is_few == (config.train.keep == "last")
        assert (config.train.early_stopping is None) == is_few
        told = "cannot choose an epoch" in text and "are measured after each epoch" in text
        assert told == is_few and ("choose the best epoch" in text) != is_few


def test_only_very_few_images_are_trained_to_the_end() -> None:
    few, more = size_images(40, (48, 48, 3)), size_images(400, (48, 48, 3))
    assert few.to_the_end and not more.to_the_end
    assert few.batch_size < more.batch_size and few.epochs >= more.epochs
    assert more.patience >= 20, "a small validation set is noisy"


@pytest.mark.parametrize("side", [1, 8, 12, 28, 32, 100, 256])
def test_an_image_of_any_size_gets_layers_that_fit(side: int) -> None:
    from pydantic import TypeAdapter

    shape: tuple[int, ...] = (side, side + 3, 3)
    for entry, _ in size_images(500, shape).layers:
        layer = TypeAdapter(Layer).validate_python(entry)
        shape = (int(np.prod(shape)),) if layer.kind == "dense" and len(shape) > 1 else shape
        shape = layer.output_shape(shape)
    assert len(shape) == 1 and shape[0] <= 5_000


def test_written_text_reads_back_as_it_was_meant() -> None:
    strange = [
        "yes",
        "null",
        "1e-3",
        "0o7",
        "12:30",
        "",
        " x ",
        "a#b",
        "- a",
        "a\nb\x07",
        "ü",
        "😀",
        "{a}",
        "x, y",
        ".",
    ]
    values = {text: text for text in strange}
    text = write_config(
        ["first", "second " * 40],
        [
            Entry("values", values, "a comment: with # marks"),
            Entry("block", (Entry("list", tuple(Item(text, "why") for text in strange), above=["over"]),)),
            Entry("layers", (Item({"dense": {"units": 3}}), Item({"flatten": {}}), Item(0.5), Item(True))),
        ],
    )
    read = parse_document(text, "t.yaml").values
    assert read["values"] == values and read["block"]["list"] == strange
    assert read["layers"] == [{"dense": {"units": 3}}, "flatten", 0.5, True]
    assert format_text("plain text") == "plain text"
    assert one_line("two\nlines " * 20, 30) == "two lines two lines two lin..."


@pytest.mark.parametrize("target", ["", ",", " , "])
def test_a_target_that_names_nothing_is_refused(tmp_path: Path, target: str) -> None:
    source = write(tmp_path / "t.csv", "a,y", lambda i: f"{weight(i)},{i % 2}")
    for words in (("init", source, "--output", tmp_path / "t.yaml"), ("data", source)):
        result = nncli(*words, "--target", target)
        assert result.exit_code == 2 and "names no column" in result.stderr


def test_init_and_data_read_a_target_in_the_same_way() -> None:
    parsed = pipeline.InspectionRequest.parse("t.csv", ['"x,y", z', "w"], None, None)
    assert parsed.targets == split_targets(['"x,y", z', "w"]) == ("x,y", "z", "w")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--from", "mnist_softmax", "--target", "q"], "--target is for data"),
        (["--from", "mnist_softmax", "--task", "binary"], "--task is for data"),
        (["{folder}", "--task", "regression"], "which --task regression does not fit"),
    ],
)
def test_an_option_without_a_meaning_is_refused(tmp_path: Path, words: list[str], told: str) -> None:
    output = tmp_path / "t.yaml"
    result = nncli("init", *(word.format(folder=tmp_path) for word in words), "--output", output)
    assert result.exit_code == 2 and told in result.stderr
    assert not output.exists()


def test_a_table_of_decimal_commas_is_read(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a;b;y", lambda i: f"{i % 7},{i:03d};0,{i + 10};{i % 2}")
    config, _, facts = init(source, "y")
    assert config.data.decimal == "," and names_learned(facts) == ["a", "b"]
    assert facts.inputs.numbers[1].mean < 1


def test_a_table_of_free_text_alone_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "a,y", lambda i: f"text number {i},{i % 2}", rows=100)
    with pytest.raises(DataError, match="no column to learn from") as caught:
        init(source, "y")
    assert "100 different texts in 100 rows" in str(caught.value.hint)


def test_cells_between_blanks_are_read_and_the_key_is_written(tmp_path: Path) -> None:
    source = write(tmp_path / "t.txt", "a b y", lambda i: f" {weight(i)}   {i % 5}  {i % 2}")
    config, _, facts = init(source, "y")
    assert config.data.delimiter == "whitespace" and names_learned(facts) == ["a", "b"]


def test_the_summary_names_the_folder_and_counts_in_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write(tmp_path / "t.csv", "a,y", lambda i: f"{weight(i)},{i % 2}")
    assert "from 1 column it predicts" in " ".join(init(source, "y")[1].replace("#", "").split())
    for index in range(24):
        folder = tmp_path / "shapes" / "ab"[index % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("L", (12, 12), index * 10).save(folder / f"{index}.png")
    monkeypatch.chdir(tmp_path / "shapes")
    assert "24 images in shapes;" in nncli("init", ".", "--output", "-").stdout


def test_a_config_on_stdout_is_utf_8_whatever_the_terminal_says(tmp_path: Path) -> None:
    source = write(tmp_path / "t.csv", "größe,b,y", lambda i: f"{weight(i)},1,{i % 2}")
    runner = typer.testing.CliRunner(charset="ascii")
    result = runner.invoke(app, ["init", str(source), "--target", "y", "--output", "-"])
    assert result.exit_code == 0
    assert "größe" in result.stdout_bytes.decode()


def test_rows_that_repeat_are_kept_in_one_set_and_a_table_without_such_says_nothing(tmp_path: Path) -> None:
    def row(index: int) -> str:
        return f"{weight(index % 55)},{index % 55},{'ab'[index % 55 % 2]}"

    config, text, _ = init(write(tmp_path / "t.csv", "weight,size,kind", row), "kind")
    assert config.data.duplicates == "together"
    assert "5 rows repeat the inputs of an earlier one" in comment_behind(text, "duplicates: together")
    config, text, _ = init(write(tmp_path / "u.csv", "weight,size,kind", row, rows=55), "kind")
    assert config.data.duplicates == "keep" and "duplicates" not in text


@pytest.mark.parametrize(("test", "duplicates"), [(False, "together"), (True, "keep")])
def test_images_that_repeat_are_kept_in_one_set_unless_they_are_split(
    tmp_path: Path, test: bool, duplicates: str
) -> None:
    generator = np.random.default_rng(1)
    for name in ("a", "b"):
        for place in range(12):
            pixels = generator.integers(0, 255, (8, 8)).astype(np.uint8)
            for folder in ("train", "test") if test else ("",):
                home = tmp_path / "images" / folder / name
                home.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(home / f"{place}.png")
                if place < 3:
                    Image.fromarray(pixels).save(home / f"{place}_again.png")
    config, text, _ = init(tmp_path / "images")
    assert config.data.duplicates == duplicates
    assert ("6 images equal an earlier one" in text) == (duplicates == "together")


def test_a_copy_of_a_column_is_dropped_with_the_reason(tmp_path: Path) -> None:
    source = write(
        tmp_path / "t.csv", "grade,word,size,kind", lambda i: f"{i % 3},{'xyz'[i % 3]},{weight(i)},{'ab'[i % 2]}"
    )
    config, text, facts = init(source, "kind")
    assert config.data.drop == ("word",) and "word" not in names_learned(facts)
    assert "has the same content as grade in every row" in text


@pytest.mark.parametrize(("least", "task"), [(0, "positive_regression"), (-1, "regression")])
def test_a_number_that_is_never_negative_is_predicted_so(tmp_path: Path, least: int, task: str) -> None:
    config, _, _ = init(write(tmp_path / "t.csv", "a,y", lambda i: f"{weight(i)},{i * 1.3 + least:.2f}"), "y")
    assert config.data.task == task


@pytest.mark.parametrize("name", ["t.zip", "p.csv"])
def test_a_table_that_is_read_whole_is_said_where_it_is_large(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    table = write(tmp_path / "t.csv", "a,b,y", lambda index: f"{index},{weight(index)},{index % 2}")
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.write(table, "t.csv")
    side = range(7)
    names = ",".join(f"pixel{index}" for index in range(49))
    write(
        tmp_path / "p.csv",
        f"y,{names}",
        lambda index: f"{index % 2}," + ",".join(str(index + 10 * (row + column)) for row in side for column in side),
    )
    told = f"{name}: tables of pixels, zipped tables and Excel files are read into memory whole"
    words = [["data", name, "--target", "y"], ["init", name, "--target", "y"], ["data", f"{Path(name).stem}.yaml"]]
    monkeypatch.chdir(tmp_path)
    for free, times in (("1kB", 1), ("1GB", 0)):
        monkeypatch.setenv("NNCLI_MEMORY", free)
        for each in words:
            outcome = typer.testing.CliRunner().invoke(app, [*each, *(["--force"] * (each[0] == "init"))])
            assert outcome.exit_code == 0 and outcome.stderr.count(told) == times, outcome.stderr
    monkeypatch.setenv("NNCLI_MEMORY", "1kB")
    assert told not in typer.testing.CliRunner().invoke(app, ["data", "t.csv"]).stderr
