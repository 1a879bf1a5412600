"""The summary of a training on one screen: how good, against what, is it sure, what next."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nncli.cli.views.training import show_training
from nncli.console import Console

METRICS = {"accuracy": 0.9721, "balanced_accuracy": 0.97, "macro_f1": 0.97, "log_loss": 0.13}


def shown(folder: Path, health: list[dict[str, Any]], verdict: str = "better", **test: Any) -> tuple[str, str]:
    """What stdout and stderr get at 80 columns."""
    baseline = {"predicts": "always 1", "metrics": dict.fromkeys(METRICS, 0.1)}
    summary = {
        "monitor": "val_loss", "epochs": 30, "epochs_asked": 30, "best_epoch": 11, "kept_epoch": 11,
        "health": health, "seconds_per_epoch": 0.01, "parameters": 50_826,
        "test": {"rows": 359, "metrics": METRICS, "baseline": baseline, "judged": {"verdict": verdict}, **test},
    }  # fmt: skip
    stdout, stderr = io.StringIO(), io.StringIO()
    run = SimpleNamespace(summary=summary, folder=SimpleNamespace(path=folder), example_input="IMAGE", pictures={})
    show_training(Console(stdout=stdout, stderr=stderr), run, folder.parent)
    return stdout.getvalue(), stderr.getvalue()


def test_the_answer_has_the_interval_the_verdict_and_the_health_on_one_screen(tmp_path: Path) -> None:
    (tmp_path / "health.jsonl").touch()
    answer, talk = shown(tmp_path, [], intervals={"accuracy": (0.9554, 0.9889), "log_loss": None})
    lines = answer.splitlines()
    assert "accuracy 0.9554 to 0.9889 (95 %, 359 rows); clearly better than the baseline" in lines
    assert "health: nothing wrong" in lines
    assert len(lines) + len(talk.splitlines()) <= 20
    assert talk.startswith(f"next: nncli eval {tmp_path}\n      nncli predict IMAGE --run ")


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        ("unclear", "not clearly better than the baseline: this may be chance"),
        ("few", "too few rows to tell whether it is better than the baseline"),
        ("nothing", "no better than the baseline"),
        ("overconfident", "tells classes apart better than the baseline, but its probabilities are worse"),
        ("outliers", "closer than the baseline in most rows, but far off in a few"),
    ],
)
def test_a_network_that_is_not_clearly_better_is_not_called_so(tmp_path: Path, verdict: str, told: str) -> None:
    assert told in shown(tmp_path, [], verdict)[0].splitlines()


def test_an_interval_that_has_the_baseline_in_it_is_not_called_better_by_that_metric(tmp_path: Path) -> None:
    told = " ".join(shown(tmp_path, [], intervals={"accuracy": (0.09, 0.43)})[0].splitlines())
    assert "accuracy 0.0900 to 0.4300 (95 %, 359 rows); by the loss, clearly better than the baseline" in told


def test_nothing_is_said_of_a_health_that_nobody_looked_at(tmp_path: Path) -> None:
    assert "health" not in shown(tmp_path, [])[0]


def test_verdicts_are_named_and_more_epochs_offered_where_they_help_and_can_be_trained(tmp_path: Path) -> None:
    found = [{"rule": "overfitting", "epoch": 5}, {"rule": "still-improving", "epoch": 30}]
    answer, talk = shown(tmp_path, found)
    assert "health: overfitting since epoch 5, still-improving (nncli explain overfitting)" in answer.splitlines()
    assert "--resume" not in talk, "no checkpoint was kept"
    (tmp_path / "checkpoint.npz").touch()
    assert shown(tmp_path, found)[1].startswith(f"next: nncli train --resume {tmp_path} --epochs 60\n")
    assert "--resume" not in shown(tmp_path, found[:1])[1]
