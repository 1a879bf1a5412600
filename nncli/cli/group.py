"""How the help of a group of commands looks; does not know which commands there are."""

from typing import Any

import typer.core


class Commands(typer.core.TyperGroup):
    """Lists the commands with their whole summaries, however narrow the terminal is."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Wraps a summary where click would cut it."""
        rows = [(name, (command.help or "").partition("\n\n")[0]) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
