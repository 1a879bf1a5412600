"""How an explanation looks on a terminal: plain text of at most 80 columns, or a list of what can be explained."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from nncli.console import Console, make_table

_WIDTH = 80


def show_explanation(console: Console, explained: Mapping[str, Any]) -> None:
    """Shows the result of `pipeline.explain`: a rule, an entry of a topic, a topic, or all rules."""
    if console.json_mode:
        console.answer(explained)
    elif "severity" in explained:
        console.write(_rule_text(explained))
    elif "lesson" in explained:
        console.write(f"{explained['lesson']}: {explained['title']}\n\n{explained['text']}\n")
    elif "example" in explained:
        console.answer(explained, *_offer_view(explained))
    elif "rules" in explained:
        rows = [[rule["id"], rule["severity"], rule["reason"]] for rule in explained["rules"]]
        topics = ", ".join(f"`nncli explain {topic}`" for topic in explained["topics"])
        more = _wrap(f"Topics, with options and examples: {topics}")
        more += "\n" + _wrap(
            f"The lessons: {', '.join(f'`nncli explain {lesson}`' for lesson in explained['lessons'])}"
        )
        more += "\n" + _wrap(
            f"Verdicts on a training: {', '.join(f'`nncli explain {verdict}`' for verdict in explained['verdicts'])}"
        )
        console.answer(explained, make_table(None, ["rule", "", "what is wrong"], rows, left=3), f"\n{more}")
    else:
        (offers,) = explained.values()
        views = [view for offer in offers for view in (*_offer_view(offer), "")]
        console.answer(explained, *views[:-1])


def _rule_text(rule: Mapping[str, Any]) -> str:
    severity = {
        "refused": "refused, so that training does not start",
        "verdict": f"a verdict after training, which `silence: [{rule['id']}]` in the config turns off",
        "warning": f"a warning, which `silence: [{rule['id']}]` in the config turns off",
    }[rule["severity"]]
    told = [f"{rule['id']}: {rule['reason']}", f"fix: {rule['fix']}", severity]
    return "\n".join([*map(_wrap, told), "", rule["text"]])


def _offer_view(offer: Mapping[str, Any]) -> Iterator[Any]:
    """A line, the formula and its source, the options with their values and defaults, the example."""
    yield _wrap(f"{offer['name']}: {offer['says']}")
    yield from (_wrap(f"{key}: {offer[key]}") for key in ("formula", "source") if offer[key])
    for option in offer["options"]:
        default = option["default"] if option["default"] in ("required", "not set") else f"default {option['default']}"
        told = f"{option['name']} ({option['type']}; {default}): {option['meaning']}"
        yield textwrap.indent(_wrap(told, _WIDTH - 2), "  ")
    yield "\n" + textwrap.indent(offer["example"].rstrip("\n"), "    ")


def _wrap(text: str, width: int = _WIDTH) -> str:
    return "\n".join(textwrap.wrap(text, width, subsequent_indent="  ", break_on_hyphens=False))
