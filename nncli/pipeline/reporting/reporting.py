"""The story of `nncli report`: the pages of runs, or of all runs, each written whole or not at all."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from nncli import __version__
from nncli.console import Console
from nncli.errors import NncliError, UsageError
from nncli.pipeline.folders import Folders
from nncli.pipeline.reporting.card import make_card
from nncli.pipeline.reporting.comparison_page import comparison_page
from nncli.pipeline.reporting.index_page import index_page
from nncli.pipeline.reporting.training_page import read_facts, training_page
from nncli.pipeline.runs.details import describe_run
from nncli.pipeline.runs.rows import read_rows
from nncli.report import render
from nncli.run import files
from nncli.run.finding import find_run
from nncli.run.folder import RunFolder

INDEX = "index.html"


def report(
    words: Sequence[str], *, folders: Folders, console: Console, every: bool = False, output: Path | None = None
) -> list[Path]:
    """Writes the page of each run, or with `every` the page of all runs and those that are missing.

    Without words, that of the newest run. `output` takes the page of one run elsewhere. The paths that were written.
    Raises RunError where a word means no run, UsageError for options that do not fit, NncliError where a page cannot be
    written.
    """
    if every and (words or output):
        raise UsageError("--all writes the pages of all runs, so it takes no RUN and no --output", hint="leave one out")
    if output is not None and len(words) > 1:
        raise UsageError(f"--output takes one page, and got {len(words)} runs", hint="leave --output out")
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(
            f"--output {output}: a page is HTML, and this name does not say so", hint=f"{output.with_suffix('.html')}"
        )
    if output is not None and not output.resolve().parent.is_dir():
        raise UsageError(f"--output {output}: there is no folder {output.parent}", hint="name one that is there")
    if every:
        return _report_all(folders, console)
    written = []
    for word in words or ["latest"]:
        found = find_run(word, folders.runs_dir)
        if found.note is not None:
            console.say(found.note)
        if output is None:
            written += _report_trainings(found.folder, folders, console)
            write_card(found.folder)
        written.insert(0, write_report(found.folder, folders, output))
    return written


def find_page(word: str, *, folders: Folders, console: Console) -> Path:
    """The page of the run that a word means, written first if it is missing. Raises RunError and NncliError."""
    found = find_run(word, folders.runs_dir)
    page = found.folder.path / files.REPORT
    if not page.is_file():
        return report([word], folders=folders, console=console)[0]
    if found.note is not None:
        console.say(found.note)
    return page


def _report_trainings(comparison: RunFolder, folders: Folders, console: Console) -> list[Path]:
    """The pages of the trainings of a comparison, which its own page leads to; none for any other run."""
    rows = [reader.row for reader in read_rows(comparison.path)]
    written = []
    with console.step("writing pages") as progress:
        for place, row in enumerate(rows):
            progress(f"writing the page of training {place + 1} of {len(rows)}", place / len(rows))
            written.append(write_report(RunFolder(Path(row.path)), folders))
    return written


def add_report(folder: RunFolder, console: Console, data_dir: Path | None = None) -> Path | None:
    """Writes page and model card of a run that has just ended or been measured; a failure is only a warning.

    Returns the path of the page if it was written.
    """
    try:
        write_card(folder)
        return write_report(folder, Folders(folder.path.parent, data_dir))
    except NncliError as error:
        console.warn(f"no report: {error.message}")
    except OSError as error:
        console.warn(f"no report: {error.filename or folder.path}: {error.strerror or error}")
    except Exception as error:  # the run is saved and its answer is still to be shown, whatever is wrong with the page
        if os.environ.get("NNCLI_DEBUG"):
            raise
        console.warn(f"no report: {type(error).__name__}: {error}")
    return None


def leave_report(folders: Folders, console: Console) -> Callable[[RunFolder], None]:
    """What to call with a run or a comparison that failed or was stopped: writes its page and says where it is."""

    def leave(folder: RunFolder) -> None:
        page = add_report(folder, console, folders.data_dir)
        if page is not None:
            console.say(f"page: {page}")

    return leave


def write_report(folder: RunFolder, folders: Folders, output: Path | None = None) -> Path:
    """Writes the page of a run or a comparison into its folder, or elsewhere. Raises NncliError."""
    page = make_page(folder, folders)
    if output is None:
        return _write(folder.path / files.REPORT, page)
    return _write(output, page, files.write_output)


def write_card(folder: RunFolder) -> Path | None:
    """Writes the model card of a run that has a model; None for others. Raises NncliError."""
    facts = read_facts(folder) if folder.has_model else None
    if facts is None:
        return None
    details = describe_run(str(folder.path), Folders(folder.path.parent))
    return _write(folder.path / files.CARD, make_card(folder, details, facts))


def _write(path: Path, content: bytes, write: Callable[[Path, bytes], None] = files.write_bytes) -> Path:
    try:
        write(path, content)
    except OSError as error:
        raise NncliError(
            f"{path} cannot be written: {error.strerror}", hint="free space, or name another place with --output"
        ) from None
    return path


def make_page(folder: RunFolder, folders: Folders) -> bytes:
    """The page of a run or a comparison, HTML. Raises RunError where the folder holds none."""
    details = describe_run(str(folder.path), Folders(folder.path.parent))
    is_comparison = details.row.kind == "compare"
    values = comparison_page(folder, details) if is_comparison else training_page(folder, details, folders)
    values["version"] = __version__
    return render("comparison" if is_comparison else "training", values, draws=bool(values["charts"]))


def _report_all(folders: Folders, console: Console) -> list[Path]:
    rows = [reader.row for reader in read_rows(folders.runs_dir)]
    if not rows:
        raise UsageError(f"there is no run in {folders.runs_dir}", hint="nncli train")
    written = []
    with console.step("writing pages") as progress:
        for place, row in enumerate(rows):
            progress(f"writing the page of run {place + 1} of {len(rows)}", place / len(rows))
            path = Path(row.path) / files.REPORT
            if not path.is_file():
                written.append(write_report(RunFolder(Path(row.path)), folders))
    page = render("index", {**index_page(folders.runs_dir, rows), "version": __version__, "charts": []})
    return [_write(folders.runs_dir / INDEX, page), *written]
