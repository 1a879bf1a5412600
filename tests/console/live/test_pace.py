"""How many lines a training leaves, on a terminal by a clock that the test moves, elsewhere by numbers alone."""

import itertools

import pytest

from nncli.console.live.pace import MOST_LINES, Pace


def lines_of(epochs: int, seconds: float = 0.01, **options: bool) -> list[int]:
    """The epochs, counted from 1, that have a line where each takes so many seconds."""
    now = [0.0]
    pace = Pace(epochs, clock=lambda: now[0], **{"live": False, **options})
    shown = []
    for epoch in range(epochs):
        now[0] += seconds
        if pace.is_due(epoch, is_first=epoch == 0):
            shown.append(epoch + 1)
    return shown


@pytest.mark.parametrize("epochs", [1, 2, 99, 100, 101, 150, 194, 195, 200, 1000, 3000, 12_345, 10**6])
def test_without_a_terminal_an_epoch_has_a_line_up_to_a_hundred(epochs: int) -> None:
    shown = lines_of(epochs)
    assert shown[0] == 1 and shown[-1] == epochs
    # One is left for the best epoch since the line before.
    assert len(shown) == epochs if epochs <= 100 else 30 <= len(shown) < MOST_LINES
    assert lines_of(epochs, seconds=50.0) == shown, "a log does not depend on how long epochs take"


def test_verbose_shows_every_epoch_everywhere() -> None:
    assert lines_of(3000, all_lines=True) == lines_of(3000, live=True, all_lines=True) == list(range(1, 3001))


def test_thousands_of_tiny_epochs_leave_a_line_a_second_on_a_terminal_and_the_last() -> None:
    shown = lines_of(3000, seconds=0.005, live=True)  # 15 s
    assert shown[0] == 1 and shown[-1] == 3000 and 10 <= len(shown) <= 16
    assert all(after - before >= 200 for before, after in itertools.pairwise(shown[:-1]))


def test_few_epochs_have_a_line_each_however_short_they_are() -> None:
    assert lines_of(30, seconds=0.001, live=True) == list(range(1, 31))


def test_long_epochs_do_not_fill_a_terminal_either() -> None:
    assert len(lines_of(2000, seconds=30.0, live=True)) < MOST_LINES
