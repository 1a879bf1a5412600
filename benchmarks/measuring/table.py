"""Formats the results as a table 80 columns wide."""

import textwrap

from measuring.outcome import Outcome
from measuring.peak import Peak
from measuring.ratios import Comparison, Measured, Spread

_NAME, _WIDTH = 27, 80


def header() -> str:
    """The column headers of all blocks."""
    return (
        f"{'':<{_NAME}}{'seconds':>9}{'time relative to nncli':>24}\n"
        f"{'':<{_NAME}}{'median':>9}{'median':>8}{'min':>8}{'max':>8}{'required':>10}{'score':>10}"
    )


def block(outcome: Outcome, peak: Peak | None = None) -> str:
    """One row of the results with its peers."""
    row = outcome.row
    lines = [f"{row.name}: {row.title}"]
    if row.note:
        lines.append(f"  ({row.note})")
    if outcome.failure is not None:
        return "\n".join([*lines, _told(f"not measured: {outcome.failure}")])
    detail = f" ({outcome.own.detail})" if outcome.own.detail else ""
    lines.append(_line(f"nncli{detail}", outcome.own, None, ""))
    for comparison in outcome.comparisons:
        lines.append(_compared(comparison))
    if outcome.faster is not None:
        lines.append(_compared(outcome.faster, repeated=True))
    if outcome.floor is not None and peak is not None:
        lines += _floor(outcome, peak)
    return "\n".join(lines)


def peaks(found: list[Peak]) -> str:
    """The peaks of the machine."""
    lines = ["machine peak           float32 matmul      memory, read and write"]
    for peak in found:
        threads = f"{peak.threads} thread{'' if peak.threads == 1 else 's'}"
        lines.append(f"  {threads:<20}{peak.operations / 1e9:>9.0f} GFLOP/s{peak.bytes / 1e9:>14.1f} GB/s")
    return "\n".join(lines)


def _compared(comparison: Comparison, *, repeated: bool = False) -> str:
    demand = ""
    if comparison.at_least is not None:
        word = {True: "yes", False: "NO", None: "?"}[comparison.reached]
        demand = f"{comparison.at_least:g}x {word}"
    return _line(comparison.name, comparison.measured, comparison.ratio, demand, scored=not repeated)


def _line(name: str, measured: Measured, ratio: Spread | None, demand: str, *, scored: bool = True) -> str:
    start = f"  {name}"
    if measured.failure is not None:
        return _told(f"{name}: {measured.failure.strip().splitlines()[-1]}")
    seconds = f"{number(Spread.of(measured.seconds).median):>9}" if measured.seconds else f"{'':>9}"
    numbers = [ratio.median, ratio.least, ratio.most] if ratio is not None else []
    ratios = "".join(f"{times(value):>8}" for value in numbers) or " " * 24
    score = f"{measured.score:.4f}" if scored and measured.score is not None else ""
    return f"{start:<{_NAME}}{seconds}{ratios}{demand:>10}{score:>10}".rstrip()


def _told(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), _WIDTH, initial_indent="  ", subsequent_indent="    ")


def _floor(outcome: Outcome, peak: Peak) -> list[str]:
    floor = outcome.floor
    if floor is None or not outcome.own.seconds:
        return []
    seconds, median = floor.seconds(peak), Spread.of(outcome.own.seconds).median
    return [
        f"  floor: {floor.operations / 1e9:.3g} GFLOP and {floor.bytes / 1e6:.3g} MB in {number(seconds)} s; "
        f"nncli takes {times(median / seconds)} times that"
    ]


def number(seconds: float) -> str:
    """Seconds with three significant digits."""
    return f"{seconds:.3f}" if 0.1 <= seconds < 100 else f"{seconds:.3g}" if seconds < 0.1 else f"{seconds:.0f}"


def times(ratio: float) -> str:
    """A ratio with three significant digits."""
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}" if ratio < 100 else f"{ratio:.0f}"
