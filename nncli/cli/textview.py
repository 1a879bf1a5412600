"""How an explanation looks on a terminal: plain text of at most 80 columns, or a list of what can be explained."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from nncli.console import Console, make_table

_WIDTH = 80


def show_explanation(console: Console, topic: str | None, explained: Sequence[Mapping[str, Any]]) -> None:
    """One rule with its text, or all in a table."""
    if topic is None:
        columns = ["rule", "", "what is wrong"]
        rows = [[rule["id"], rule["severity"], rule["reason"]] for rule in explained]
        console.answer({"rules": list(explained)}, make_table(None, columns, rows, left=3))
        return
    (rule,) = explained
    console.answer(rule)
    if not console.json_mode:
        severity = {
            "refused": "refused, so that training does not start",
            "warning": f"a warning, which `silence: [{rule['id']}]` in the config turns off",
        }[rule["severity"]]
        told = [f"{rule['id']}: {rule['reason']}", f"fix: {rule['fix']}", severity]
        lines = [line for text in told for line in textwrap.wrap(text, _WIDTH, subsequent_indent="  ")]
        console.write("\n".join([*lines, "", rule["text"]]))
