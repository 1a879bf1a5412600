"""Intervals as lines of text: where each mark stands, worked out by hand."""

from nncli.console.intervals import interval_rows


def test_all_intervals_share_one_scale_with_room_for_zero() -> None:
    # 19 columns behind the name and two blanks: from 0 to 18, a column a unit.
    assert interval_rows({"a": (2.0, 6.0, 9.0), "bc": (10.0, 14.0, 18.0)}, 2 + 2 + 19) == [
        "a   │ ├───•──┤",
        "bc  │         ├───•───┤",
    ]


def test_zero_inside_an_interval_is_marked_in_it() -> None:
    (line,) = interval_rows({"a": (-8.0, -4.0, 8.0)}, 1 + 2 + 17)
    assert line == "a  ├───•───│───────┤"


def test_there_is_nothing_to_draw_without_room() -> None:
    assert interval_rows({"a" * 70: (0.0, 1.0, 2.0)}, 80) == []
    assert interval_rows({}, 80) == []
