"""`nncli runs`: listed, sorted, filtered, shown, compared and removed, on folders as trainings leave them."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.testing

from nncli.cli import app
from nncli.cli.runs.table import age, run_table
from nncli.pipeline.runs.selecting import list_rows
from nncli.run import files
from nncli.run.folder import RunFolder


def make_run(
    runs: Path,
    name: str,
    *,
    started: str = "2026-01-01T00:00:00+00:00",
    kind: str = "train",
    status: str = "finished",
    accuracy: float | None = 0.9,
    optimizer: str = "adam",
    task: str = "multiclass",
    **record: Any,
) -> RunFolder:
    """A folder with record, config and summary; without `accuracy`, it has no summary."""
    folder = RunFolder.create(runs, name, kind=kind, stamped=False)
    folder.write(files.CONFIG, f"name: {name}\noptimizer: {{name: {optimizer}, learning_rate: 0.001}}\n".encode())
    folder.append(files.METRICS, {"epoch": 1})
    metric = "r2_score" if "regression" in task else "accuracy"
    if accuracy is not None:
        test = {"task": task, "metrics": {metric: accuracy}}
        folder.write_json(files.SUMMARY, {"epochs": 12, "epochs_asked": 20, "test": test})
    data = {"source": "digits", "fingerprint": "abc", "rows": {"train": 10}}
    folder.write_record(**{"started": started, "data": data, "seed": 1, "duration_seconds": 2.5, **record})
    if status != "running":
        folder.close(status)  # type: ignore[arg-type]
    return folder


def make_comparison(runs: Path, name: str, *, status: str = "finished") -> RunFolder:
    """A comparison of two variants with a training each."""
    folder = RunFolder.create(runs, name, kind="compare", stamped=False)
    for variant in ("a", "b"):
        make_run(folder.path, f"{variant}-seed1", kind="cell")
    variants = [{"name": "a", "test": {"mean": 0.7}}, {"name": "b", "test": {"mean": 0.8}}]
    folder.write_json(files.COMPARISON, {"metric": "accuracy", "variants": variants})
    if status != "running":
        folder.close(status)  # type: ignore[arg-type]
    return folder


def nncli(*arguments: object, stdin: str | None = None) -> Any:
    return typer.testing.CliRunner().invoke(app, ["runs", *map(str, arguments)], input=stdin)


def names(outcome: Any) -> list[str]:
    assert outcome.exit_code == 0, outcome.stderr
    return [run["name"] for run in json.loads(outcome.stdout)["runs"]]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Four runs and a comparison, beside things that are none."""
    folder = tmp_path / "runs"
    make_run(folder, "20260101-000000-old", started="2026-01-01T00:00:00+00:00", accuracy=0.8)
    make_run(folder, "20260103-000000-new", started="2026-01-03T00:00:00+00:00", optimizer="sgd", duration_seconds=90.0)
    make_run(folder, "20260102-000000-bad", started="2026-01-02T00:00:00+00:00", accuracy=None, status="failed")
    make_run(folder, "20260104-000000-now", started="2026-01-04T00:00:00+00:00", accuracy=None, status="running")
    make_comparison(folder, "20260105-000000-compare-x")
    (folder / "notes").mkdir()
    (folder / ".removed-x").mkdir()
    (folder / "file.txt").write_text("")
    return folder


def test_runs_are_listed_newest_first_with_what_they_are(runs: Path) -> None:
    outcome = nncli("--runs-dir", runs, "--json")
    assert names(outcome) == [
        "20260105-000000-compare-x",
        "20260104-000000-now",
        "20260103-000000-new",
        "20260102-000000-bad",
        "20260101-000000-old",
    ]
    comparison, now, new, bad, _ = json.loads(outcome.stdout)["runs"]
    assert (comparison["kind"], comparison["cells"], comparison["value"], comparison["data"]) == (
        "compare", 2, 0.8, "digits",
    )  # fmt: skip
    assert (now["status"], now["epochs"], now["epochs_asked"], now["value"]) == ("running", 1, None, None)
    assert (new["metric"], new["value"], new["epochs"], new["epochs_asked"], new["seconds"]) == (
        "accuracy", 0.9, 12, 20, 90.0,
    )  # fmt: skip
    assert bad["status"] == "failed"
    lines = nncli("--runs-dir", runs).stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["run", *names(outcome)]
    assert lines[1].split()[1:7] == ["compare", "finished", "digits", "0.8000", "2", "runs"]
    assert lines[3].split()[1:6] == ["train", "finished", "digits", "0.9000", "12/20"]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["status=finished", "kind=train"], ["20260103-000000-new", "20260101-000000-old"]),
        (["optimizer.name=sgd"], ["20260103-000000-new"]),
        (["optimizer=sgd"], ["20260103-000000-new"]),
        (["optimizer.learning_rate=1e-3", "test=0.8"], ["20260101-000000-old"]),
        (["data.source=digits", "status=failed"], ["20260102-000000-bad"]),
        (["status=dead"], []),
        (["name=20260101-000000-old"], ["20260101-000000-old"]),
    ],
)
def test_filters_choose_by_columns_records_and_configs(runs: Path, filters: list[str], expected: list[str]) -> None:
    options = [word for text in filters for word in ("--filter", text)]
    assert names(nncli("--runs-dir", runs, "--json", *options)) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("test", ["new", "x", "old", "now", "bad"]),
        ("seconds", ["new", "old"]),
        ("name", ["old", "bad", "new", "now", "x"]),
        ("status", ["bad", "x", "new", "old", "now"]),
        ("optimizer.name", ["now", "bad", "old", "new", "x"]),
    ],
)
def test_runs_are_sorted_by_a_column_or_a_key(runs: Path, sort: str, expected: list[str]) -> None:
    found = [name.split("-")[-1] for name in names(nncli("--runs-dir", runs, "--json", "--sort", sort))]
    chosen = [name for name in found if name in expected]
    assert chosen == expected
    turned = [name.split("-")[-1] for name in names(nncli("--runs-dir", runs, "--json", "--sort", sort, "--reverse"))]
    assert turned == found[::-1]


@pytest.mark.parametrize("option", ["--sort", "--filter"])
def test_a_key_that_no_run_has_is_refused_with_one_that_is_written_alike(runs: Path, option: str) -> None:
    value = "optimzer.name" if option == "--sort" else "optimzer.name=adam"
    outcome = nncli("--runs-dir", runs, option, value)
    assert outcome.exit_code == 2
    assert "no run has optimzer.name" in outcome.stderr and "optimizer.name" in outcome.stderr


def test_a_filter_without_a_value_and_an_option_at_the_wrong_place_are_refused(runs: Path) -> None:
    outcome = nncli("--runs-dir", runs, "--filter", "status")
    assert outcome.exit_code == 2 and "expected KEY=VALUE" in outcome.stderr
    outcome = nncli("--runs-dir", runs, "show", "old")
    assert outcome.exit_code == 2 and "nncli runs show --runs-dir" in outcome.stderr


def test_without_runs_nothing_is_shown_and_the_next_step_is_told(tmp_path: Path) -> None:
    outcome = nncli("--runs-dir", tmp_path / "none")
    assert (outcome.exit_code, outcome.stdout) == (0, "") and "nncli train" in outcome.stderr
    assert names(nncli("--runs-dir", tmp_path / "none", "--json")) == []


def test_damaged_files_are_no_obstacle(runs: Path) -> None:
    (runs / "20260101-000000-old" / files.RECORD).write_text("{")
    (runs / "20260103-000000-new" / files.SUMMARY).write_text("[]")
    (runs / "20260102-000000-bad" / files.CONFIG).write_bytes(b"\xff: [")
    rows = {row.name: row for row in list_rows(runs, filters=())}
    assert rows["20260101-000000-old"].status == "unreadable"
    assert rows["20260103-000000-new"].value is None
    assert names(nncli("--runs-dir", runs, "--json", "--filter", "optimizer.name=sgd")) == ["20260103-000000-new"]


OTHER_TYPES = (None, "x", [{"name": []}], {"metrics": [1], "task": "binary"})


@pytest.mark.parametrize("file", [files.RECORD, files.SUMMARY, files.COMPARISON, files.MANIFEST])
def test_values_of_another_type_hide_no_run_and_end_in_no_defect(runs: Path, file: str) -> None:
    for folder in ("20260103-000000-new", "20260105-000000-compare-x"):
        path = runs / folder / file
        whole = json.loads(path.read_text()) if path.exists() else {"sha256": {}, "test": {}}
        path.write_text("{}")
        for place, key in enumerate([*whole, "command", "reason", "versions", "machine", "duration_seconds", "ended"]):
            for value in OTHER_TYPES[place % 2 :: 2]:
                path.write_text(json.dumps({**whole, key: value}))
                assert len(names(nncli("--runs-dir", runs, "--json", "--sort", "test"))) == 5
                for words in (("--sort", "seconds"), ("show", path.parent), ("diff", path.parent, "old")):
                    outcome = nncli(*words, "--runs-dir", runs)
                    assert outcome.exit_code == 0, (words, key, value, outcome.stderr)


@pytest.mark.parametrize("width", [100, 80, 60, 40])
def test_the_table_fits_the_terminal(runs: Path, width: int) -> None:
    lines = run_table(list_rows(runs), width, datetime(2026, 2, 1, tzinfo=UTC)).splitlines()
    assert max(map(len, lines)) <= width
    assert all(line.startswith("2026010") and len(line.split()[0]) >= 17 for line in lines[1:])
    assert "status" in lines[0]


def test_at_80_columns_usual_runs_have_all_their_columns(tmp_path: Path) -> None:
    make_run(tmp_path, "20260101-000000-mnist_softmax")
    table = run_table(list_rows(tmp_path), 80, datetime(2026, 1, 3, tzinfo=UTC))
    assert table == (
        "run                            status    data    accuracy  epochs  when  seconds\n"
        "20260101-000000-mnist_softmax  finished  digits    0.9000   12/20   2 d      2.5\n"
    )


def test_different_metrics_are_named_beside_their_values(tmp_path: Path) -> None:
    make_run(tmp_path, "a")
    make_run(tmp_path, "b", task="regression", accuracy=-0.25)
    table = run_table(list_rows(tmp_path, sort="test"), None)
    assert "accuracy 0.9000" in table and "r2_score -0.2500" in table


def test_ages_are_told_in_their_largest_unit() -> None:
    now = datetime(2026, 1, 2, tzinfo=UTC)
    assert age("2026-01-01T23:59:30+00:00", now) == "30 s"
    assert age("2025-12-30T23:00:00+00:00", now) == "2 d"
    assert age("2026-01-03T00:00:00+00:00", now) == "0 s"
    assert age(None, now) == age("2026-01-01T00:00:00", now) == "-"


def test_show_tells_all_of_a_run_and_the_trainings_of_a_comparison(runs: Path) -> None:
    outcome = nncli("show", "new", "--runs-dir", runs)
    assert outcome.exit_code == 0
    told = outcome.stdout
    assert "12 of 20" in told and "accuracy" in told and "digits (train 10), fingerprint abc" in told
    value = json.loads(nncli("show", "new", "--runs-dir", runs, "--json").stdout)
    assert (value["status"], value["record"]["seed"], value["summary"]["epochs"]) == ("finished", 1, 12)
    assert set(value["files"]) == {files.CONFIG, files.RECORD, files.SUMMARY, files.METRICS}
    comparison = nncli("show", "20260105", "--runs-dir", runs).stdout
    assert "  a-seed1" in comparison and "  b-seed1" in comparison


def test_diff_tells_only_what_differs(runs: Path) -> None:
    outcome = nncli("diff", "old", "new", "--runs-dir", runs, "--json")
    value = json.loads(outcome.stdout)
    assert value["config"] == {
        "name": ["20260101-000000-old", "20260103-000000-new"],
        "optimizer.name": ["adam", "sgd"],
    }
    assert value["metrics"] == {"test.accuracy": [0.8, 0.9]}
    assert value["data"] == value["versions"] == value["machine"] == {}
    told = nncli("diff", "old", "new", "--runs-dir", runs).stdout
    assert [line.split() for line in told.splitlines()][2:] == [
        ["optimizer.name", "adam", "sgd"],
        ["metrics:", "test.accuracy", "0.8", "0.9"],
    ]
    assert nncli("diff", "new", "new", "--runs-dir", runs).stdout.startswith("nothing differs")
    assert nncli("diff", "new", "none", "--runs-dir", runs).exit_code == 2


def test_a_training_and_a_comparison_differ_in_what_both_have(runs: Path) -> None:
    value = json.loads(nncli("diff", "new", "20260105", "--runs-dir", runs, "--json").stdout)
    assert value["status"] == {"kind": ["train", "compare"]}
    assert value["config"] == value["data"] == {} and value["equal_weights"] is None
    assert value["metrics"]["b: test.accuracy"] == [None, 0.8]


def test_a_failure_is_told_with_its_reason_and_how_to_go_on(runs: Path) -> None:
    RunFolder(runs / "20260102-000000-bad").write_record(reason="the disk is full")
    outcome = nncli("show", "bad", "--runs-dir", runs)
    assert "failed: the disk is full" in outcome.stdout
    assert "train it again: nncli train" in outcome.stderr


def test_rm_asks_and_removes_a_comparison_with_its_cells(runs: Path) -> None:
    for answer in ("n\n", "", "\n"):
        outcome = nncli("rm", "20260105", "20260101", "--runs-dir", runs, stdin=answer)
        assert outcome.exit_code == 1 and "remove 2 runs" in outcome.stderr
    assert (runs / "20260105-000000-compare-x" / "a-seed1").is_dir()
    outcome = nncli("rm", "20260105", "20260101", "--runs-dir", runs, stdin="y\n")
    assert outcome.exit_code == 0 and outcome.stdout.startswith("removed 2 runs")
    assert {path.name for path in runs.iterdir()} == {
        "20260102-000000-bad", "20260103-000000-new", "20260104-000000-now", "notes", "file.txt",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("20260104", "is running"),
        ("2026", "fits 5 runs"),
        ("new", "no run 'new'"),
        ("latest", "no run 'latest'"),
        ("", "is not in"),
        ("{runs}", "is not in"),
        ("{runs}/..", "is not in"),
        ("{runs}/../outside", "is not in"),
        ("{runs}/20260103-000000-new/../../outside", "is not in"),
        ("{runs}/notes", "is not a run folder"),
        ("{runs}/file.txt", "is not a run folder"),
        ("{runs}/link", "is a link"),
        ("link", "is a link"),
        ("{runs}/20260105-000000-compare-x/a-seed1", "belongs to the comparison"),
        ("/", "is not in"),
    ],
)
def test_rm_touches_nothing_but_ended_runs_of_the_folder(runs: Path, word: str, message: str) -> None:
    outside = make_run(runs.parent, "outside").path
    (runs / "link").symlink_to(outside, target_is_directory=True)
    before = sorted(str(path) for path in runs.parent.rglob("*"))
    outcome = nncli("rm", "20260103-000000-new", word.format(runs=runs), "--yes", "--runs-dir", runs)
    assert outcome.exit_code == 2 and message in outcome.stderr, outcome.stderr
    assert sorted(str(path) for path in runs.parent.rglob("*")) == before


def test_a_run_can_be_named_by_its_folder_also_through_a_link_to_the_folder_of_runs(runs: Path) -> None:
    (runs.parent / "short").symlink_to(runs, target_is_directory=True)
    words = [
        runs / "20260101-000000-old",
        f"{runs}/20260102-000000-bad/",
        runs.parent / "short" / "20260103-000000-new",
    ]
    outcome = nncli("rm", *words, "--yes", "--runs-dir", runs, "--json")
    assert outcome.exit_code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["removed"] == [
        "20260101-000000-old", "20260102-000000-bad", "20260103-000000-new",
    ]  # fmt: skip
    assert not list(runs.glob("2026010[123]*"))


def test_prune_keeps_the_newest_and_those_that_run(runs: Path) -> None:
    outcome = nncli("prune", "--keep", 1, "--yes", "--runs-dir", runs, "--json")
    assert json.loads(outcome.stdout)["removed"] == [
        "20260103-000000-new", "20260102-000000-bad", "20260101-000000-old",
    ]  # fmt: skip
    assert names(nncli("--runs-dir", runs, "--json")) == ["20260105-000000-compare-x", "20260104-000000-now"]
    assert nncli("prune", "--keep", 5, "--runs-dir", runs).exit_code == 0
    assert nncli("prune", "--keep", -1, "--runs-dir", runs).exit_code == 2


def test_prune_with_a_filter_counts_and_removes_only_those_that_fit(runs: Path) -> None:
    options = ("--filter", "status=failed", "--yes", "--runs-dir", runs, "--json")
    assert json.loads(nncli("prune", "--keep", 1, *options).stdout)["removed"] == []
    assert json.loads(nncli("prune", "--keep", 0, *options).stdout)["removed"] == ["20260102-000000-bad"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_killed_comparison_is_dead_and_can_be_removed(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from nncli.run.folder import RunFolder
folder = RunFolder.create(Path(sys.argv[1]), "comparison", kind="compare", stamped=False)
RunFolder.create(folder.path, "cell", kind="cell", stamped=False)
print("made", flush=True)
sys.stdin.read()
"""
    runs = tmp_path / "runs"
    words = [sys.executable, "-c", code, str(runs)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    assert nncli("rm", "comparison", "--yes", "--runs-dir", runs).exit_code == 2
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    [row] = list_rows(runs)
    assert row.status == "dead"
    value = json.loads(nncli("show", "comparison", "--runs-dir", runs, "--json").stdout)
    assert [cell["status"] for cell in value["cells"]] == ["dead"]
    assert nncli("rm", "comparison", "--yes", "--runs-dir", runs).exit_code == 0
    assert list(runs.iterdir()) == []


def test_a_removal_that_was_interrupted_leaves_no_half_run_and_the_next_clears_it(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nncli.run import removal

    def stop(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(removal.shutil, "rmtree", stop)
        assert nncli("rm", "20260101", "--yes", "--runs-dir", runs).exit_code == 130
    assert "20260101-000000-old" not in names(nncli("--runs-dir", runs, "--json"))
    assert nncli("rm", "20260102", "--yes", "--runs-dir", runs).exit_code == 0
    assert not list(runs.glob(".removed-*"))


def test_the_list_needs_neither_arrays_nor_networks_nor_rich(runs: Path) -> None:
    code = """
import sys
from nncli.cli.commands import app
try:
    app(["runs", "--runs-dir", sys.argv[1]])
except SystemExit:
    pass
print([name for name in ("numpy", "tensorflow", "keras", "yaml", "rich.console") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code, str(runs)], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"
