"""Which question the seeds answer."""

from nncli.evaluate.comparing.questions import find_question, resolution_of

ROWS = {"train": 700, "validation": 100, "test": 200}


def test_the_test_rows_of_the_seeds_decide_the_question() -> None:
    same = find_question([{"rows": ROWS, "test_part": "x"}] * 3)
    assert same is not None and (same.kind, same.overlap) == ("fixed_test", 0.0)
    drawn = find_question([{"rows": ROWS, "test_part": mark} for mark in "xyz"])
    assert drawn is not None and (drawn.kind, drawn.overlap) == ("new_splits", 0.25)
    assert "200 test rows each" in drawn.text and "corrected" in drawn.text


def test_trainings_that_never_began_tell_nothing() -> None:
    assert find_question([{"rows": None, "test_part": None}]) is None


def test_a_metric_that_counts_rows_has_a_resolution() -> None:
    question = find_question([{"rows": ROWS, "test_part": "x"}])
    assert resolution_of("accuracy", question) == 1 / 200
    assert resolution_of("r2_score", question) is None and resolution_of("accuracy", None) is None
