"""The commands: one file each with a signature, a help text that can be pasted, and a call of the pipeline."""

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
