"""The complete result of a comparison, as in comparison.json."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.evaluate.comparing import rowwise
from nncli.evaluate.comparing.fairness import find_unequal
from nncli.evaluate.comparing.questions import find_question, resolution_of
from nncli.evaluate.comparing.reasons import find_reasons
from nncli.evaluate.comparing.sentences import describe, short_names, unit_of
from nncli.evaluate.comparing.variants import find_identical, scores_of, sum_up
from nncli.evaluate.comparing.verdicts import Standing, Terms, Verdict, judge
from nncli.evaluate.main_metrics import MAIN_METRICS

Cells = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class _Telling:
    """The terms in which a verdict is worded: `margin` is in the metric's own unit, `pairs` are those that were
    tested."""

    metric: str
    test_rows: int | None
    margin: float | None
    pairs: int
    names: Mapping[str, str]


def summarize(cells: Cells, *, target: float | None = None, margin: float | None = None) -> dict[str, Any]:
    """The comparison of variants over seeds.

    Each cell has "variant", "seed", "run", "task", "fingerprint" (of its data), "rows" (of each part), "test_part" (a
    mark of its test rows), "summary" (None when it diverged or, with "failed", failed), "history" (a record an epoch)
    and "answers" (of each test row, see `rowwise`, or None). `target` is the level for `epochs_to_target`, chosen if
    left out. A `margin` in the unit of `sentences.unit_of` asks whether variants are equal within it.

    No verdict is given where the variants of a seed saw different data.
    """
    task = next((cell["task"] for cell in cells if cell["task"]), "")
    metric, question = MAIN_METRICS[task], find_question(cells)
    unit, scale = unit_of(metric)
    watched, level, variants = sum_up(cells, target)
    resolution = resolution_of(metric, question)
    own_margin = None if margin is None else margin / scale
    terms = Terms(question.overlap if question else 0.0, resolution, own_margin)
    standing = judge(scores_of(cells, metric), terms, find_identical(cells)) if _same_data(cells) else None
    for variant in variants:
        variant["rank"] = list(standing.ranks[variant["name"]]) if standing else None
    baseline = next((c["summary"]["test"]["baseline"]["metrics"][metric] for c in cells if c["summary"]), None)
    return {
        "task": task,
        "metric": metric,
        "unit": unit,
        "baseline": baseline,
        "watched": watched,
        "target": level,
        "seeds": sorted({cell["seed"] for cell in cells}),
        "question": question.to_mapping() if question else None,
        "margin": margin,
        "variants": variants,
        "verdicts": _verdicts(cells, standing, own_margin, metric) if standing else None,
        "unequal": find_unequal(cells),
        "health": find_reasons(cells),
    }


def load_statistics() -> None:
    """Imports what a comparison needs early, as that takes a quarter of a second."""
    import scipy.special  # noqa: F401


def _same_data(cells: Cells) -> bool:
    """Whether the variants of each seed saw the same rows; without that, no difference is theirs alone."""
    known = {(cell["seed"], cell["fingerprint"]) for cell in cells if cell["fingerprint"]}
    return len(known) == len({seed for seed, _ in known})


def _verdicts(cells: Cells, standing: Standing, margin: float | None, metric: str) -> list[dict[str, Any]]:
    """The best variant against each other one."""
    question = find_question(cells)
    counts_rows = question is not None and resolution_of(metric, question) is not None
    telling = _Telling(
        metric=metric,
        test_rows=question.test_rows if question and counts_rows else None,
        margin=margin,
        pairs=sum(pair.adjusted_p is not None for pair in standing.pairs.values()),
        names=short_names(standing.order),
    )
    answers = {(cell["variant"], cell["seed"]): cell.get("answers") for cell in cells}
    return [_verdict(each, telling, answers) for each in standing.against_the_best]


def _verdict(verdict: Verdict, telling: _Telling, answers: Mapping[tuple[str, int], Any]) -> dict[str, Any]:
    difference = verdict.difference
    short = Verdict(**{**vars(verdict), "first": telling.names[verdict.first], "second": telling.names[verdict.second]})
    text = describe(short, telling.metric, test_rows=telling.test_rows, margin=telling.margin, pairs=telling.pairs)
    rows = []
    for seed in verdict.seeds:
        ours, theirs = answers.get((verdict.first, seed)), answers.get((verdict.second, seed))
        if ours is not None and theirs is not None and len(ours) == len(theirs):
            rows.append({"seed": seed, **rowwise.compare_rows(ours, theirs)})
    return {
        "best": verdict.first,
        "other": verdict.second,
        "verdict": verdict.kind,
        "text": text,
        "seeds": list(verdict.seeds),
        "values": list(difference.values) if difference else [],
        "mean": difference.mean if difference else None,
        "deviation": difference.deviation if difference else None,
        "interval": difference.interval if difference else None,
        "p": difference.p if difference else None,
        "adjusted_p": verdict.adjusted_p,
        "equal_within": verdict.equal_within,
        "equivalence_p": verdict.equivalence_p,
        "row_tests": rows,
        "row_text": rowwise.describe(rows),
    }
