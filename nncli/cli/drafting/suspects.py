"""`nncli data CONFIG --suspect-labels`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nncli.console import Console
from nncli.errors import UsageError

_CONFIG_SUFFIXES = (".yaml", ".yml")


def suspect(console: Console, source: str, wanted: bool, refused: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Lists the labels that are probably wrong. Raises UsageError for options that do not go with it."""
    from nncli import pipeline
    from nncli.cli.views.several.suspects import show_suspects

    if not wanted:
        raise UsageError("--output is for the list of --suspect-labels", hint="leave it out")
    others = [name for name, value in refused.items() if value]
    if others:
        raise UsageError(f"--suspect-labels does not go with {', '.join(others)}", hint="leave one of them out")
    if Path(source).suffix.lower() not in _CONFIG_SUFFIXES and Path(source).exists():
        raise UsageError(
            f"--suspect-labels trains a config, and {source} is none", hint=f"write one: nncli init {source}"
        )
    folders = given["folders"]
    request = pipeline.SuspectRequest(source, tuple(given["assignments"]), given["output"], given["sheet"])
    found = pipeline.suspect_labels(request, folders=folders, console=console)
    show_suspects(console, found, draws=request.sheet == "-")
