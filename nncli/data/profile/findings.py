"""Findings that tables and images share, and how a list of findings is sorted. Does not read the data."""

from collections.abc import Sequence

from nncli.data.plurals import count
from nncli.data.profile.values import Finding, Level

# Classes that differ in size by this factor are called imbalanced.
IMBALANCE = 10
_FEWEST_OF_A_CLASS = 10
# Columns beyond this number that have the same finding are summed up in one line.
_MOST_ALIKE = 6


def excerpt_finding(looked_at: int, whole: int, *, things: str = "rows", about: bool = False) -> Finding:
    """The finding that only some rows or images of a larger file were looked at; `about` if `whole` is an estimate."""
    told = f"{looked_at:,} of {'about ' if about else ''}{whole:,} {things}"
    what = f"too large to be looked at whole: {told}, from all over it, are looked at"
    return Finding("excerpt", Level.NOTE, "file", what)


def imbalance_findings(where: str, classes: Sequence[tuple[str, int]]) -> list[Finding]:
    """Findings about the sizes of the classes: rare classes, and a large imbalance."""
    findings = []
    ordered = sorted(classes, key=lambda item: item[1])
    (rarest, fewest), (commonest, most) = ordered[0], ordered[-1]
    rare = [name for name, count in ordered if count < _FEWEST_OF_A_CLASS]
    if rare:
        told = ", ".join(f'"{name}"' for name in rare[:5]) + (f" and {len(rare) - 5} more" if len(rare) > 5 else "")
        what = f"fewer than {_FEWEST_OF_A_CLASS} examples of {told}"
        findings.append(Finding("rare_class", Level.WARNING, where, what, "collect more, or merge classes"))
    if most >= IMBALANCE * max(fewest, 1):
        what = f'imbalanced: "{commonest}" has {most:,}, "{rarest}" {fewest:,}'
        fix = "say `train: {class_weight: balanced}`, and do not rely on accuracy alone"
        findings.append(Finding("imbalance", Level.WARNING, where, what, fix))
    return findings


def shorten_findings(findings: Sequence[Finding]) -> list[Finding]:
    """The findings, shortened: if many columns have the same one, the first few and one that sums up the others."""
    kept: list[Finding] = []
    others: dict[tuple[str, Level], list[Finding]] = {}
    seen: dict[tuple[str, Level], int] = {}
    for finding in findings:
        key = (finding.rule, finding.level)
        seen[key] = seen.get(key, 0) + 1
        if finding.columns and seen[key] > _MOST_ALIKE:
            others.setdefault(key, []).append(finding)
        else:
            kept.append(finding)
    for (rule, level), alike in others.items():
        names = tuple(name for finding in alike for name in finding.columns)
        what = f"the same ({rule}): {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}"
        kept.append(Finding(rule, level, count(len(names), "more column"), what, alike[0].fix, names))
    return kept


def ordered_findings(findings: Sequence[Finding]) -> list[Finding]:
    """Problems first, then warnings, then notes."""
    levels = list(Level)
    return sorted(findings, key=lambda finding: levels.index(finding.level))
