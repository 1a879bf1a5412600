"""Why a variant may be worse: what was wrong with its trainings, by the verdicts on their layers and losses."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any


def find_reasons(cells: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """For each variant the ids of the verdicts of `evaluate.health`, with the number of its trainings that had each.

    Variants with none are left out, as are trainings that did not end.
    """
    found: dict[str, Counter[str]] = {}
    for cell in cells:
        verdicts = (cell["summary"] or {}).get("health", ())
        found.setdefault(cell["variant"], Counter()).update(verdict["rule"] for verdict in verdicts)
    return {name: dict(counted) for name, counted in found.items() if counted}


def describe_reasons(reasons: Mapping[str, Mapping[str, int]], seeds: int, names: Mapping[str, str]) -> list[str]:
    """A line for each variant with what was found in at least half of its trainings."""
    lines = []
    for variant, counted in reasons.items():
        told = [f"{rule} ({count} of {seeds})" for rule, count in counted.items() if 2 * count >= seeds]
        if told:
            ids = [rule for rule, count in counted.items() if 2 * count >= seeds]
            lines.append(f"health of {names[variant]}: {', '.join(told)} [nncli explain {ids[0]}]")
    return lines
