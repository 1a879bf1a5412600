"""The outcome of a row: nncli's own numbers, a comparison for each peer, the floor; and all of it as JSON."""

from dataclasses import dataclass
from typing import Any

from measuring.floor import Floor
from measuring.peak import Peak
from measuring.ratios import Comparison, Measured, Spread, compare, fastest
from measuring.rows import MISSING, Row


@dataclass(frozen=True)
class Outcome:
    """A measured row; `failure` is the reason if nothing was measured."""

    row: Row
    own: Measured
    comparisons: tuple[Comparison, ...] = ()
    faster: Comparison | None = None
    floor: Floor | None = None
    failure: str | None = None

    @property
    def missed(self) -> bool:
        """Whether a required ratio was not reached, or nncli itself failed."""
        judged = [*self.comparisons, *([self.faster] if self.faster else [])]
        return self.own.failure is not None or any(comparison.reached is False for comparison in judged)


def conclude(row: Row, measured: dict[str, Measured], own: str, floor: Floor | None = None) -> Outcome:
    """The ratios of a row; a peer without measurements is not installed."""
    comparisons = tuple(
        compare(peer.name, measured.get(peer.name) or Measured(failure=MISSING), measured[own], peer.at_least)
        for peer in row.peers
    )
    faster = None
    first = fastest(comparisons[:2])
    if row.faster_at_least is not None and first is not None:
        faster = Comparison(f"the faster: {first.name}", first.measured, first.ratio, row.faster_at_least)
    return Outcome(row, measured[own], comparisons, faster, floor)


def to_json(outcome: Outcome, peak: Peak | None) -> dict[str, Any]:
    """All measurements, turn by turn."""
    row = outcome.row
    answer: dict[str, Any] = {"name": row.name, "title": row.title, "note": row.note, "score": row.score}
    if outcome.failure is not None:
        return {**answer, "failure": outcome.failure}
    answer["nncli"] = _measured(outcome.own)
    answer["peers"] = [_comparison(comparison) for comparison in outcome.comparisons]
    if outcome.faster is not None:
        answer["faster"] = _comparison(outcome.faster)
    if outcome.floor is not None:
        answer["floor"] = {"operations": outcome.floor.operations, "bytes": outcome.floor.bytes}
        if peak is not None:
            answer["floor"]["seconds"] = outcome.floor.seconds(peak)
    return answer


def _comparison(comparison: Comparison) -> dict[str, Any]:
    answer = {"name": comparison.name, **_measured(comparison.measured), "ratio": _spread(comparison.ratio)}
    return {**answer, "at_least": comparison.at_least, "reached": comparison.reached}


def _measured(measured: Measured) -> dict[str, Any]:
    if measured.failure is not None:
        return {"failure": measured.failure}
    seconds = {"each": measured.seconds, **(_spread(Spread.of(measured.seconds)) or {})}
    return {"detail": measured.detail, "seconds": seconds, "score": measured.score}


def _spread(spread: Spread | None) -> dict[str, float] | None:
    return None if spread is None else {"median": spread.median, "least": spread.least, "most": spread.most}
