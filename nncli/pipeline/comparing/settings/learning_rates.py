"""Three learning rates for each variant, of which the validation set chooses one."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.config.schedules import Piecewise
from nncli.config.sections import Config
from nncli.errors import UsageError

FACTORS = (0.1, 1.0, 10.0)
_KEY, _INITIAL = "optimizer.learning_rate", "initial_learning_rate"


def rates_to_try(config: Config) -> list[tuple[str, str]]:
    """A tenth of the config's learning rate, the rate, and ten times it; each with the assignment that sets it.

    A schedule keeps its form and is scaled by its initial rate. Raises UsageError for one without such a rate.
    """
    rate = config.optimizer.learning_rate
    if isinstance(rate, Piecewise):
        raise UsageError(
            f"--lr-range: {config.name} has a piecewise schedule, which has no single learning rate to vary",
            hint="leave --lr-range out, or give it another schedule",
        )
    key, middle = (_KEY, rate) if isinstance(rate, float) else (f"{_KEY}.{_INITIAL}", rate.initial_learning_rate)
    return [(text, f"{key}={text}") for text in (f"{middle * factor:.6g}" for factor in FACTORS)]


def choose_rates(
    outcomes: Sequence[Mapping[str, Any]], tried: Mapping[str, tuple[str, str]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The outcomes with each variant's best rate, under the variant's name; and what was chosen from what.

    `tried` has for the name of each trained variant that of the variant it stands for, and its rate. The best rate has
    the lowest mean validation loss of the best epochs over the seeds; one with which a training did not end comes last.
    """
    groups: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for outcome in outcomes:
        variant, rate = tried[outcome["variant"]]
        groups.setdefault(variant, {}).setdefault(rate, []).append(outcome)
    told, best = [], {}
    for variant, rates in groups.items():
        losses = {rate: _mean_loss(group) for rate, group in rates.items()}
        chosen = min(losses, key=lambda rate, losses=losses: (losses[rate] is None, losses[rate] or 0.0))  # type: ignore[misc]
        best[variant] = chosen
        told.append({"variant": variant, "chosen": chosen, "validation_losses": losses})
    kept = [
        {**outcome, "variant": tried[outcome["variant"]][0]}
        for outcome in outcomes
        if best[tried[outcome["variant"]][0]] == tried[outcome["variant"]][1]
    ]
    return kept, told


def _mean_loss(outcomes: Sequence[Mapping[str, Any]]) -> float | None:
    if any(outcome["summary"] is None for outcome in outcomes):
        return None
    losses = [outcome["summary"]["best"].get("val_loss") for outcome in outcomes]
    return None if any(loss is None for loss in losses) else statistics.fmean(losses)


def describe_rates(told: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[str]:
    """A line for each variant: the rate that was chosen, those that were tried, and whether it is at their edge."""
    lines = []
    for each in told:
        rates = list(each["validation_losses"])
        edge = {rates[0]: "; try smaller ones", rates[-1]: "; try larger ones"}
        further = edge.get(each["chosen"], "")
        lines.append(
            f"learning rate of {names[each['variant']]}: {each['chosen']} of {', '.join(rates)} "
            f"by validation loss{further}"
        )
    return lines
