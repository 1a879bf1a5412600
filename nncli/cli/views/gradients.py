"""How a gradient check looks on a terminal: a row for each weight array, notes, the verdict."""

from collections.abc import Mapping
from typing import Any

from nncli.console import Console, make_table


def show_gradients(console: Console, checked: Any) -> None:
    """The table of a gradient check, what was done for it, and where gradients differ."""
    columns = ["layer", "weight", "shape", "checked", "kinks", "relative error", "verdict"]
    parts: list[Any] = [make_table(None, columns, [_row(weight) for weight in checked.weights], left=3)]
    parts += checked.notes
    parts += [_difference(weight) for weight in checked.weights if weight["verdict"] == "differs"]
    failed = sum(weight["verdict"] != "ok" for weight in checked.weights)
    count, tolerance = len(checked.weights), f"{checked.request.tolerance:g}"
    if failed:
        parts.append(f"{failed} of {count} weight arrays are not verified within {tolerance}")
        if any(weight["kinks"] > weight["checked"] for weight in checked.weights):
            parts.append("where most entries are skipped, a smaller --batch-size has fewer corners")
    else:
        parts.append(
            f"back-propagation agrees with central differences within {tolerance} in all {count} weight arrays"
        )
    console.answer(checked.to_value(), *parts)


def _row(weight: Mapping[str, Any]) -> list[str]:
    return [
        weight["layer"],
        weight["weight"],
        " × ".join(map(str, weight["shape"])),
        f"{weight['checked']:,}",
        f"{weight['kinks']:,}",
        "-" if weight["error"] is None else f"{weight['error']:.1e}",
        weight["verdict"],
    ]


def _difference(weight: Mapping[str, Any]) -> str:
    place = f"{weight['layer']}/{weight['weight']}[{', '.join(map(str, weight['entry']))}]"
    return f"{place}: back-propagation says {weight['analytic']:.8g}, the difference {weight['numeric']:.8g}"
