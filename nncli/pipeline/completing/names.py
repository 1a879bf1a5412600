"""Names that complete a partly typed word: configs, shipped or in files, and runs."""

from collections.abc import Sequence
from pathlib import Path

from nncli.config.reading.shipped import list_shipped
from nncli.run.finding import LATEST
from nncli.run.folder import read_record
from nncli.run.listing import run_folders

# A word and what it is, in a few words; shells that show no help leave that out.
Offers = list[tuple[str, str]]

_LATEST_OF = {None: "the newest finished training", "train": "the newest training", "compare": "the newest comparison"}
_CONFIGS = (".yaml", ".yml")


def complete_config(word: str) -> Offers:
    """The shipped configs and the config files that begin with the word."""
    return [*_shipped(word), *_files(word, _CONFIGS)]


def complete_source(word: str) -> Offers:
    """What `nncli data` takes: the shipped configs, files and folders that begin with the word."""
    return [*_shipped(word), *_files(word, None)]


def complete_run(word: str, runs_dir: Path, kind: str | None = None) -> Offers:
    """`latest` and the runs in the folder whose names, or whose configs' names, begin with the word, newest first.

    With a `kind` (`train`, `compare`) those of that kind alone.
    """
    paths = [path for path in run_folders(runs_dir) if kind is None or read_record(path).get("kind", "train") == kind]
    names = sorted((path.name for path in paths), reverse=True)
    whole = [(name, "run") for name in names if name.startswith(word)]
    configs = dict.fromkeys(name.split("-", 2)[-1] for name in names)
    latest = [(LATEST, _LATEST_OF[kind])] if names and LATEST.startswith(word) else []
    return [*latest, *whole, *((name, "its newest run") for name in configs if word and name.startswith(word))]


def _shipped(word: str) -> Offers:
    return [(config.name, config.summary) for config in list_shipped() if config.name.startswith(word)]


def _files(word: str, suffixes: Sequence[str] | None) -> Offers:
    """Files of these kinds, or of any, and folders that begin with a path; a single folder opened, none hidden unless
    asked for."""
    folder, _, beginning = word.rpartition("/")
    place = f"{folder}/" if folder or word.startswith("/") else ""
    try:
        paths = sorted(Path(place or ".").expanduser().iterdir())
    except OSError:
        return []
    fits = [path for path in paths if path.name.startswith(beginning)]
    chosen = [path for path in fits if beginning.startswith(".") or not path.name.startswith(".")]
    found = [(f"{place}{path.name}/", "folder") for path in chosen if path.is_dir()]
    wanted = [path for path in chosen if (suffixes is None or path.suffix in suffixes) and path.is_file()]
    found += [(f"{place}{path.name}", "config file" if path.suffix in _CONFIGS else "file") for path in wanted]
    if len(found) == 1 and found[0][1] == "folder" and found[0][0] != word:
        return _files(found[0][0], suffixes) or found
    return found
