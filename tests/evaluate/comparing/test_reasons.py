"""What was wrong with the trainings of a variant, counted over the seeds."""

from nncli.evaluate.comparing.reasons import describe_reasons, find_reasons


def cell(variant: str, *rules: str, ended: bool = True) -> dict[str, object]:
    return {"variant": variant, "summary": {"health": [{"rule": rule} for rule in rules]} if ended else None}


CELLS = [
    *(cell("a", "vanishing"), cell("a", "vanishing", "not-learning"), cell("a", "vanishing")),
    *(cell("b"), cell("b", "overfitting"), cell("b", ended=False)),
    *(cell("c"), cell("c"), cell("c")),
]


def test_verdicts_are_counted_over_the_trainings_of_each_variant() -> None:
    assert find_reasons(CELLS) == {"a": {"vanishing": 3, "not-learning": 1}, "b": {"overfitting": 1}}


def test_only_what_half_of_the_seeds_have_is_told() -> None:
    names = {"a": "sigmoid", "b": "relu", "c": "tanh"}
    assert describe_reasons(find_reasons(CELLS), 3, names) == [
        "health of sigmoid: vanishing (3 of 3) [nncli explain vanishing]"
    ]


def test_runs_of_versions_without_health_have_no_reasons() -> None:
    assert find_reasons([{"variant": "a", "summary": {}}]) == {}
