"""The option --show of `nncli predict`, whose value may be left out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from nncli.cli.group import Command

_OTHER_PICTURES = (".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf")


class PredictCommand(Command):
    """Lets --show stand alone, which typer has no option for: a PNG file after it is its value, else it has none."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Puts an empty value after a --show that has none, also where the PNG is the only input."""
        words = _with_value(args, is_png=lambda word: word.lower().endswith(".png"))
        if words != args or "--show" not in args:
            return super().parse_args(ctx, words)
        found, _, _ = self.make_parser(ctx).parse_args(list(args))
        return super().parse_args(ctx, args if found.get("inputs") else _with_value(args, is_png=lambda word: False))


def _with_value(args: list[str], *, is_png: Callable[[str], bool]) -> list[str]:
    words = []
    for place, word in enumerate(args):
        words.append(word)
        following = args[place + 1] if place + 1 < len(args) else ""
        if word != "--show" or "--" in args[:place]:
            continue
        _refuse_other_pictures(following)
        if following.startswith("-") or not is_png(following):
            words.append("")
    return words


def _refuse_other_pictures(following: str) -> None:
    """Raises BadParameter for a picture after --show that does not exist and no PNG: it is meant to be written."""
    path = Path(following)
    if path.suffix.lower() in _OTHER_PICTURES and not path.exists():
        raise typer.BadParameter(f"--show writes a PNG file, got {following}: name it {path.with_suffix('.png')}")
