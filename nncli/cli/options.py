"""The options that several commands share, declared once; knows no command."""

from pathlib import Path
from typing import Annotated

import typer

RunsDir = Annotated[Path, typer.Option("--runs-dir", envvar="NNCLI_RUNS_DIR", help="Folder of the runs.")]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", envvar="NNCLI_DATA_DIR", help="Folder with data that tensorflow-datasets prepared."),
]
Json = Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set a value of the config; repeatable.")
]
Run = Annotated[str, typer.Option("--run", metavar="RUN", help="A run's folder, name or beginning.")]
