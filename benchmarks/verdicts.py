"""Measures how often `compare` is wrong: verdicts on equals, differences that are missed, equals that really train.

    python benchmarks/verdicts.py
    python benchmarks/verdicts.py --real

Without options: simulated scores of 1,000 comparisons of equals a row (normal, or accuracies counted on few test rows),
judged by what `nncli compare` judges with; then differences of two deviations of the paired difference. With new splits
the simulated seeds of a variant share what the correction assumes: the correlation n_test / (n_test + n_train).

`--real` trains equal networks on bundled data, each once a split and seed, and compares groups of them.
"""

import argparse
import io
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nncli.evaluate.comparing.verdicts import Standing, Terms, judge

COMPARISONS = 1000
SEEDS = 5
# Test and training rows of a split into 80 % and 20 %.
OVERLAP = 0.25
ROWS = (30, 178, 1000)
# The networks of the comparisons that really train, by bundled data set.
REAL = {
    "wine": "[{dense: {units: 8}}, output]",
    "breast_cancer": "[{dense: {units: 8}}, output]",
    "digits": "[{dense: {units: 16}}, output]",
}
CONFIG = """
data: {{source: {source}}}
model: {{layers: {layers}}}
optimizer: {{name: adam, learning_rate: 0.01}}
train: {{epochs: 12}}
"""
Draw = Callable[[np.random.Generator, int], np.ndarray]  # -> scores (variants, seeds)


def main() -> None:
    """Prints the rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", action="store_true", help="train equal networks instead")
    parser.add_argument("--comparisons", type=int, help="1000 simulated ones a row, 100 real ones")
    arguments = parser.parse_args()
    if arguments.real:
        measure_real(arguments.comparisons or 100)
        return
    measure_equals(arguments.comparisons or COMPARISONS)
    measure_power(arguments.comparisons or COMPARISONS)


def measure_equals(comparisons: int) -> None:
    """How often any verdict is given among equal variants."""
    print(f"any verdict among equals, {comparisons} comparisons, {SEEDS} seeds (at most 6.5 % may have one)")
    print(f"{'scores':<46}2 variants  3 variants  5 variants")
    draws: list[tuple[str, Draw, Terms]] = [
        ("normal, fixed test part", normal(0.0), Terms()),
        ("normal, new splits", normal(OVERLAP), Terms(OVERLAP)),
        ("normal, deviations of 1 to 5, fixed", normal(0.0, unequal=True), Terms()),
        ("heavy tails (t, 3 degrees), fixed", heavy, Terms()),
    ]
    for rows in ROWS:
        for rate in (0.97, 0.8):
            name = f"accuracy about {rate:.2f} on {rows} rows"
            draws.append((f"{name}, fixed", counted(rows, rate, fixed=True), Terms(0.0, 1 / rows)))
            draws.append((f"{name}, new splits", counted(rows, rate, fixed=False), Terms(OVERLAP, 1 / rows)))
    draws.append(("one row more or one less, evenly, of 30", one_row, Terms(0.0, 1 / 30)))
    for name, draw, terms in draws:
        rates = [rate_of(draw, variants, terms, comparisons) for variants in (2, 3, 5)]
        print(f"{name:<46}" + "  ".join(f"{rate:>10.1%}" for rate in rates))


def measure_power(comparisons: int) -> None:
    """How often a difference of two deviations of the paired difference is found, by number of seeds."""
    print(f"\nthe best one found, ahead of all others by two deviations of the paired difference, {comparisons} each")
    print(f"{'question, variants':<46}  5 seeds     8 seeds    10 seeds")
    for name, overlap in (("fixed test part", 0.0), ("new splits", OVERLAP)):
        for variants in (2, 3, 5):
            found = []
            for seeds in (5, 8, 10):
                generator = np.random.default_rng(seeds)
                draw, hits = normal(overlap), 0
                for _ in range(comparisons):
                    scores = draw(generator, variants, seeds)  # type: ignore[call-arg]
                    scores[0] += 2 * 2**0.5  # each score has deviation 1, so that the difference has sqrt(2)
                    pairs = judged(scores, Terms(overlap)).pairs.values()
                    hits += all(pair.kind == "better" for pair in pairs if "0" in (pair.first, pair.second))
                found.append(hits / comparisons)
            print(f"{name + f', {variants} variants':<46}" + "  ".join(f"{rate:>9.1%}" for rate in found))


def rate_of(draw: Draw, variants: int, terms: Terms, comparisons: int) -> float:
    """The share of comparisons in which any pair has a verdict."""
    generator = np.random.default_rng(variants)
    hits = 0
    for _ in range(comparisons):
        pairs = judged(draw(generator, variants), terms).pairs.values()
        hits += any(pair.kind == "better" for pair in pairs)
    return hits / comparisons


def judged(scores: np.ndarray, terms: Terms) -> Standing:
    """The verdicts on scores (variants, seeds)."""
    return judge({str(i): dict(enumerate(row)) for i, row in enumerate(scores.tolist())}, terms)


def normal(overlap: float, *, unequal: bool = False) -> Draw:
    """Normal scores; with an overlap, the seeds of a variant share what the correction assumes.

    A part of the score is then common to all seeds, of variance overlap for 1 that is a seed's own.
    """

    def draw(generator: np.random.Generator, variants: int, seeds: int = SEEDS) -> np.ndarray:
        deviations = np.linspace(1, 5, variants) if unequal else np.ones(variants)
        own = generator.normal(size=(variants, seeds))
        shared = generator.normal(size=(variants, 1)) * overlap**0.5
        hardness = generator.normal(size=(1, seeds)) * 3  # a split that is hard is hard for all
        scores: np.ndarray = (own + shared) * deviations[:, None] + hardness
        return scores

    return draw


def heavy(generator: np.random.Generator, variants: int) -> np.ndarray:
    """Scores with outliers."""
    return generator.standard_t(3, size=(variants, SEEDS))


def one_row(generator: np.random.Generator, variants: int) -> np.ndarray:
    """The worst case of a paired t test: each variant has one of two scores."""
    return 0.9 + generator.integers(0, 2, (variants, SEEDS)) / 30


def counted(rows: int, rate: float, *, fixed: bool) -> Draw:
    """Accuracies of networks that miss a hard row half of the time, and now and then another one."""

    def draw(generator: np.random.Generator, variants: int) -> np.ndarray:
        shape = (1 if fixed else SEEDS, rows)
        hard = generator.random(shape) > rate  # rows that are wrong half of the time, the others hardly ever
        chance = np.where(hard, 0.5, 0.002)
        wrong = generator.random((variants, SEEDS, rows)) < chance
        return 1 - wrong.mean(axis=2)

    return draw


def measure_real(comparisons: int) -> None:
    """How often any verdict is given among equal networks that only begin with other weights, on bundled data.

    Each network is trained once a split and seed; a comparison draws its seeds from these. With new splits, it draws
    five splits and on each a seed for every variant; on a fixed test part one split, and five seeds for every variant.
    """
    print(f"any verdict among equal networks, {comparisons} comparisons, {SEEDS} seeds")
    print(f"{'data, question':<34}trainings  test rows  2 variants  3 variants  deviation of the difference")
    for source, layers in REAL.items():
        for question, splits, seeds in (("new splits", 20, 4), ("fixed test part", 4, 20)):
            scores, test_rows, overlap = train_pool(source, layers, splits=splits, seeds=seeds)
            is_fixed = question == "fixed test part"
            terms = Terms(0.0 if is_fixed else overlap, 1 / test_rows)
            rates = [
                drawn_rate(scores, variants, terms, comparisons, fixed=is_fixed)
                for variants in ((2, 3) if seeds >= 3 * SEEDS or not is_fixed else (2,))
            ]
            told = "  ".join(f"{rate:>10.1%}" for rate in rates)
            spread = scores.std(axis=1, ddof=1).mean() * 2**0.5
            print(f"{f'{source}, {question}':<34}{scores.size:>9}  {test_rows:>9}  {told}  {spread:>10.4f}", flush=True)


def drawn_rate(scores: np.ndarray, variants: int, terms: Terms, comparisons: int, *, fixed: bool) -> float:
    """The share of comparisons with any verdict, drawn from scores (splits, seeds)."""
    generator, hits = np.random.default_rng(0), 0
    for _ in range(comparisons):
        if fixed:
            drawn = generator.permutation(generator.choice(scores))[: variants * SEEDS].reshape(variants, SEEDS)
        else:
            chosen = scores[generator.permutation(len(scores))[:SEEDS]]
            drawn = np.stack([generator.permutation(row)[:variants] for row in chosen], axis=1)
        hits += any(pair.kind == "better" for pair in judged(drawn, terms).pairs.values())
    return hits / comparisons


def train_pool(source: str, layers: str, *, splits: int, seeds: int) -> tuple[np.ndarray, int, float]:
    """The test accuracy of one network by split and seed (splits, seeds), the test rows, and n_test / n_train."""
    from nncli import pipeline
    from nncli.console import Console

    with tempfile.TemporaryDirectory() as name:
        config = Path(name) / f"{source}.yaml"
        config.write_text(CONFIG.format(source=source, layers=layers))
        axis = f"data.split_seed={','.join(map(str, range(1, splits + 1)))}"
        request = pipeline.ComparisonRequest.parse([str(config)], [axis], seeds)
        console = Console(stderr=io.StringIO(), quiet=True)  # each split is another variant here, whose data differ
        compared = pipeline.compare(request, folders=pipeline.Folders(Path(name)), console=console)
        scores = np.array([variant["test"]["values"] for variant in compared.result["variants"]])
        record = json.loads((Path(compared.result["variants"][0]["runs"][0]) / "run.json").read_text())
    rows = record["data"]["rows"]
    return scores, rows["test"], rows["test"] / (rows["train"] + rows["validation"])


if __name__ == "__main__":
    main()
