"""The options that several commands share, declared once; does not depend on commands."""

import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from nncli.cli.completion import offer_configs, offer_runs, offer_settings
from nncli.errors import UsageError

RunsDir = Annotated[Path, typer.Option("--runs-dir", envvar="NNCLI_RUNS_DIR", help="Folder of the runs.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        envvar="NNCLI_DATA_DIR",
        help="Folder with data that tensorflow-datasets prepared.",
        show_default="its own",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show only the answer, warnings and errors.")]
Json = Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")]
NoReport = Annotated[bool, typer.Option("--no-report", help="Write no report.html into the run folder.")]
ConfigArgument = Annotated[
    str, typer.Argument(help="A config file, or the name of a shipped one.", autocompletion=offer_configs)
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Set any key of the config; repeatable.", autocompletion=offer_settings
    ),
]
_RUN_HELP = "A run's folder, name or beginning."
_RUN_ARGUMENT = typer.Argument(metavar="RUN", help=_RUN_HELP, show_default="latest", autocompletion=offer_runs)
RunArgument = Annotated[str, _RUN_ARGUMENT]
# For commands that also take --run: None where it is left out.
RunArgumentOrNone = Annotated[str | None, _RUN_ARGUMENT]
RunOption = Annotated[
    str | None,
    typer.Option(
        "--run",
        metavar="RUN",
        help=_RUN_HELP,
        show_default="latest",
        autocompletion=offer_runs,
    ),
]


def commands_to_look(folder: Path, runs_dir: Path, *pictures: Path) -> list[str]:
    """The commands that show a run: its page or, without one, its pictures."""
    if (folder / "report.html").is_file():
        return [f"nncli open {run_word(folder, runs_dir)}"]
    return [f"look at {shlex.quote(str(path))}" for path in pictures]


def choose_run(argument: str | None, option: str | None, runs_dir: Path) -> str:
    """The run named by the argument or by --run. Raises UsageError if they name different runs."""
    if argument is not None and option is not None and argument != option:
        from nncli import pipeline

        if not pipeline.are_one_run(argument, option, pipeline.Folders(runs_dir)):
            raise UsageError(f"got two runs, {argument} and --run {option}", hint="name one of them")
    return argument or option or "latest"


def run_word(folder: Path, runs_dir: Path) -> str:
    """How the next command can name a run: by its name if that is enough, else by its path, quoted."""
    usual = Path(os.environ.get("NNCLI_RUNS_DIR", "runs"))
    return shlex.quote(folder.name if folder.parent == usual == runs_dir else str(folder))
