"""What the shell offers for a parameter when Tab is pressed, and how bash's words become those of the other shells."""

import os
import re
from collections.abc import MutableMapping
from pathlib import Path

import typer

from nncli.errors import NncliError

# The variables by which the script of a shell asks; typer names the first by the program.
ASKED = "_NNCLI_COMPLETE"
_BEFORE = "_NNCLI_COMPLETE_BEFORE"
_BASH = "complete_bash"

_SPECIAL = re.compile(r"([\s\\'\"`$&|;<>()\[\]{}*?!#~])")

Offers = list[tuple[str, str]]


def offer_configs(incomplete: str) -> Offers:
    """Shipped configs and config files."""
    from nncli import pipeline

    return _for_shell(pipeline.complete_config(incomplete))


def offer_sources(incomplete: str) -> Offers:
    """Shipped configs, and files and folders of any kind."""
    from nncli import pipeline

    return _for_shell(pipeline.complete_source(incomplete))


def offer_runs(context: typer.Context, incomplete: str) -> Offers:
    """The runs in --runs-dir."""
    return _runs(context, incomplete)


def offer_trainings(context: typer.Context, incomplete: str) -> Offers:
    """The runs in --runs-dir that are one training."""
    return _runs(context, incomplete, "train")


def offer_comparisons(context: typer.Context, incomplete: str) -> Offers:
    """The runs in --runs-dir that are comparisons."""
    return _runs(context, incomplete, "compare")


def _runs(context: typer.Context, incomplete: str, kind: str | None = None) -> Offers:
    from nncli import pipeline

    named = context.params.get("runs_dir") or os.environ.get("NNCLI_RUNS_DIR") or "runs"
    return _for_shell(pipeline.complete_run(incomplete, Path(named), kind))


def offer_configs_and_runs(context: typer.Context, incomplete: str) -> Offers:
    """Both, for what takes either."""
    return [*offer_configs(incomplete), *offer_runs(context, incomplete)]


def offer_trackers(incomplete: str) -> Offers:
    """The tools that can be told about a training."""
    trackers = {"tensorboard": "event files in the run folder", "mlflow": "a database beside the runs, or a server"}
    return [(name, help) for name, help in trackers.items() if name.startswith(incomplete)]


def offer_settings(context: typer.Context, incomplete: str) -> Offers:
    """Keys of a config, or after `=` their values."""
    return _settings(context, incomplete, values_follow=True)


def offer_variations(context: typer.Context, incomplete: str) -> Offers:
    """The same for --vary, which takes several values of a key."""
    return _settings(context, incomplete, values_follow=False)


def _settings(context: typer.Context, incomplete: str, *, values_follow: bool) -> Offers:
    """Where bash has split the word, only what follows that place is the shell's to replace."""
    from nncli import pipeline

    before = os.environ.get(_BEFORE, "")
    several = context.params.get("configs") or [None]
    config = context.params.get("config") or several[0]
    if config is None and context.info_name in ("train", "compare"):
        config = pipeline.DEFAULT_CONFIG
    try:
        offers = pipeline.complete_setting(before + incomplete, config, values_follow=values_follow)
    except (NncliError, OSError):  # nothing to offer is no error while somebody types
        return []
    return [(word.removeprefix(before), help) for word, help in offers]


class _Escaped(str):
    """A word that Typer compares as it is, and writes with a backslash before what bash would take for its own."""

    def __format__(self, _: str) -> str:
        return _SPECIAL.sub(r"\\\1", str(self))


def _for_shell(offers: Offers) -> Offers:
    """What bash puts into the line as it is has to be escaped, unless a quote is open; other shells do that."""
    typed = os.environ.get("COMP_WORDS", "").rpartition("\n")[2]
    if os.environ.get(ASKED) != _BASH or typed.startswith(("'", '"')):
        return offers
    return [(_Escaped(word), help) for word, help in offers]


def join_words(environment: MutableMapping[str, str]) -> None:
    """Undoes what bash does to `--set a.b=c` before it asks: three words, the last of which is completed.

    What stands before the completed part is kept apart for `offer_settings`. Words of the other shells are whole.
    """
    if environment.get(ASKED) != _BASH:
        return
    words = environment.get("COMP_WORDS", "").split("\n")
    place = int(environment.get("COMP_CWORD") or 0)
    words = [*words, ""][: place + 1]
    start = place
    while start > 0 and (words[start] == "=" or words[start - 1] == "="):
        start -= 1
    last = "" if words[place] == "=" else words[place]
    before = "".join(words[start : place + 1]).removesuffix(last)
    option, _, rest = before.partition("=") if before.startswith("--") else ("", "", before)
    joined = [*words[:start], *([option] if option else []), last]
    environment.update({"COMP_WORDS": "\n".join(joined), "COMP_CWORD": str(len(joined) - 1), _BEFORE: rest})
