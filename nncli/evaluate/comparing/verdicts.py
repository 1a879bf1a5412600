"""Which variants are better than which, from their scores on shared seeds; does not know what was trained."""

import itertools
import statistics
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from nncli.evaluate.comparing.paired import ALPHA, PairedDifference, compare_pairs, holm

# variant -> seed -> score; a seed whose training failed is left out. Larger is better.
Scores = Mapping[str, Mapping[int, float]]
Kind = Literal["better", "unclear", "identical", "one_seed", "no_spread", "none"]


@dataclass(frozen=True)
class Terms:
    """The assumptions of a verdict: see `paired.compare_pairs`. A `margin` asks for equivalence within it."""

    overlap: float = 0.0
    resolution: float | None = None
    margin: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The first variant, whose mean is not lower, against the second.

    `kind` is `better` (the first, surely), `unclear`, `identical` (in all that was measured, on every seed), `one_seed`
    (no verdict), `no_spread` (no verdict: the same difference with every seed) or `none` (no seed on which both ended).
    `adjusted_p` is p after Holm's correction over all pairs. `equal_within` answers the margin, None where none was
    asked or nothing can be said; `equivalence_p` is its p value, adjusted in the same way.
    """

    first: str
    second: str
    kind: Kind
    seeds: tuple[int, ...]
    difference: PairedDifference | None
    adjusted_p: float | None = None
    equal_within: bool | None = None
    equivalence_p: float | None = None


@dataclass(frozen=True)
class Standing:
    """Every pair of variants, in the order of their means, and the ranks that each variant may have."""

    order: tuple[str, ...]
    pairs: Mapping[tuple[str, str], Verdict]
    ranks: Mapping[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def against_the_best(self) -> list[Verdict]:
        """The variant with the highest mean against each other one."""
        return [self.pairs[self.order[0], other] for other in self.order[1:]]


def judge(scores: Scores, terms: Terms, identical: Collection[frozenset[str]] = ()) -> Standing:
    """A verdict on each pair of variants; `identical` are the pairs that agree in all that was measured.

    Which variant is the best is known only from the scores that are tested, so that testing the best against each other
    one looks at all pairs: Holm's correction counts all k (k - 1)/2 of them. (Demšar, Statistical comparisons of
    classifiers over multiple data sets, JMLR 7, 2006, section 3.2.2, names Holm's among the corrections for all pairs.)
    A pair is compared on the seeds on which both trainings ended.
    """
    means = {name: statistics.fmean(values.values()) for name, values in scores.items() if values}
    order = (*sorted(means, key=lambda name: -means[name]), *(name for name in scores if name not in means))
    pairs = {}
    for first, second in itertools.combinations(order, 2):
        seeds = tuple(seed for seed in scores[first] if seed in scores[second])
        values = [scores[first][seed] - scores[second][seed] for seed in seeds]
        difference = compare_pairs(values, overlap=terms.overlap, resolution=terms.resolution) if values else None
        kind = _kind(difference, is_identical=frozenset((first, second)) in identical)
        pairs[first, second] = Verdict(first, second, kind, seeds, difference)
    pairs = _corrected(pairs, terms.margin)
    return Standing(order, pairs, _ranks(order, pairs))


def _kind(difference: PairedDifference | None, *, is_identical: bool) -> Kind:
    if difference is None:
        return "none"
    if is_identical:
        return "identical"
    if len(difference.values) < 2:
        return "one_seed"
    return "unclear" if difference.p is not None else "no_spread"


def _corrected(pairs: Mapping[tuple[str, str], Verdict], margin: float | None) -> dict[tuple[str, str], Verdict]:
    """The verdicts with p values adjusted for the number of pairs that were tested."""
    tested = [
        (key, each.difference, each.difference.p)
        for key, each in pairs.items()
        if each.kind == "unclear" and each.difference is not None and each.difference.p is not None
    ]
    adjusted = holm([p for _, _, p in tested])
    equivalences = [None if margin is None else difference.equivalence(margin) for _, difference, _ in tested]
    equal = holm([p for p in equivalences if p is not None])
    found = dict(pairs)
    for place, (key, difference, _) in enumerate(tested):
        pair = pairs[key]
        better = adjusted[place] <= ALPHA and difference.mean > 0
        same = equal[place] if equal else None
        found[key] = Verdict(
            pair.first,
            pair.second,
            "better" if better else "unclear",
            pair.seeds,
            difference,
            adjusted[place],
            None if same is None else same <= ALPHA,
            same,
        )
    return found


def _ranks(order: tuple[str, ...], pairs: Mapping[tuple[str, str], Verdict]) -> dict[str, tuple[int, int]]:
    """From the best to the worst rank that the verdicts leave each variant."""
    better = {key for key, pair in pairs.items() if pair.kind == "better"}
    return {
        name: (1 + sum(second == name for _, second in better), len(order) - sum(first == name for first, _ in better))
        for name in order
    }
