"""The commands as a user has them: train, eval, predict, compare and check on small data, in one process."""

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import typer.testing
from PIL import Image

from nncli.cli import app
from nncli.run import files

GRAPH = ("--set", "train.executor=graph")  # compiled in half the time, for processes of their own


class Outcome:
    def __init__(self, result: "typer.testing.Result") -> None:
        self.code, self.stdout, self.stderr = result.exit_code, result.stdout, result.stderr

    @property
    def json(self) -> dict:
        return json.loads(self.stdout)


def nncli(*arguments: object, stdin: bytes | None = None) -> Outcome:
    words = [str(argument) for argument in arguments]
    return Outcome(typer.testing.CliRunner().invoke(app, words, input=stdin))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def digits(runs: Path) -> Path:
    """A run on the bundled digits."""
    outcome = nncli("train", "--epochs", 15, "--set", "train.executor=xla", "--runs-dir", runs, "--json")
    assert outcome.code == 0, outcome.stderr
    return Path(outcome.json["run"])


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small table of everything: numbers, a number that is missing, a category, a target of three names."""
    path = tmp_path_factory.mktemp("table") / "fruit.csv"
    generator = np.random.default_rng(7)
    lines = ["weight,length,colour,fruit"]
    for _ in range(60):
        lines.append(f"{generator.normal(150, 10):.1f},{generator.normal(18, 1):.2f},yellow,banana")
        lines.append(f"{generator.normal(180, 10):.1f},,red,apple")
        lines.append(f"{generator.normal(5, 1):.1f},{generator.normal(2, 0.2):.2f},red,cherry")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def fruit(table: Path, runs: Path) -> Path:
    config = table.parent / "fruit.yaml"
    config.write_text(
        "data: {source: csv, path: fruit.csv, target: fruit}\nmodel: {layers: [{dense: {units: 8}}, output]}\n"
        "optimizer: {name: adam, learning_rate: 0.02}\ntrain: {epochs: 20, batch_size: 16}\n"
    )
    outcome = nncli("train", config, "--runs-dir", runs, "--json")
    assert outcome.code == 0, outcome.stderr
    assert sorted(path.name for path in table.parent.iterdir()) == ["fruit.csv", "fruit.yaml"]
    return Path(outcome.json["run"])


def test_training_on_bundled_digits_leaves_a_whole_run_folder(digits: Path) -> None:
    expected = {
        files.CONFIG, files.RECORD, files.METRICS, files.SUMMARY, files.WEIGHTS, files.KERAS_MODEL, files.LITE_MODEL,
        files.INPUTS, files.SPLITS, files.NOVELTY, files.MANIFEST, files.PLOTS,
    }  # fmt: skip
    assert expected <= {path.name for path in digits.iterdir()}
    assert not [path for path in digits.rglob(".*")]
    record = json.loads((digits / files.RECORD).read_text())
    assert record["status"] == "finished" and record["kind"] == "train"
    assert record["data"]["source"] == "digits" and record["executor"] == "xla"
    summary = json.loads((digits / files.SUMMARY).read_text())
    assert summary["test"]["metrics"]["accuracy"] > 0.9 > summary["test"]["baseline"]["metrics"]["accuracy"]
    lines = [json.loads(line) for line in (digits / files.METRICS).read_text().splitlines()]
    assert [line["epoch"] for line in lines] == list(range(1, 16))
    assert lines[summary["best_epoch"] - 1]["val_loss"] == min(line["val_loss"] for line in lines)
    assert {"loss", "accuracy", "val_accuracy", "learning_rate", "seconds"} <= set(lines[0])


def test_the_splits_are_saved_and_share_no_row(digits: Path) -> None:
    with np.load(digits / files.SPLITS) as splits:
        parts = [set(splits[name].tolist()) for name in ("train", "validation", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 1797


def test_the_same_seed_gives_the_same_bits_and_the_written_config_repeats_the_run(digits: Path, runs: Path) -> None:
    again = nncli("train", digits / files.CONFIG, "--runs-dir", runs, "--json").json
    other = nncli("train", digits / files.CONFIG, "--seed", 2, "--runs-dir", runs, "--json").json
    with np.load(digits / files.WEIGHTS) as first, np.load(Path(again["run"]) / files.WEIGHTS) as second:
        assert first.files == second.files
        assert all(np.array_equal(first[name], second[name]) for name in first.files)
    with np.load(digits / files.WEIGHTS) as first, np.load(Path(other["run"]) / files.WEIGHTS) as third:
        assert not all(np.array_equal(first[name], third[name]) for name in first.files)


def test_eval_measures_what_training_measured_and_writes_it_into_the_run(digits: Path) -> None:
    outcome = nncli("eval", digits, "--json")
    assert outcome.code == 0, outcome.stderr
    trained = json.loads((digits / files.SUMMARY).read_text())["test"]
    assert outcome.json["metrics"] == pytest.approx(trained["metrics"], abs=1e-4)
    assert outcome.json["baseline"] == trained["baseline"]
    assert len(outcome.json["worst"]) == 16
    written = digits / files.EVALUATION
    assert json.loads((written / "metrics.json").read_text())["rows"] == 359
    pictures = {"calibration.png", "calibration.svg", "confusion.png", "ranking.png", "ranking.svg", "worst.png"}
    assert {path.name for path in written.iterdir()} == {"metrics.json", *pictures}


def test_eval_says_between_which_values_chance_leaves_each_metric(digits: Path) -> None:
    value = nncli("eval", digits, "--json").json
    assert set(value["intervals"]) == set(value["metrics"])
    for name, (low, high) in value["intervals"].items():
        assert low <= value["metrics"][name] <= high, name
    assert "95 % interval" in nncli("eval", digits).stdout


def test_the_summary_counts_how_often_the_test_set_was_looked_at(digits: Path) -> None:
    summary = json.loads((digits / files.SUMMARY).read_text())
    assert nncli("eval", digits, "--json").code == 0
    after = json.loads((digits / files.SUMMARY).read_text())
    assert after == {**summary, "test_evaluations": summary["test_evaluations"] + 1}


def test_eval_reads_as_text_too(digits: Path) -> None:
    outcome = nncli("eval", digits)
    assert "accuracy" in outcome.stdout and "true \\ predicted" in outcome.stdout and "worst row" in outcome.stdout
    *lines, written = outcome.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert written == f"written: {digits}/evaluation", "a path is never broken"


def digit_image(path: Path, digit: int) -> Path:
    """A bundled digit as an ordinary 8-bit image, larger than the network's."""
    from sklearn.datasets import load_digits

    data = load_digits()
    pixels = data.images[list(data.target).index(digit)]
    Image.fromarray((pixels * 255 / 16).astype(np.uint8)).resize((32, 32), Image.Resampling.BOX).save(path)
    return path


def test_predict_names_classes_for_images_of_any_size_and_goes_on_past_bad_ones(digits: Path, tmp_path: Path) -> None:
    good = [digit_image(tmp_path / f"{digit}.png", digit) for digit in range(10)]
    bad = tmp_path / "bad.png"
    bad.write_text("no image")
    outcome = nncli("predict", *good, bad, tmp_path / "none.png", "--run", digits, "--json")
    assert outcome.code == 3
    predictions = outcome.json["predictions"]
    assert [Path(answer["input"]).name for answer in predictions] == [path.name for path in good]
    assert sum(answer["prediction"] == Path(answer["input"]).stem for answer in predictions) >= 9
    for answer in predictions:
        assert sum(answer["probabilities"].values()) == pytest.approx(1.0, abs=1e-5)
        assert answer["probability"] == max(answer["probabilities"].values())
    assert "bad.png" in outcome.stderr and "none.png" in outcome.stderr


def test_predict_takes_a_folder_and_keeps_the_top_classes(digits: Path, tmp_path: Path) -> None:
    for digit in (1, 2):
        digit_image(tmp_path / f"{digit}.png", digit)
    outcome = nncli("predict", tmp_path, "--run", digits, "--top", 2, "--format", "jsonl")
    assert outcome.code == 0, outcome.stderr
    answers = [json.loads(line) for line in outcome.stdout.splitlines()]
    assert [len(answer["probabilities"]) for answer in answers] == [2, 2]


def test_predict_reads_an_image_from_stdin(digits: Path, tmp_path: Path) -> None:
    outcome = nncli("predict", "-", "--run", digits, "--json", stdin=digit_image(tmp_path / "0.png", 0).read_bytes())
    assert outcome.json["predictions"][0]["prediction"] == "0"


def test_predict_answers_rows_of_a_table_with_unseen_and_missing_values(fruit: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("colour,weight,length\nyellow,150,18\nred,180,\nviolet,5,2\n,5,2\n")
    outcome = nncli("predict", rows, "--run", fruit, "--json")
    assert outcome.code == 0, outcome.stderr
    predictions = outcome.json["predictions"]
    assert [answer["prediction"] for answer in predictions] == ["banana", "apple", "cherry", "cherry"]
    assert predictions[2]["input"] == f"{rows}:row 3"


@pytest.mark.parametrize("form", ["csv", "jsonl", "json", "parquet"])
def test_every_format_carries_names_and_probabilities_to_a_file(
    fruit: Path, table: Path, tmp_path: Path, form: str
) -> None:
    output = tmp_path / f"out.{form}"
    outcome = nncli("predict", table, "--run", fruit, "--format", form, "--output", output)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout == ""
    if form == "csv":
        first = next(csv.DictReader(io.StringIO(output.read_text())))
    elif form == "jsonl":
        first = json.loads(output.read_text().splitlines()[0])
    elif form == "json":
        first = json.loads(output.read_text())["predictions"][0]
    else:
        import pyarrow.parquet

        first = pyarrow.parquet.read_table(output).to_pylist()[0]
    assert first["prediction"] == "banana"
    assert first["input"] == f"{table}:row 1"
    if form in ("csv", "parquet"):
        assert list(first) == ["input", "prediction", "probability", "p_apple", "p_banana", "p_cherry"]


def test_predict_on_a_table_tells_what_it_lacks_and_what_is_no_number(fruit: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("colour,weigth,length\nyellow,150,18\n")
    outcome = nncli("predict", rows, "--run", fruit)
    assert outcome.code == 3 and "weight" in outcome.stderr
    rows.write_text("colour,weight,length\nyellow,heavy,18\nred,5,2\n")
    outcome = nncli("predict", rows, "--run", fruit, "--json")
    assert outcome.code == 3 and "heavy" in outcome.stderr and "weight" in outcome.stderr
    assert [answer["prediction"] for answer in outcome.json["predictions"]] == ["cherry"]


def test_eval_on_other_data_uses_the_training_columns(fruit: Path, table: Path) -> None:
    outcome = nncli("eval", fruit, "--data", table, "--json")
    assert outcome.json["rows"] == 180 and outcome.json["metrics"]["accuracy"] > 0.95


def test_eval_refuses_data_that_changed_since_training(fruit: Path, table: Path) -> None:
    before = table.read_text()
    table.write_text(before.replace("banana", "plum"))
    try:
        outcome = nncli("eval", fruit)
    finally:
        table.write_text(before)
    assert outcome.code == 2 and "not the data this run was trained on" in outcome.stderr


def test_a_damaged_model_is_refused(digits: Path, runs: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(digits, copy)
    content = bytearray((copy / files.LITE_MODEL).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / files.LITE_MODEL).write_bytes(content)
    outcome = nncli("predict", digit_image(tmp_path / "1.png", 1), "--run", copy)
    assert outcome.code == 2 and "damaged" in outcome.stderr


def test_without_an_export_prediction_goes_through_keras_and_says_so(digits: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(digits, copy)
    image = digit_image(tmp_path / "1.png", 1)
    exported = nncli("predict", image, "--run", copy, "--json").json["predictions"]
    (copy / files.LITE_MODEL).unlink()
    outcome = nncli("predict", image, "--run", copy, "--json")
    assert outcome.stderr.count("through Keras") == 1
    assert outcome.json["predictions"][0]["probabilities"] == pytest.approx(exported[0]["probabilities"], abs=1e-5)


def test_compare_trains_each_variant_on_each_seed_in_folders_of_their_own(runs: Path) -> None:
    before = json.loads(nncli("eval", "--runs-dir", runs, "--json").stdout)["run"]
    outcome = nncli("compare", "--seeds", 2, "--epochs", 4, "--jobs", 1, "--runs-dir", runs, "--json")
    assert outcome.code == 0, outcome.stderr
    result = outcome.json
    assert [variant["name"] for variant in result["variants"]] == [
        "hidden_activation=sigmoid", "hidden_activation=relu",
    ]  # fmt: skip
    for variant in result["variants"]:
        assert len(set(variant["test"]["values"])) == 2 and len(variant["runs"]) == 2
        for run in variant["runs"]:
            assert Path(run).parent == Path(result["comparison"])
            assert json.loads((Path(run) / files.RECORD).read_text())["status"] == "finished"
    sigmoid, relu = (variant["test"]["mean"] for variant in result["variants"])
    assert relu > sigmoid + 0.05, "after four epochs relu is far ahead"
    assert result["verdicts"][0]["best"] == "hidden_activation=relu"
    with (Path(result["comparison"]) / files.CELLS).open() as file:
        cells = list(csv.DictReader(file))
    assert [(cell["variant"], float(cell["test_accuracy"])) for cell in cells] == [
        (variant["name"], variant["test"]["values"][index]) for index in (0, 1) for variant in result["variants"]
    ]
    assert (Path(result["comparison"]) / "plots" / "comparison.png").is_file()
    assert json.loads(nncli("eval", "--runs-dir", runs, "--json").stdout)["run"] == before


def test_variants_of_one_seed_see_the_same_rows(runs: Path) -> None:
    result = nncli("compare", "--seeds", 1, "--epochs", 1, "--jobs", 1, "--runs-dir", runs, "--json").json
    records = [json.loads((Path(v["runs"][0]) / files.RECORD).read_text()) for v in result["variants"]]
    assert records[0]["data"]["fingerprint"] == records[1]["data"]["fingerprint"]


def test_compare_with_nothing_to_compare_is_refused(runs: Path) -> None:
    outcome = nncli("compare", "--vary", "seed=1", "--runs-dir", runs)
    assert outcome.code == 2 and "--vary" in outcome.stderr


def test_check_prints_the_network_and_json(runs: Path) -> None:
    outcome = nncli("check", "digits_softmax", "--json")
    assert outcome.json["parameters"] == 65 * 256 + 257 * 128 + 129 * 10
    assert outcome.json["layers"][0] == {
        "layer": "flatten", "index": None, "output_shape": [64], "activation": None, "parameters": 0,
    }  # fmt: skip
    assert "flatten (added)" in nncli("check", "digits_softmax").stdout


@pytest.mark.parametrize(
    ("arguments", "code", "part"),
    [
        (["train", "no_such_config"], 2, 'no config "no_such_config"'),
        (["train", "digits_softmax", "--set", "train.epoch=3"], 2, 'did you mean "epochs"'),
        (["train", "digits_softmax", "--set", "loss.from_logits=true"], 2, "[logits-twice]"),
        (["train", "digits_softmax", "--epochs", "0"], 2, "--epochs 0"),
        (["eval", "nothing"], 2, "no run 'nothing'"),
        (["predict", "x.png", "--run", "nothing"], 2, "no run 'nothing'"),
        (["compare", "--vary", "model.hidden_activation"], 2, "not of the form KEY=A,B"),
        (["train", "--no-such-option"], 2, "No such option"),
    ],
)
def test_a_wrong_command_has_one_message_and_exit_code_2(
    runs: Path, arguments: list[str], code: int, part: str, tmp_path: Path
) -> None:
    outcome = nncli(*arguments, *(["--runs-dir", tmp_path / "empty"] if "--no-such" not in arguments[-1] else []))
    assert outcome.code == code
    assert part in outcome.stderr and "Traceback" not in outcome.stderr
    assert outcome.stdout == ""
    assert not (tmp_path / "empty").exists(), "nothing is written for a command that is refused"


def test_a_loss_that_explodes_ends_with_exit_code_4_and_a_failed_run(tmp_path: Path) -> None:
    outcome = nncli(
        "train", "linear_regression", "--set", "optimizer={name: sgd, learning_rate: 1e30}", "--runs-dir", tmp_path
    )
    assert outcome.code == 4
    (run,) = tmp_path.iterdir()
    assert json.loads((run / files.RECORD).read_text())["status"] == "failed"


def test_ctrl_c_ends_with_130_and_the_run_says_interrupted(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "nncli", "train", "--epochs", "100000", *GRAPH, "--runs-dir", str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if any(tmp_path.glob("*/metrics.jsonl")):
            break
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert "Traceback" not in stderr and "interrupted" in stderr and stdout == ""
    (run,) = tmp_path.iterdir()
    assert json.loads((run / files.RECORD).read_text())["status"] == "interrupted"


def test_predicting_an_image_loads_nothing_that_it_does_not_need(digits: Path, tmp_path: Path) -> None:
    image = digit_image(tmp_path / "1.png", 1)
    code = (
        "import sys; from nncli.cli import app\n"
        "try: app(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    words = [sys.executable, "-c", code, "predict", str(image), "--run", str(digits), "--format", "jsonl"]
    loaded = subprocess.run(words, capture_output=True, text=True, check=True).stderr.split()
    assert "numpy" in loaded
    assert not {"tensorflow", "keras", "sklearn", "matplotlib", "pyarrow", "yaml", "rich", "numpy.ma"} & set(loaded)
    assert not {"nncli.config.sections", "nncli.data.tables.files.reading", "nncli.data.images.folders"} & set(loaded)


@pytest.mark.long
def test_training_on_prepared_data_keeps_tensorflow_quiet(shared_data: Path, tmp_path: Path) -> None:
    words = ["train", "mnist_softmax", "--epochs", "1", "--data-dir", shared_data / "tfds", "--runs-dir", tmp_path]
    environment = {**os.environ, "NNCLI_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run(
        [sys.executable, "-m", "nncli", *map(str, words)], capture_output=True, text=True, env=environment, check=True
    )
    told = [line.split()[0] for line in done.stderr.splitlines()]
    assert told == ["epoch", "1/1", "*", "next:", "nncli", "nncli"]
    (run,) = (path for path in tmp_path.iterdir() if path.name != "cache")
    assert json.loads((run / files.RECORD).read_text())["data"]["source"] == "mnist"


def test_interrupted_training_keeps_the_best_weights_so_far(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "nncli", "train", "--epochs", "100000", *GRAPH, "--runs-dir", str(tmp_path)]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if any(tmp_path.glob("*/metrics.jsonl")):
            break
        time.sleep(0.1)
    process.terminate()
    _, told = process.communicate(timeout=60)
    assert process.returncode == 143, told
    (run,) = tmp_path.iterdir()
    outcome = nncli("eval", run, "--json")
    assert outcome.code == 0, outcome.stderr
    assert outcome.json["metrics"]["accuracy"] > 0.2


def run_process(*words: object, **options: object) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-m", "nncli", *map(str, words)], capture_output=True, **options)  # type: ignore[call-overload]


def test_streams_that_hold_only_ascii_get_letters_and_no_crash() -> None:
    done = run_process(
        "check", "mnist_cnn", "--set", "data.source=digits", env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    assert done.returncode == 0, done.stderr
    assert b"8 x 8 x 16" in done.stdout


def test_a_reader_that_goes_away_is_no_error(digits: Path) -> None:
    pipe = "set -o pipefail; " + f"'{sys.executable}' -m nncli eval '{digits}' | true"
    done = subprocess.run(["bash", "-c", pipe], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_output_follows_links_and_never_replaces_a_device(fruit: Path, table: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    assert nncli("predict", table, "--run", fruit, "--format", "csv", "--output", link).code == 0
    assert link.is_symlink() and target.read_text().startswith("input,prediction")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE)
    assert nncli("predict", table, "--run", fruit, "--format", "csv", "--output", pipe).code == 0
    assert reader.communicate(timeout=30)[0] == target.read_bytes()
    assert pipe.is_fifo()


def test_brackets_in_names_are_shown_as_they_are(tmp_path: Path) -> None:
    runs = tmp_path / "my [b]runs[/b]"
    outcome = nncli("train", "--epochs", 1, "--runs-dir", runs)
    assert outcome.code == 0, outcome.stderr
    assert f"run: {runs}/" in outcome.stdout


def test_a_long_variant_fits_into_a_folder_name(runs: Path) -> None:
    layers = ",".join(["{dense: {units: 4}}"] * 8)
    vary = f"model.layers=[{layers},output],[output]"
    outcome = nncli("compare", "--vary", vary, "--seeds", 1, "--epochs", 1, "--jobs", 1, "--runs-dir", runs, "--json")
    assert outcome.code == 0, outcome.stderr
    assert all(len(Path(variant["runs"][0]).name) < 90 for variant in outcome.json["variants"])


def test_json_is_json_on_a_stream_that_holds_only_ascii(tmp_path: Path) -> None:
    table = tmp_path / "größe.csv"
    table.write_text("größe,y\n" + "".join(f"{i},{i % 2}\n" for i in range(30)), encoding="utf-8")
    done = run_process("data", table, "--json", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0, done.stderr
    assert "größe" in [column["name"] for column in json.loads(done.stdout)["columns"]]


def test_colons_in_names_are_no_emoji(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text(":smile:,y\n" + "".join(f"{i},{i % 2}\n" for i in range(30)))
    assert ":smile:" in nncli("data", table).stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_stdout_that_is_full_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nncli", "check", "digits_softmax"], stdout=full, stderr=subprocess.PIPE
        )
    assert done.returncode == 1
    assert done.stderr.startswith(b"error: stdout cannot be written")


def test_eval_on_other_data_says_which_rows_the_run_had_before(fruit: Path, table: Path, tmp_path: Path) -> None:
    whole = nncli("eval", fruit, "--data", table)
    sentence = r"(\d+) of 180 rows were in the training set, (\d+) in the validation set; (\d+) are new"
    told = re.match(sentence, whole.stdout)
    counts = [int(text) for text in told.groups()] if told else []
    assert sum(counts) == 180 and counts[0] >= 130 and 20 <= counts[2] <= 36
    assert "new rows" in whole.stdout and "all rows" in whole.stdout
    value = nncli("eval", fruit, "--data", table, "--json").json
    assert list(value["seen"].values()) == counts[:2] and value["new_rows"]["rows"] == counts[2]
    assert nncli("eval", fruit, "--json").json["seen"] is None
    other = tmp_path / "other.csv"
    other.write_text("weight,length,colour,fruit\n151.07,18.003,yellow,banana\n181.03,,red,apple\n")
    new = nncli("eval", fruit, "--data", other)
    assert "rows were in the training set" not in new.stdout and new.stdout.startswith("metric")


def test_eval_on_other_data_still_works_where_the_runs_own_is_gone(fruit: Path, table: Path, tmp_path: Path) -> None:
    kept, copy = table.read_bytes(), tmp_path / "copy.csv"
    copy.write_bytes(kept)
    try:
        table.unlink()
        outcome = nncli("eval", fruit, "--data", copy)
    finally:
        table.write_bytes(kept)
    assert outcome.code == 0
    assert (
        "warning: the run's own data is missing or has changed, so rows it was trained on cannot be told apart"
        in outcome.stderr
    )


def test_the_verdict_is_that_of_the_rows_which_are_new_to_the_run(tmp_path: Path, runs: Path) -> None:
    """A network that knows random labels by heart is good on the rows it was trained on, and only there."""
    generator = np.random.default_rng(5)
    values = generator.normal(0, 1, (200, 6))
    rows = [",".join(f"{v:.4f}" for v in row) + f",{generator.integers(0, 2)}" for row in values]
    (tmp_path / "noise.csv").write_text("a,b,c,d,e,f,label\n" + "\n".join(rows) + "\n")
    (tmp_path / "noise.yaml").write_text(
        "data: {source: csv, path: noise.csv, target: label}\n"
        "model: {layers: [{dense: {units: 128, activation: relu}}, output]}\n"
        "optimizer: {name: adam, learning_rate: 0.01}\n"
        "train: {epochs: 60, keep: last}\n"
    )
    assert nncli("train", tmp_path / "noise.yaml", "--runs-dir", runs).code == 0
    run = max(runs.glob("*-noise"))
    value = nncli("eval", run, "--data", tmp_path / "noise.csv", "--json")
    assert value.json["judged"]["verdict"] == "better"
    assert value.json["new_rows"]["judged"]["verdict"] != "better"
    assert "warning: " in value.stderr and "the inputs may carry little information about the target" in value.stderr


def test_a_network_that_learned_is_not_accused_for_data_with_other_labels(
    fruit: Path, table: Path, tmp_path: Path
) -> None:
    swapped = {"banana": "apple", "apple": "banana"}
    head, *rows = table.read_text().splitlines()
    kept = [row.rpartition(",") for row in rows if row.rpartition(",")[2] in swapped]
    other = tmp_path / "swapped.csv"
    other.write_text("\n".join([head, *(f"{values},{swapped[name]}" for values, _, name in kept)]) + "\n")
    outcome = nncli("eval", fruit, "--data", other)
    assert "no better than guessing on this data" in outcome.stderr and "learned nothing" not in outcome.stderr


def test_a_network_that_learned_nothing_is_called_that_with_what_to_try(runs: Path) -> None:
    words = ("train", "softmax_regression", "--epochs", 3, "--set", "optimizer.learning_rate=1e-8", "--runs-dir", runs)
    outcome = nncli(*words)
    assert outcome.code == 0
    assert "warning: learned nothing: no better than guessing" in outcome.stderr
    assert "learning rate ten times as large" in outcome.stderr
    run = max(runs.glob("*-softmax_regression"))
    assert json.loads((run / files.SUMMARY).read_text())["test"]["judged"]["verdict"] == "nothing"
    assert "learned nothing" in nncli("eval", run).stderr


def test_a_value_that_cannot_be_is_counted_in_eval_and_predict(tmp_path: Path, runs: Path) -> None:
    generator = np.random.default_rng(1)
    size = generator.uniform(0, 10, 300)
    price = np.maximum(0, (size - 6) * 3 + generator.normal(0, 1, 300))
    rows = [f"{s:.3f},{p:.3f}" for s, p in zip(size, price, strict=True)]
    (tmp_path / "homes.csv").write_text("size,price\n" + "\n".join(rows) + "\n")
    (tmp_path / "homes.yaml").write_text(
        "data: {source: csv, path: homes.csv, target: price, task: regression}\nmodel: {layers: [output]}\n"
        "optimizer: {name: adam, learning_rate: 0.05}\ntrain: {epochs: 10}\n"
    )
    run = nncli("train", tmp_path / "homes.yaml", "--runs-dir", runs, "--json").json["run"]
    evaluated = nncli("eval", run, "--json")
    assert 0 < evaluated.json["impossible"] < 60
    assert "below zero, which price never is in the training set" in evaluated.stderr
    predicted = nncli("predict", tmp_path / "homes.csv", "--run", run)
    assert "task: positive_regression" in predicted.stderr
