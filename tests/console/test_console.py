"""What is printed where: answers on stdout, talk on stderr; readable without colour and without a terminal."""

import io
import json
import os

import pytest
import rich.console
from rich.cells import cell_len

from nncli.console import Console, make_table, sparkline
from nncli.console.epochs import EpochTable, best_so_far, show_number
from nncli.console.training import TrainingView
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
    console.answer({}, make_table(["a[0]"], [["[/nothing]"]]))
    assert stderr.getvalue() == "model.layers[0] [red]x[/red]\n"
    assert "[/nothing]" in stdout.getvalue() and "a[0]" in stdout.getvalue()


@pytest.mark.parametrize("width", [20, 28, 40, 60, 80])
def test_a_table_breaks_no_word_at_any_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    console, stdout, _ = make()
    columns, row = ["layer", "options", "activation"], ["dense", "l2=0.001, units=64", "sigmoid"]
    console.answer({}, make_table(columns, [row, ["flatten", "", ""]], left=2))
    lines = stdout.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    words = stdout.getvalue().replace(":", "").split()
    assert {*" ".join(row).split(), *columns, "flatten"} - {*words} <= ({"layer"} if width < 40 else set())
    assert len(lines) == (3 if width > 60 else len(lines))


@pytest.mark.parametrize("width", [12, 30])
def test_a_listed_table_loses_no_wide_letter(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    console, stdout, _ = make()
    console.answer({}, make_table(["a", "名前", "values"], [["x", "日本語" * 4, "/a/path/of/more/letters"]], left=3))
    lines = stdout.getvalue().splitlines()
    assert max(map(cell_len, lines)) <= width
    assert "".join(stdout.getvalue().split()) == "x名前:" + "日本語" * 4 + "values:/a/path/of/more/letters"


def test_an_error_has_a_line_for_each_problem_and_the_fix() -> None:
    console, _, stderr = make()
    console.fail(ConfigError(["a.yaml:1:1  one", "a.yaml:2:1  two"], hint="fix it"))
    assert stderr.getvalue() == "error: a.yaml:1:1  one\nerror: a.yaml:2:1  two\nfix: fix it\n"


def test_training_without_a_terminal_is_plain_lines() -> None:
    console, stdout, stderr = make()
    view = console.training(epochs=3, batches=10, monitor="val_loss")
    for epoch in range(3):
        view.on_batch(epoch, 5, {"loss": 1.0})
        val_loss = 0.5 if epoch < 2 else 0.6
        view.on_epoch(epoch, {"loss": 1 / (epoch + 1), "val_loss": val_loss, "seconds": 0.1, "learning_rate": 0.1})
    view.close()
    view.draw_curves()
    lines = stderr.getvalue().splitlines()
    assert lines[:5] == [
        "epoch      loss  val_loss     time",
        "  1/3    1.0000    0.5000   0.10 s *",
        "  2/3    0.5000    0.5000   0.10 s",
        "  3/3    0.3333    0.6000   0.10 s",
        "* the best val_loss so far",
    ]
    assert len(lines) == 7 and lines[5].startswith("loss      █")
    assert stdout.getvalue() == ""


def test_many_epochs_do_not_fill_the_screen() -> None:
    console, _, stderr = make()
    view = console.training(epochs=1000, batches=1)
    for epoch in range(1000):
        view.on_epoch(epoch, {"loss": 1.0})
    lines = stderr.getvalue().splitlines()
    assert len(lines) == 52, "a header, the first, every twentieth, and nothing to explain"
    assert lines[1].startswith("   1/1000 ") and lines[-1].startswith("1000/1000 ")


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_epoch_lines_keep_their_columns_and_the_width_whatever_the_numbers_are(width: int) -> None:
    metrics = ("loss", "mean_absolute_error", "r2_score")
    tables = []
    for size in (1e-7, 0.5, 1234.5, 9.9e8, float("nan")):
        record = {name: size for metric in metrics for name in (metric, f"val_{metric}")} | {"seconds": 4000.0}
        table = EpochTable(record, 2000, width, monitor="val_loss")
        smaller = dict.fromkeys(record, size / 1e5) | {"seconds": 0.1}
        lines = [table.line(epoch, each, is_best=True) for epoch, each in ((0, record), (5, smaller), (1999, record))]
        tables.append([table.header, *lines])
    for header, *lines in tables:
        assert header.split()[:3] == ["epoch", "loss", "val_loss"]
        assert {len(line) for line in lines} == {len(header) + 2} and max(map(len, lines)) <= width
    assert ("val_mae" in tables[0][0]) == (width >= 60)
    assert ("val_r2_score" in tables[0][0]) == (width >= 120)


def test_a_number_keeps_three_digits_or_more_however_far_it_shrinks() -> None:
    losses = (123456.7, 812.3, 3.271, 3.3, 812.3, 0.000432, 1.2e-5, 0.88, 1e12, float("nan"))
    table = EpochTable({"loss": losses[0]}, 10, 80)
    cells = [table.line(epoch, {"loss": loss}, is_best=False).split()[1] for epoch, loss in enumerate(losses)]
    assert cells[:6] == ["123457", "812", "3.271", "3.300", "812.300", "0.000432"]
    assert cells[6:] == ["1.20e-05", "0.880000", "1.00e+12", "nan"]
    assert show_number(-1.234e-5, 4) == "-1.2e-05"


@pytest.mark.parametrize(
    ("stopped", "best", "expected"),
    [
        (107, 92, ["100", "107", "92"]),
        (99, 92, ["50", "92", "99"]),
        (120, 103, ["100", "103", "120"]),
        (3000, 1, ["2950", "3000"]),
        (3000, 103, ["2950", "3000", "103"]),
        (150, 103, ["100", "150", "103"]),
    ],
)
def test_the_last_epoch_and_the_best_one_have_lines(stopped: int, best: int, expected: list[str]) -> None:
    console, _, stderr = make()
    view = console.training(epochs=3000, batches=1, monitor="loss")
    for epoch in range(stopped):
        view.on_epoch(epoch, {"loss": 1.0 if epoch + 1 == best else 2.0})
    view.close()
    lines = [line for line in stderr.getvalue().splitlines() if "/3000" in line]
    assert [line.split("/")[0].strip() for line in lines][-len(expected) :] == expected
    assert all(line.endswith("*") == (line.split("/")[0].strip() in ("1", str(best))) for line in lines)


def test_the_mark_is_explained_after_two_epochs_too() -> None:
    console, _, stderr = make()
    view = console.training(epochs=9, batches=1, monitor="loss")
    for epoch in range(2):
        view.on_epoch(epoch, {"loss": 1.0 - epoch / 2})
    view.close()
    view.draw_curves()
    assert stderr.getvalue().splitlines()[-1] == "* the best loss so far"


def test_an_epoch_is_the_best_only_when_it_is_better_than_all_before() -> None:
    assert best_so_far([0.3], larger_is_better=False) and best_so_far([0.3, 0.2], larger_is_better=False)
    assert not best_so_far([0.3, 0.3], larger_is_better=False)
    assert best_so_far([0.3, 0.4], larger_is_better=True)
    assert best_so_far([float("nan"), 0.4], larger_is_better=True)
    assert not best_so_far([0.4, float("nan")], larger_is_better=True)


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


@pytest.mark.parametrize(
    ("line", "expected"), [("y\n", True), ("YES\n", True), ("y", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_a_question_is_answered_by_a_line_of_stdin(monkeypatch: pytest.MonkeyPatch, line: str, expected: bool) -> None:
    out, err = io.StringIO(), io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(line))
    assert Console(stdout=out, stderr=err).ask("remove it?") is expected
    assert (out.getvalue(), err.getvalue().strip()) == ("", "remove it? [y/N]")


def test_a_line_is_as_wide_as_the_terminal_and_has_no_end_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", "72")
    assert Console(stdout=Terminal()).line_width == 72
    assert Console(stdout=io.StringIO()).line_width is None


def test_a_sketch_stands_above_the_bars_where_there_is_room_and_is_printed_nowhere_else() -> None:
    sketch = ["..##", "##.."]
    for height, is_shown in ((24, True), (8, False)):
        screen = io.StringIO()
        view = TrainingView(rich.console.Console(file=screen, force_terminal=True, width=60, height=height), 3, 2)
        view.show_sketch(sketch)
        view.on_batch(0, 1, {"loss": 1.0})
        view.close()
        assert ("..##" in screen.getvalue()) == is_shown
    pipe = io.StringIO()
    view = TrainingView(rich.console.Console(file=pipe, force_terminal=False, width=60), 3, 2)
    view.show_sketch(sketch)
    assert pipe.getvalue() == ""
    view.print_sketch(sketch)
    assert pipe.getvalue() == "..##\n##..\n"


def test_talk_that_nobody_reads_any_more_goes_nowhere_and_an_answer_is_left_to_the_command() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as stderr:
        console = Console(stderr=stderr)
        console.warn("first")
        console.draw("second")
        console.say("third")
        stderr.write("fourth\n")  # it leads nowhere now
    reader, writer = os.pipe()
    os.close(reader)
    with pytest.raises(BrokenPipeError), os.fdopen(writer, "w", buffering=1) as stdout:
        Console(stdout=stdout).answer({}, "an answer" * 10_000)
