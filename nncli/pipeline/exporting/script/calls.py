"""Writes Python values and calls as code."""

from collections.abc import Sequence
from typing import Any

WIDTH = 110
# The file beside the script, which names it at its top.
LOAD_ARRAYS = "np.load(ARRAYS)"


class Code(str):
    """A piece of code that stands for itself; any other text is written in quotes."""

    __slots__ = ()


def write_value(value: Any) -> str:
    """A value as code: texts in double quotes, as formatters write them."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, tuple):
        inner = ", ".join(write_value(item) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(write_value(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{write_value(key)}: {write_value(item)}" for key, item in value.items()) + "}"
    return repr(value)


def write_call(function: str, /, *arguments: Any, **options: Any) -> Code:
    """A call in one line."""
    written = [write_value(argument) for argument in arguments]
    written += [f"{key}={write_value(value)}" for key, value in options.items()]
    return Code(f"{function}({', '.join(written)})")


def spread_call(start: str, arguments: Sequence[str], end: str = ")") -> list[str]:
    """A call in one line if it fits, otherwise with a line for each argument; to be indented by one level."""
    line = f"{start}{', '.join(arguments)}{end}"
    if len(line) + 4 <= WIDTH:
        return [line]
    return [start, *(f"    {argument}," for argument in arguments), end]


def indent(lines: Sequence[str]) -> list[str]:
    """The lines one level deeper."""
    return [f"    {line}" if line else "" for line in lines]
