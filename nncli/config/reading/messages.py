"""Turns each kind of pydantic error into words about the YAML file; knows no positions."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from nncli.config.facts import Task
from nncli.config.reading.document import show_text
from nncli.config.reading.spelling import did_you_mean

_QUOTED = re.compile(r"'([^']*)'")
# At such lengths only, so that a hostile text of a million digits costs nothing.
_NUMBER = re.compile(r"[-+]?[0-9]{0,20}([.,]?)[0-9]{1,20}(?:[eE][-+]?[0-9]{1,3})?")
_LONGEST_VALUE = 60

_MAPPING = "must be a mapping of keys to values"
# Kinds whose own messages are about Python.
_DEMANDS = {
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dict_type": _MAPPING,
    "tuple_type": "must be a list",
    "bool_type": "must be true or false",
    "string_pattern_mismatch": "must be letters, digits, _, . or -, at most 80, and start with a letter or digit",
}


# What sections look like that are taken for a single value, as in `data: digits`.
_SECTION_EXAMPLES = {
    "data": "data: {source: digits}",
    "model": "model: {layers: [output]}",
    "train": "train: {epochs: 20}",
    "early_stopping": "early_stopping: {patience: 5}",
    "reduce_lr_on_plateau": "reduce_lr_on_plateau: {patience: 3}",
}


@dataclass(frozen=True)
class Reason:
    """Why a value is refused: `got` is what it is, `demand` what it must be, `names` what it may be called.

    `nearest` is a hint: the name or the spelling that was probably meant.
    """

    got: str
    demand: str = ""
    names: tuple[str, ...] = ()
    nearest: str = ""


def join_reasons(reasons: Iterable[Reason]) -> str:
    """One sentence, where each branch of a union had its own reason."""
    first, *others = list(dict.fromkeys(reasons))
    if not others:
        return f"{first.got}, {first.demand}{first.nearest}" if first.demand else f"{first.got}{first.nearest}"
    demands = [_short_demand(reason) for reason in (first, *others)]
    hint = next((reason.nearest for reason in (first, *others) if reason.demand and reason.nearest), "")
    return f"{first.got}, must be {' or '.join(dict.fromkeys(demands))}{hint}"


def _short_demand(reason: Reason) -> str:
    if reason.demand:
        return reason.demand.removeprefix("must be ")
    return ", ".join(f'"{name}"' for name in reason.names)


def explain(detail: Mapping[str, Any]) -> Reason:
    """The reason in one of pydantic's error details."""
    kind, context = detail["type"], detail.get("ctx", {})
    got = f"got {show_value(detail.get('input'))}"
    if kind == "missing":
        return Reason("is required and missing")
    if kind == "layer_kind":
        return Reason("unknown key; the name of the layer says its kind")
    if kind == "layer_key":
        return Reason(f"stands beside {context['kind']}; options stand inside it, as in `- dense: {{units: 10}}`")
    if kind == "layer_options":
        got = f"got {show_value(context['got'])}"
    if kind == "union_tag_invalid":
        names = _QUOTED.findall(context["expected_tags"])
        return Reason(
            f"unknown name {show_text(str(context['tag']))}",
            names=(*names,),
            nearest=did_you_mean(context["tag"], names),
        )
    if kind == "union_tag_not_found":
        is_schedule = "schedule" in context["discriminator"]
        return Reason(
            "needs a schedule, as in {schedule: cosine}" if is_schedule else "needs a name, as in {name: adam}"
        )
    if kind in ("literal_error", "enum", "is_instance_of"):
        names = _QUOTED.findall(str(context.get("expected", ""))) or [task.value for task in Task]
        return Reason(got, names=(*names,), nearest=did_you_mean(detail.get("input"), names))
    if kind == "text_column":
        return Reason(
            f"{got}, and free text cannot be learned from yet: use category for a few repeated texts, or `drop` it"
        )
    if kind == "spelling":
        return Reason(f"{show_text(context['spelling'])} is listed {context['where']}; list each spelling once")
    if kind == "same_marks":
        return Reason(f"{got}, which is the decimal mark too; they must differ")
    if kind == "unknown_name":
        nearest = did_you_mean(context["got"], context["known"])
        return Reason(f"{detail['msg']} {show_text(str(context['got']))}", nearest=nearest)
    return Reason(got, _demand(kind, detail, context), nearest=_how_numbers_are_written(kind, detail.get("input")))


def _demand(kind: str, detail: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    if kind in _DEMANDS:
        return _DEMANDS[kind] + _example(kind, detail)
    if kind == "string_type":
        return "must be text" + ("; put it in quotes" if isinstance(detail["input"], bool | int | float) else "")
    if kind in ("too_short", "string_too_short"):
        return f"must have at least {_count(context['min_length'], kind)}"
    if kind in ("too_long", "string_too_long"):
        return f"must have at most {_count(context['max_length'], kind)}"
    message = str(detail["msg"]).replace("Input should be", "must be").replace("{{", "{").replace("}}", "}")
    return f"{message[0].lower()}{message[1:]}"


def _example(kind: str, detail: Mapping[str, Any]) -> str:
    """How a section or a list is written, where something else stands in its place."""
    if kind == "tuple_type":
        is_mapping = isinstance(detail["input"], dict)
        return "; begin each entry with a dash, as in `- dense: {units: 32}`" if is_mapping else ""
    example = _SECTION_EXAMPLES.get(str(detail["loc"][-1])) if detail.get("loc") else None
    return f", as in `{example}`" if example else ""


def _how_numbers_are_written(kind: str, value: Any) -> str:
    """What turns a text such as "32" or 0,01 into the number that was meant."""
    if not kind.startswith(("int_", "float_")):
        return ""
    found = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if not found:
        return ""
    if found[1] == ",":
        return "; write it without a comma" if kind.startswith("int_") else "; decimals have a point, not a comma"
    return "; write it without quotes"


def _count(number: int, kind: str) -> str:
    what = "character" if kind.startswith("string") else "item"
    return f"{number} {what}{'' if number == 1 else 's'}"


def show_value(value: Any) -> str:
    """A value as messages show it: on one line, cut if long."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    return _cut(repr(list(value) if isinstance(value, tuple) else value))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
