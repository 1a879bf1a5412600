"""What stands around the bars of a training, on terminals of several sizes."""

import io

import pytest
import rich.console
from rich.text import Text

from nncli.console.live.bars import Bars, make_bar
from nncli.console.live.panel import Panel
from nncli.console.training import TrainingView

TOLD = "overfitting: since epoch 5 the validation loss rose from 0.186 to 0.432, while the training loss fell to 0.088"


def panel_after(values: list[float], **options: object) -> Panel:
    panel = Panel(300, "val_loss", False, [], **options)  # type: ignore[arg-type]
    for value in values:
        panel.records.append({"loss": value / 2, "val_loss": value})  # type: ignore[attr-defined]
        panel.note_last()
    return panel


def texts(lines: list[list[tuple[str, str]]]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


def test_the_best_epoch_is_told_with_how_long_it_is_past() -> None:
    assert texts(panel_after([3.0, 1.0]).below(80, 24)) == ["best      epoch 2: val_loss 1"]
    told = texts(panel_after([3.0, 1.0, 2.0, 1.0], health="").below(80, 24))
    assert told == ["best      epoch 2: val_loss 1, 2 epochs ago", "health    nothing wrong so far"]
    assert texts(panel_after([3.0, float("nan")]).below(80, 24)) == ["best      epoch 1: val_loss 3, 1 epoch ago"]


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("height", [8, 14, 18, 24, 60])
def test_the_panel_leaves_room_for_epochs_and_fits_the_width(width: int, height: int) -> None:
    panel = panel_after([1.0 / number for number in range(1, 60)], health=TOLD)
    above = panel.above(width, height, colour=True, unicode=True)
    below = panel.below(width, height)
    assert max(map(len, texts([*above, *below])), default=0) <= width
    assert len(above) + len(below) + 2 <= max(2, height - 8)
    assert bool(below) == (height >= 14) and bool(above) == (height >= 18)
    if below:
        assert len(below) == (2 if width == 120 else 3) and below[1][0][1] == "yellow"
        assert all(line.startswith(" " * 10) for line in texts(below)[2:])
    if height == 24:
        assert len(above) == 9


@pytest.mark.parametrize("width", range(1, 40, 3))
def test_the_narrowest_window_does_not_end_a_training(width: int) -> None:
    panel = panel_after([1.0 / number for number in range(1, 60)], health=TOLD)
    lines = [*panel.above(width, 24, colour=True, unicode=True), *panel.below(width, 24)]
    assert max(map(len, texts(lines)), default=0) <= width


def test_a_sketch_takes_the_place_of_the_curves() -> None:
    panel = panel_after([2.0, 1.0])
    panel.sketch = ["..##"]
    assert texts(panel.above(80, 24, colour=True, unicode=True)) == ["..##"]


def test_curves_are_drawn_at_most_twice_a_second() -> None:
    now = [0.0]
    panel = panel_after([2.0, 1.0], clock=lambda: now[0])
    first = texts(panel.above(80, 24, colour=False, unicode=True))
    panel.records.append({"loss": 4.0, "val_loss": 8.0})  # type: ignore[attr-defined]
    assert texts(panel.above(80, 24, colour=False, unicode=True)) == first
    assert texts(panel.above(60, 24, colour=False, unicode=True)) != first, "another width is drawn at once"
    now[0] = 0.6
    assert "val_loss 8" in texts(panel.above(60, 24, colour=False, unicode=True))[-1]


def test_a_frame_is_one_update_of_the_terminal_and_the_last_one_takes_all_away() -> None:
    screen = io.StringIO()
    console = rich.console.Console(file=screen, force_terminal=True, width=80, height=24)
    view = TrainingView(console, 5, 2, monitor="val_loss")
    view.judge = lambda: TOLD
    for epoch in range(3):
        view.on_batch(epoch, 2, {"loss": 1.0})
        view.on_epoch(epoch, {"loss": 1.0 - epoch / 4, "val_loss": 2.0, "seconds": 0.1})
    view.close()
    written = screen.getvalue()
    frames = written.split("\x1b[?2026h")[1:]
    assert len(frames) > 3 and all(frame.count("\x1b[?2026l") == 1 for frame in frames)
    assert "overfitting: since epoch 5" in written and "best" in written
    # What is erased at the end are all lines of the last frame.
    last = frames[-1].partition("\x1b[?2026l")
    assert last[2].count("\x1b[1A\x1b[2K") >= last[0].count("\n")


def test_one_of_many_trainings_is_a_bar_alone() -> None:
    screen = io.StringIO()
    console = rich.console.Console(file=screen, force_terminal=True, width=80, height=24)
    view = TrainingView(console, 5, 2, title="seed 1 relu", monitor="val_loss")
    for epoch in range(3):
        view.on_batch(epoch, 2, {"loss": 1.0})
        view.on_epoch(epoch, {"loss": 1.0 - epoch / 4, "val_loss": 2.0, "seconds": 0.1})
    view.close()
    assert "seed 1 relu" in screen.getvalue() and "val_loss" not in screen.getvalue()


def test_a_dumb_terminal_gets_lines_and_no_panel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    screen = io.StringIO()
    view = TrainingView(rich.console.Console(file=screen, force_terminal=True, width=80), 5, 2, monitor="val_loss")
    view.on_batch(0, 1, {"loss": 1.0})
    view.on_epoch(0, {"loss": 1.0, "val_loss": 2.0})
    view.close()
    assert "\x1b" not in screen.getvalue() and screen.getvalue().count("\n") == 3


def test_a_terminal_that_becomes_narrower_breaks_lines_which_are_erased_as_well() -> None:
    screen = io.StringIO()
    console = rich.console.Console(file=screen, force_terminal=True, width=80, height=24)
    bars = Bars(make_bar(), console=console)
    bars.live.auto_refresh = False
    bars.above = lambda: [Text("x" * 80), Text("y" * 41), Text("z" * 40)]
    bars.start()
    bars.add_task("", total=1)
    bars.refresh()  # three lines and a bar of 80 columns
    screen.seek(0)
    screen.truncate()
    console.width = 40
    bars.above = lambda: []
    bars.refresh()
    # On 40 columns the first, the second and the bar are two lines each: seven in all, six above the cursor.
    assert screen.getvalue().split("\x1b[?2026l")[0].count("\x1b[1A") == 6
    bars.stop()


def test_bars_that_are_held_stay_while_somebody_types_and_go_when_the_training_goes_on() -> None:
    screen = io.StringIO()
    console = rich.console.Console(file=screen, force_terminal=True, width=40, height=24)
    bars = Bars(make_bar(), console=console)
    bars.live.auto_refresh = False
    bars.above = lambda: [Text("curves")]
    bars.release()  # nothing is held
    bars.start()
    bars.add_task("", total=1)
    bars.refresh()
    screen.seek(0)
    screen.truncate()
    bars.hold()
    held = screen.getvalue()
    assert not bars.live.is_started and "curves" in held
    assert held.endswith("\n\n\n\x1b[3A\x1b7"), "there is room for what is typed, and the place is noted"
    assert "\x1b[2K" not in held[held.rindex("curves") :], "they are left on the screen"
    bars.release()
    assert screen.getvalue()[len(held) :].startswith("\x1b8\r\x1b[2A\x1b[J"), "the two lines and what is below them"
    assert bars.live.is_started and "curves" in screen.getvalue()[len(held) :]
    bars.stop()
