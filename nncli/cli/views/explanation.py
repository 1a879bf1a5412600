"""How an explanation looks on a terminal: plain text of at most 80 columns, or a list of what can be explained."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from nncli.console import Console, make_table

_WIDTH = 80


def show_explanation(console: Console, explained: Mapping[str, Any]) -> None:
    """Shows the result of `pipeline.explain`: a lesson, a rule, an entry of a topic, a topic, or the list of all."""
    for text in explained.get("warnings", ()):
        console.warn(text)
    if console.json_mode:
        console.answer({key: value for key, value in explained.items() if key not in ("sketch", "warnings")})
    elif "severity" in explained:
        console.write(_rule_text(explained))
    elif "lesson" in explained:
        console.write(_lesson_text(explained))
    elif "example" in explained:
        console.answer(explained, *_offer_view(explained))
    elif "rules" in explained:
        console.answer(explained, *_list_view(explained))
    else:
        (offers,) = explained.values()
        views = [view for offer in offers for view in (*_offer_view(offer), "")]
        console.answer(explained, *views[:-1])


def _lesson_text(lesson: Mapping[str, Any]) -> str:
    """Title, text, sketch, the numbers that can be set, and the commands that continue the lesson."""
    parts = [f"{lesson['lesson']}: {lesson['title']}\n", lesson["text"], ""]
    if lesson.get("sketch"):
        parts += [lesson["sketch"], ""]
    if "plot" in lesson:
        parts += [f"picture: {lesson['plot']}", ""]
    parts.append(textwrap.fill(", ".join(lesson["set"]), _WIDTH, initial_indent="--set: ", subsequent_indent=" " * 7))
    parts += [f"{'next:' if place == 0 else '     '} {command}" for place, command in enumerate(lesson["next"])]
    return "\n".join(parts) + "\n"


def _list_view(explained: Mapping[str, Any]) -> Iterator[Any]:
    """Lessons, rules and offers, one below the other."""
    yield "Lessons, in the order of the lecture, as in `nncli explain softmax 2 1 0.1 -3`:\n"
    yield make_table(
        ["lesson", "what one sees"], [[each["id"], each["title"]] for each in explained["lessons"]], left=2
    )
    yield "\nRules, as in `nncli explain logits-twice`:\n"
    rows = [[rule["id"], rule["severity"], rule["reason"]] for rule in explained["rules"]]
    yield make_table(["rule", "", "what is wrong"], rows, left=3)
    yield "\nVerdicts on a training, as in `nncli explain vanishing`:\n"
    rows = [[verdict["id"], verdict["reason"]] for verdict in explained["verdicts"]]
    yield make_table(["verdict", "what is wrong"], rows, left=2)
    yield "\nWhat a config can name, with options and examples, as in `nncli explain conv2d`:\n"
    for topic, names in explained["topics"].items():
        yield _wrap(f"{topic}: {', '.join(names)}")
    lessons = [each["id"] for each in explained["lessons"]]
    commands = [f"`nncli explain {topic}{' --options' * (topic in lessons)}`" for topic in explained["topics"]]
    yield "\n" + _wrap(
        f"All of a kind: {', '.join(commands)}. Where a lesson has the same name as a layer or an optimizer, "
        "--options asks for the other: `nncli explain adam --options`."
    )


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
