"""The command line: arguments in, a call of the pipeline, answers shown.

`commands` puts the commands together, `group` shows their help; `process` prepares streams and signals and ends with
the exit code; `command` runs one command and reports how it ended; `options` are shared options. The commands lie in
`drafting/`, `training/`, `predicting/` and `runs/`, what their answers look like in `views/`. Does not depend on data
or models.
"""

from typing import TYPE_CHECKING, Any

from nncli.cli.process import main

if TYPE_CHECKING:
    from nncli.cli.commands import app

__all__ = ["app", "main"]


def __getattr__(name: str) -> Any:
    """`app`, once it is asked for: `main` prepares the process before all commands are imported."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nncli.cli.commands import app

    return app
