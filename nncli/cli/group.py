"""How help looks: every command with its whole summary, every option with its default; knows no command."""

import re
from typing import Any

import typer.core

# A blank that click does not break lines at; the help that is shown has plain ones.
_TIED = "\N{NO-BREAK SPACE}"
# Facts up to this share of the width stay on a line.
_SHORT = 1 / 3
# What click puts after the text of an option: `[env var: X; default: 5]`.
_FACTS = re.compile(r"  \[([^\[\]]*(?:\[[^\]]*\][^\[\]]*)*)\]$")


class Commands(typer.core.TyperGroup):
    """Lists the commands with their whole summaries, however narrow the terminal is."""

    def get_help(self, ctx: Any) -> str:
        """The help with plain blanks."""
        return super().get_help(ctx).replace(_TIED, " ")

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Wraps a summary where click would cut it."""
        rows = [(name, (command.help or "").partition("\n\n")[0]) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options with their defaults, then the commands."""
        _write_parameters(self, ctx, formatter)
        self.format_commands(ctx, formatter)


class Command(typer.core.TyperCommand):
    """Shows the default of every option, as a manual page does, including flags that are off."""

    def get_help(self, ctx: Any) -> str:
        """The help with plain blanks."""
        return super().get_help(ctx).replace(_TIED, " ")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments and options, as click writes them but for the defaults."""
        _write_parameters(self, ctx, formatter)


def with_defaults(app: typer.Typer) -> None:
    """Has all commands of an application say their defaults, those of its groups as well."""
    for info in app.registered_commands:
        info.cls = Command if info.cls in (None, typer.core.TyperCommand) else info.cls
    for group in app.registered_groups:
        if group.typer_instance is not None:
            with_defaults(group.typer_instance)


def _write_parameters(command: Any, ctx: Any, formatter: Any) -> None:
    rows: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            names, text = record
            kind = "Arguments" if parameter.param_type_name == "argument" else "Options"
            rows[kind].append((names, _say_default(text, parameter, int(_SHORT * formatter.width))))
    for title, records in rows.items():
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def _say_default(text: str, parameter: Any, short: int) -> str:
    """The help of a parameter with its default among the facts in brackets; an action such as --help has none."""
    found = _FACTS.search(text)
    facts = found[1].split("; ") if found else []
    words = text[: found.start()] if found else text
    has_default = any(fact.startswith("default: ") for fact in facts)
    if not has_default and parameter.expose_value and not parameter.is_eager and not parameter.required:
        facts.append(f"default: {'off' if getattr(parameter, 'is_flag', False) else 'none'}")
    facts.sort(key=lambda fact: not fact.startswith("default: "))
    facts = [re.sub(r"^default: \((.*)\)$", r"default: \1", fact) for fact in facts]
    told = f"[{'; '.join(facts)}]"
    return f"{words}  {told.replace(' ', _TIED) if len(told) <= short else told}" if facts else words
