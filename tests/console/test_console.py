"""What is printed where: answers on stdout, talk on stderr; readable without colour and without a terminal."""

import io
import json

import pytest

from nncli.console import Console, make_table, sparkline
from nncli.errors import ConfigError


def make(json_mode: bool = False) -> tuple[Console, io.StringIO, io.StringIO]:
    stdout, stderr = io.StringIO(), io.StringIO()
    return Console(json_mode=json_mode, stdout=stdout, stderr=stderr), stdout, stderr


def test_in_json_mode_stdout_holds_one_object_and_nothing_else() -> None:
    console, stdout, stderr = make(json_mode=True)
    console.say("talk")
    console.warn("careful")
    console.answer({"name": "ä"}, "text")
    assert json.loads(stdout.getvalue()) == {"name": "ä"}
    assert stderr.getvalue() == "talk\nwarning: careful\n"


def test_brackets_in_a_users_text_are_no_markup() -> None:
    console, stdout, stderr = make()
    console.say("model.layers[0] [red]x[/red]")
    console.answer({}, make_table("[b]t[/b]", ["a[0]"], [["[/nothing]"]]))
    assert stderr.getvalue() == "model.layers[0] [red]x[/red]\n"
    assert "[/nothing]" in stdout.getvalue() and "a[0]" in stdout.getvalue()


def test_an_error_has_a_line_for_each_problem_and_the_fix() -> None:
    console, _, stderr = make()
    console.fail(ConfigError(["a.yaml:1:1  one", "a.yaml:2:1  two"], hint="mend it"))
    assert stderr.getvalue() == "error: a.yaml:1:1  one\nerror: a.yaml:2:1  two\nfix: mend it\n"


def test_training_without_a_terminal_is_plain_lines() -> None:
    console, stdout, stderr = make()
    view = console.training(epochs=3, batches=10)
    for epoch in range(3):
        view.on_batch(epoch, 5, {"loss": 1.0})
        view.on_epoch(epoch, {"loss": 1 / (epoch + 1), "val_loss": 0.5, "seconds": 0.1, "learning_rate": 0.1})
    view.close()
    view.draw_curves()
    lines = stderr.getvalue().splitlines()
    assert lines[0] == "epoch 1/3  loss 1.000 | val 0.5000  0.10 s"
    assert len(lines) == 5 and lines[3].startswith("loss      █")
    assert stdout.getvalue() == ""


def test_many_epochs_do_not_fill_the_screen() -> None:
    console, _, stderr = make()
    view = console.training(epochs=1000, batches=1)
    for epoch in range(1000):
        view.on_epoch(epoch, {"loss": 1.0})
    lines = stderr.getvalue().splitlines()
    assert len(lines) <= 42
    assert lines[0].startswith("epoch    1/1000") and lines[-1].startswith("epoch 1000/1000")


@pytest.mark.parametrize(
    ("values", "width", "expected"),
    [
        ([1.0, 2.0, 3.0], 10, "▁▅█"),
        ([5.0, 5.0], 10, "▁▁"),
        ([], 10, ""),
        ([float("nan"), 1.0], 10, "▁"),
        ([0.0, 0.0, 8.0, 8.0], 2, "▁█"),
    ],
)
def test_a_sparkline_scales_from_lowest_to_highest(values: list[float], width: int, expected: str) -> None:
    assert sparkline(values, width) == expected
    assert sparkline(values, width, ascii_only=True).isascii()
