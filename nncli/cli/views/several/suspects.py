"""How labels that are probably wrong are shown: the most doubted first, and their pictures in characters."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nncli.cli.views.data import draw_thumbnails
from nncli.console import Console, make_table, make_text

if TYPE_CHECKING:
    from nncli.pipeline.folding.suspects import SuspectLabels

_MOST = 20


def show_suspects(console: Console, found: "SuspectLabels", *, draws: bool) -> None:
    """A row for each of the most doubted labels; with `draws`, their pictures too."""
    result, lines = found.result, list[Any]()
    suspects = result["suspects"]
    if suspects:
        lines.append(make_table(_columns(suspects), [_row(each) for each in suspects[:_MOST]], left=5))
        if len(suspects) > _MOST:
            lines.append(f"and {len(suspects) - _MOST:,} more (--output FILE.csv has them all)")
    share = f"{len(suspects) / max(1, result['rows']):.1%}"
    told = (
        f"{len(suspects):,} doubted among {result['rows']:,} rows ({share}), by {result['folds']} folds that predicted "
        f"{result['accuracy']:.1%} of the labels; look at them before you change any"
    )
    lines.append(console.wrap(told))
    if draws and found.thumbnails:
        colour, unicode = console.has_colour, console.speaks_unicode
        lines.append(make_text(draw_thumbnails(found.thumbnails, console.width, colour=colour, unicode=unicode)))
    console.answer(result, *lines)
    console.suggest([f"look at {shlex.quote(result[key])}" for key in ("output", "sheet") if key in result])


def _columns(suspects: list[dict[str, Any]]) -> list[str]:
    where = ["file" if suspects[0]["file"] else "row", *(["label"] if suspects[0]["label"] else [])]
    return [*where, "given", "probability", "rather", "probability"]


def _row(each: Mapping[str, Any]) -> list[str]:
    where = [each["file"] or f"{each['row']}", *([each["label"]] if each["label"] else [])]
    probabilities = (f"{each['probability_given']:.3f}", f"{each['probability_suggested']:.3f}")
    return [*where, each["given"], probabilities[0], each["suggested"], probabilities[1]]
