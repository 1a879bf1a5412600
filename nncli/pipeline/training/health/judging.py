"""What was found wrong with a training, with what to try next: in words, for the terminal and summary.json."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from nncli.config.rules.explanations import read_verdicts
from nncli.console import Console
from nncli.evaluate.health import Finding, judge_health

Verdict = dict[str, Any]


def list_verdicts(
    health: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]], silenced: Iterable[str]
) -> list[Verdict]:
    """For each finding that is not silenced its `rule`, the `epoch` since which it holds, what was `told`, and the
    `fix`, what to try next; the cause of others first."""
    return [
        {**asdict(finding), "fix": read_verdicts()[finding.rule].fix}
        for finding in judge_health(health, [_finite(record) for record in history])
        if finding.rule not in set(silenced)
    ]


def describe_so_far(
    health: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, float]], silenced: Iterable[str]
) -> str:
    """What is wrong with a training that runs, in a line; "" if nothing is. That it still improves is no fault."""
    found = judge_health(health, [_finite(record) for record in history])
    told = [each for each in found if each.rule not in {*silenced, "still-improving"}]
    return describe_at_once(told[0]) if told else ""


def _finite(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if math.isfinite(value)}


def tell_verdicts(verdicts: Sequence[Verdict], console: Console, *, nothing_learned: bool) -> None:
    """Prints a line for each; that nothing was learned is not said a second time."""
    for verdict in verdicts:
        if not (nothing_learned and verdict["rule"] == "not-learning"):
            # More epochs are an offer; all others are about something that went wrong.
            (console.say if verdict["rule"] == "still-improving" else console.warn)(describe(verdict))


def describe(verdict: Verdict) -> str:
    """The verdict, its numbers, what to try, how to learn more."""
    return f"{verdict['rule']}: {verdict['told']}; {verdict['fix']} [nncli explain {verdict['rule']}]"


def describe_at_once(finding: Finding) -> str:
    """The same during training, in a short line."""
    return f"{finding.rule}: {finding.told}"
