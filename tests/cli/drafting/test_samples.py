"""`nncli init --samples`, and that the examples of every help and the suggestions after each command can be pasted."""

import json
import os
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import typer.testing
from PIL import Image
from typer.main import get_command

from nncli.cli import app

REPOSITORY = Path(__file__).parents[3]
PREPARED = Path(os.environ.get("NNCLI_SHARED_DATA", REPOSITORY.parent / "shared" / "data")) / "tfds"
COMMANDS: Any = get_command(app).commands  # type: ignore[attr-defined]


def nncli(*words: object) -> Any:
    return typer.testing.CliRunner().invoke(app, [str(word) for word in words], env={"COLUMNS": "200"})


def suggestions(stderr: str) -> list[str]:
    """The lines from `next:` on."""
    lines = stderr.splitlines()
    [start] = [index for index, line in enumerate(lines) if line.startswith("next: ")]
    return [line.removeprefix("next:").strip() for line in lines[start:]]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with samples and a run on digits."""
    folder = tmp_path_factory.mktemp("here")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert nncli("init", "--samples", "samples").exit_code == 0
        assert nncli("train", "digits_softmax", "--epochs", 8, "--quiet").exit_code == 0
    return folder


@pytest.fixture(autouse=True)
def inside(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here)
    monkeypatch.delenv("NNCLI_RUNS_DIR", raising=False)


def test_samples_are_the_same_each_time_and_never_replaced_unasked(here: Path) -> None:
    before = {path: path.read_bytes() for path in (here / "samples").rglob("*") if path.is_file()}
    assert len(before) == 3 + 10 + 1 + 3 * 40
    refused = nncli("init", "--samples", "samples")
    assert refused.exit_code == 2 and "--force" in refused.stderr
    assert nncli("init", "--samples", "samples", "--force").exit_code == 0
    assert {path: path.read_bytes() for path in before} == before
    with Image.open(here / "samples" / "seven.png") as image:
        assert (image.size, image.mode) == ((28, 28), "L")


def test_the_samples_of_digits_are_predicted_well() -> None:
    lines = nncli("predict", "samples/digits", "--format", "csv").stdout.splitlines()[1:]
    right = sum(Path(line.split(",")[0]).stem == line.split(",")[1] for line in lines)
    assert len(lines) == 10 and right >= 7


def test_the_drawn_digits_are_read_by_the_default_network() -> None:
    images = [f"samples/{name}.png" for name in ("one", "four", "seven")]
    lines = nncli("predict", *images, "--format", "csv").stdout.splitlines()[1:]
    assert [line.split(",")[1] for line in lines] == ["1", "4", "7"]


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_example_of_a_help_text_runs_where_the_samples_are(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nncli.serve.server.run", lambda *_: None)  # it would answer requests until a signal comes
    told = nncli(name, "--help").stdout
    [example] = re.findall(r"Example: nncli (.*)", told)
    words = shlex.split(example.partition(" > ")[0])
    if words[0] in ("train", "compare", "check") and "mnist" in example:
        if not PREPARED.is_dir():
            words.append("--help")  # MNIST is not on this machine; the options are checked all the same
        words += ["--data-dir", str(PREPARED)]
        words += ["--epochs", "1"] if words[0] == "train" else []
    if words[0] == "compare":
        words += ["--epochs", "1", "--seeds", "1", "--jobs", "1"]
    if words[0] == "ensemble":
        nncli("compare", "digits_softmax", "--epochs", "1", "--seeds", "2", "--jobs", "1", "--fixed-split")
    if words[0] == "init":
        words += ["--output", "-"]
    outcome = nncli(*words)
    assert outcome.exit_code == 0, outcome.output


@pytest.mark.long
def test_each_suggestion_after_a_command_runs(here: Path) -> None:
    trained = nncli("train", "digits_softmax", "--epochs", 1)
    evaluated = nncli("eval")
    written = nncli("init", "samples/flowers.csv", "--target", "species", "--force")
    examined = nncli("data", "samples/flowers.csv", "--target", "species")
    compared = nncli("compare", "--epochs", 1, "--seeds", 1, "--jobs", 1)
    for outcome in (trained, evaluated, written, examined, compared):
        assert outcome.exit_code == 0, outcome.output
        for line in suggestions(outcome.stderr):
            if line.startswith("look at "):
                assert Path(line.removeprefix("look at ")).is_file(), line
                continue
            words = shlex.split(line)[1:]
            words = ["samples/digits/1.png" if word == "IMAGE" else word for word in words]
            words += ["--epochs", "1"] if words[0] == "train" else []
            words += ["--print"] if words[0] == "open" else []
            words += ["--seeds", "2", "--jobs", "1"] if words[0] == "compare" else []  # for time's sake
            following = nncli(*words, *_forced(words))
            assert following.exit_code == 0, f"{line}: {following.output}"


def _forced(words: list[str]) -> list[str]:
    return ["--force"] if words[0] == "init" else []


def test_a_training_on_a_table_suggests_to_predict_that_table() -> None:
    Path("flowers.yaml").unlink(missing_ok=True)
    nncli("init", "samples/flowers.csv", "--target", "species")
    outcome = nncli("train", "flowers.yaml", "--epochs", 1)
    predicting = next(line for line in suggestions(outcome.stderr) if line.startswith("nncli predict"))
    assert nncli(*shlex.split(predicting)[1:]).exit_code == 0


def test_compare_suggests_a_run_of_the_best_variant_and_more_seeds_where_it_may_be_chance(here: Path) -> None:
    outcome = nncli("compare", "--vary", "train.epochs=1,9", "--seeds", 1, "--jobs", 1)
    assert "epochs=9 is ahead" in outcome.stdout
    told = suggestions(outcome.stderr)
    assert any("epochs=9-seed1" in line for line in told)
    assert any(line.startswith("nncli compare --resume ") and line.endswith(" --seeds 5") for line in told)


def test_samples_take_nothing_else_and_name_what_they_are(tmp_path: Path) -> None:
    for words in (["--target", "x"], ["--output", "x.yaml"], ["--task", "binary"], ["table.csv"]):
        outcome = nncli("init", "--samples", tmp_path / "s", *words)
        assert outcome.exit_code == 2 and "leave" in outcome.stderr
    (tmp_path / "file").write_text("kept")
    assert "is a file" in nncli("init", "--samples", tmp_path / "file", "--force").stderr
    assert "name of a folder" in nncli("init", "--samples", "").stderr
    outcome = nncli("init", "--samples", tmp_path / "new")
    for name in ("seven.png", "digits/", "flowers.csv", "shapes/"):
        assert any(name in line for line in outcome.stdout.splitlines())


def test_the_table_has_a_category_and_missing_cells_in_each_column() -> None:
    lines = Path("samples/flowers.csv").read_text().splitlines()
    assert lines[0].split(",")[-2:] == ["habitat", "species"] and len(lines) == 151
    columns = list(zip(*(line.split(",") for line in lines[1:]), strict=True))
    assert all(1 <= column.count("") <= 8 for column in columns[:-1]) and "" not in columns[-1]


def test_json_and_an_ending_of_another_format_are_refused(tmp_path: Path) -> None:
    outcome = nncli("predict", "samples/seven.png", "--json", "--output", tmp_path / "y.csv")
    assert outcome.exit_code == 2 and "different formats" in outcome.stderr and not (tmp_path / "y.csv").exists()


def test_an_older_run_is_measured_with_a_warning_also_when_quiet(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = here / "runs" / "20990101-000000-digits_softmax"
    newer.mkdir()
    started = {"kind": "train", "status": "interrupted", "started": "2099-01-01T00:00:00+00:00"}
    (newer / "run.json").write_text(json.dumps(started))
    try:
        for words in (["eval"], ["eval", "digits_softmax"]):
            told = nncli(*words, "--quiet").stderr
            assert told.startswith("warning: ") and f"the newer run {newer.name} was interrupted" in told
    finally:
        shutil.rmtree(newer)


def test_quiet_leaves_the_answer_and_warnings_and_nothing_else() -> None:
    outcome = nncli("predict", "samples/seven.png", "--run", "digits_softmax", "--quiet")
    assert outcome.stderr == "" and "seven.png" in outcome.stdout
    warned = nncli("predict", "samples/seven.png", "nothing.png", "--run", "digits_softmax", "--quiet")
    assert "no such file" in warned.stderr and "run " not in warned.stderr.splitlines()[0]
    assert "next:" not in nncli("eval", "--quiet").stderr


def test_a_run_is_named_as_an_argument_or_by_an_option_and_only_one() -> None:
    name = next(path.name for path in Path("runs").glob("*-digits_softmax") if "compare" not in path.name)
    assert nncli("eval", name, "--quiet").stdout == nncli("eval", "--run", name, "--quiet").stdout
    assert nncli("eval", name, "--run", name).exit_code == 0
    assert nncli("eval", name, "--run", f"runs/{name}").exit_code == 0
    differing = nncli("eval", name, "--run", "latest")
    assert differing.exit_code == 2 and "two runs" in differing.stderr


def test_predict_says_which_run_answers_and_takes_the_format_from_the_files_ending(tmp_path: Path) -> None:
    run = ("--run", "digits_softmax")
    outcome = nncli("predict", "samples/seven.png", *run, "--output", tmp_path / "out.csv")
    assert outcome.exit_code == 0 and re.search(r"run \S+-digits_softmax \(test accuracy 0\.\d+\)", outcome.stderr)
    assert (tmp_path / "out.csv").read_text().startswith("input,prediction,probability")
    nncli("predict", "samples/seven.png", *run, "--output", tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text().startswith('{"input"')
    unknown = nncli("predict", "samples/seven.png", *run, "--output", tmp_path / "out.xyz")
    assert unknown.exit_code == 2 and ".csv" in unknown.stderr
    nncli("predict", "samples/seven.png", *run, "--output", tmp_path / "other.txt", "--format", "csv")
    assert (tmp_path / "other.txt").read_text().startswith("input,")
