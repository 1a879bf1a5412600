"""The command line: arguments in, a call of the pipeline, answers shown.

`commands` puts the commands together, `group` shows their help; `process` prepares streams and signals and ends with
the exit code; `command` runs one command and reports how it ended; `options` are shared options. The commands lie in
`drafting/`, `training/`, `predicting/` and `runs/`, what their answers look like in `views/`. Does not depend on data
or models.
"""

import os

# As type checkers read it: until `main` runs, every import is time in which Ctrl-C is a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from nncli.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """Runs the command line and ends the process with its exit code; Ctrl-C ends it in order from here on."""
    import signal

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the caller wants it ignored
        signal.signal(signal.SIGINT, _leave)
    from nncli.cli import process

    process.main()


def _leave(number: int, frame: object) -> None:
    """What Ctrl-C does while the modules are imported that handle it better: nothing has begun."""
    try:
        os.write(2, b"interrupted\n")
    finally:  # nobody may read it
        os._exit(130)


def __getattr__(name: str) -> "Any":
    """`app`, once it is asked for: `main` prepares the process before all commands are imported."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nncli.cli.commands import app

    return app
