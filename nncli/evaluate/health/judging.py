"""Applies all rules: what was found in a training, causes before their consequences."""

import math

from nncli.evaluate.health import course, layers
from nncli.evaluate.health.finding import Finding, Records

# A rule, and those that are left out where it has found something, because they follow from it.
_EXPLAINS: dict[str, frozenset[str]] = {
    "exploding": frozenset({"learning-rate-too-high"}),
    "vanishing": frozenset({"starved", "learning-rate-too-low", "not-learning", "still-improving"}),
    "dead": frozenset({"starved", "not-learning", "learning-rate-too-low", "overfitting", "still-improving"}),
    "saturated": frozenset({"starved", "not-learning", "learning-rate-too-low", "overfitting", "still-improving"}),
    "learning-rate-too-high": frozenset({"not-learning", "overfitting", "still-improving", "learning-rate-too-low"}),
    "starved": frozenset({"not-learning", "learning-rate-too-low", "still-improving"}),
    "learning-rate-too-low": frozenset({"not-learning", "still-improving"}),
    "not-learning": frozenset({"still-improving"}),
}


def _is_finite(loss: float | None) -> bool:
    return loss is not None and math.isfinite(loss)


def judge_health(health: Records, history: Records) -> list[Finding]:
    """What is wrong with a training, by the lines of health.jsonl and of metrics.jsonl; [] if nothing is.

    A training that continues from a state without such lines has too few of them to judge.
    """
    if not health or health[0]["epoch"] != 0:
        return []
    found = [layers.exploding(health), layers.vanishing(health)]
    if len(health) > 1 and history and health[0]["guessing_loss"] > 0 and _is_finite(health[-1]["loss"]):
        found += [rule(health) for rule in (layers.dead, layers.saturated)]
        found.append(course.learning_rate_too_high(health, history))
        found.append(layers.starved(health))
        found += [
            rule(health, history)
            for rule in (
                course.learning_rate_too_low,
                course.not_learning,
                course.overfitting,
                course.still_improving,
            )
        ]
    findings = [finding for finding in found if finding is not None]
    explained = {rule for finding in findings for rule in _EXPLAINS.get(finding.rule, ())}
    return [finding for finding in findings if finding.rule not in explained]
