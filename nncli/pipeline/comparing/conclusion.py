"""The result of a comparison from all of its trainings: verdicts, tables and a picture, in the comparison's folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nncli.errors import NncliError
from nncli.evaluate import plots
from nncli.evaluate.comparing.fairness import describe_unequal
from nncli.evaluate.comparing.reasons import describe_reasons
from nncli.evaluate.comparing.sentences import short_names
from nncli.evaluate.comparing.summary import summarize
from nncli.evaluate.comparing.variants import mean_curves
from nncli.pipeline.comparing.outcomes import cells_table
from nncli.pipeline.comparing.settings.learning_rates import choose_rates, describe_rates
from nncli.pipeline.comparing.variants import ComparisonRequest
from nncli.run import files
from nncli.run.folder import RunFolder

# For the name of each trained variant that of the one it stands for, and its learning rate.
Tried = Mapping[str, tuple[str, str]]
# For each key in which configs differ, its value in each variant.
Differing = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Comparison:
    """A finished comparison: its folder, what comparison.json says, and the first run of the best variant, if any.

    `is_trained` is false for runs that were there already. `curves` are the watched metric of each variant over the
    epochs, the mean of its trainings; `names` are short ones for the variants. `notes` say which learning rates were
    chosen and what was wrong with trainings, `warnings` what was not equal for all variants. `trackers` are those that
    still work, None without any.
    """

    folder: RunFolder
    result: dict[str, Any]
    best: Path | None = None
    is_trained: bool = True
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_over_folds: bool = False
    trackers: Sequence[str] | None = None


def conclude(
    folder: RunFolder,
    outcomes: Sequence[Mapping[str, Any]],
    request: ComparisonRequest,
    differing: Differing,
    tried: Tried,
) -> Comparison:
    """Compares the outcomes of trainings and writes the result into the folder. Raises NncliError where none ended."""
    if all(outcome["summary"] is None and outcome.get("failed") for outcome in outcomes):
        raise NncliError(f"every training failed; the first one: {outcomes[0]['failure']}")
    folder.write(files.CELLS, cells_table(outcomes))
    rates: list[dict[str, Any]] = []
    if tried:
        outcomes, rates = choose_rates(outcomes, tried)
    result = {
        "comparison": str(folder.path),
        **summarize(outcomes, target=request.target, margin=request.margin),
        "learning_rates": rates,
        "differing": differing,
    }
    folder.write_json(files.COMPARISON, result)
    folder.write(f"{files.PLOTS}/comparison.png", plots.comparison_curves(outcomes, result))
    parts = plots.comparison_parts(outcomes, result)
    folder.write_each({f"{files.PLOTS}/{name}.svg": content for name, content in parts.items()})
    names = short_names([variant["name"] for variant in result["variants"]])
    notes = [*describe_rates(rates, names), *describe_reasons(result["health"], len(result["seeds"]), names)]
    warnings = describe_unequal(result["unequal"], names)
    return Comparison(
        folder,
        result,
        _best_run(outcomes, result),
        names=names,
        curves=mean_curves(outcomes, result["watched"]),
        notes=tuple(notes),
        warnings=tuple(warnings),
        is_over_folds=request.folds is not None,
    )


def _best_run(outcomes: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Path | None:
    """The finished training with the lowest seed of the best variant, or of any where none is the best."""
    best = result["verdicts"][0]["best"] if result["verdicts"] else None
    finished = [outcome for outcome in outcomes if outcome["summary"]]
    ranked = sorted(finished, key=lambda outcome: outcome["variant"] != best)
    return Path(ranked[0]["run"]) if ranked else None
