"""The topics of `nncli explain`: layers, optimizers, schedules, losses; does not depend on a terminal or Keras.

A topic is one entry of TOPICS. What no field of a section can say about an optimizer, a schedule or a loss (a formula,
its source, an example) stands in offers.yaml beside this file; a layer says it itself.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

import yaml

from nncli.config.layer_section import WeightedLayer
from nncli.config.layers import LAYERS
from nncli.config.objective import LOSS_OPTIONS, OPTIMIZERS, Loss
from nncli.config.schedules import SCHEDULES
from nncli.config.section import Section

_FILE = Path(__file__).with_name("offers.yaml")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOUNDS = {"minimum": "from {}", "exclusiveMinimum": "above {}", "maximum": "to {}", "exclusiveMaximum": "below {}"}
_SHARED = ("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "ema_momentum")
_SCHEDULE_NAMES = tuple(section.__name__ for section in SCHEDULES.values())
_TYPES = {"number": "number", "integer": "integer", "boolean": "true or false", "string": "text"}


class Option(Section):
    """One option in words: the values it takes, its default, what it does."""

    name: str
    type: str
    default: str
    meaning: str


class Offer(Section):
    """One optimizer, schedule, loss or layer: a summary, a formula with its source, its options, an example."""

    topic: str
    name: str
    says: str
    formula: str = ""
    source: str = ""
    options: tuple[Option, ...] = ()
    example: str


Offers = dict[str, Offer]


def layer_offers() -> Offers:
    """The layers by name; the example stands in `model.layers`, before the output layer."""
    return {
        kind: Offer(
            topic="layers",
            name=kind,
            says=" ".join((section.__doc__ or "").split()),
            # Options of its own come first, inherited ones last.
            options=tuple(sorted(options_of(section), key=lambda option: option.name in WeightedLayer.model_fields)),
            example=section.EXAMPLE or f"- {kind}",
        )
        for kind, section in LAYERS.items()
    }


def optimizer_offers() -> Offers:
    """The optimizers by name, in the order in which they are listed."""
    # Options of its own come first, inherited ones last.
    return _offers(
        "optimizers",
        {
            name: tuple(sorted(options_of(section, ("name",)), key=lambda option: option.name in _SHARED))
            for name, section in OPTIMIZERS.items()
        },
    )


def schedule_offers() -> Offers:
    """The schedules that a learning rate can follow."""
    return _offers("schedules", {name: options_of(section, ("schedule",)) for name, section in SCHEDULES.items()})


def loss_offers() -> Offers:
    """The losses by name, each with those options that it has."""
    options = {option.name: option for option in options_of(Loss, ("name",))}
    return _offers("losses", {name: tuple(options[key] for key in keys) for name, keys in LOSS_OPTIONS.items()})


TOPICS: Mapping[str, Callable[[], Offers]] = {
    "layers": layer_offers,
    "optimizers": optimizer_offers,
    "schedules": schedule_offers,
    "losses": loss_offers,
}


def _offers(topic: str, options: Mapping[str, tuple[Option, ...]]) -> Offers:
    texts = _read_texts()[topic]
    return {
        name: Offer.model_validate({"topic": topic, "name": name, "options": each, **texts[name]})
        for name, each in options.items()
    }


@cache
def _read_texts() -> dict[str, dict[str, dict[str, str]]]:
    return cast("dict[str, Any]", yaml.load(_FILE.read_text(encoding="utf-8"), Loader=_LOADER))


def options_of(section: type[Section], left_out: Iterable[str] = ("kind",)) -> tuple[Option, ...]:
    """The keys of a section in the order in which they are declared, without those that only say what it is."""
    schema = section.model_json_schema()
    if "properties" not in schema:  # a section that can stand inside itself
        schema = schema["$defs"][section.__name__]
    required = schema.get("required", ())
    return tuple(
        Option(
            name=name,
            type=_type_text(each),
            default="required" if name in required else _default_text(each.get("default")),
            meaning=each.get("description", ""),
        )
        for name, each in schema["properties"].items()
        if name not in left_out
    )


def _type_text(schema: Mapping[str, Any]) -> str:
    """The values that a part of a JSON schema allows, in a few words."""
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "$ref" in schema:
        return "schedule" if schema["$ref"].endswith(_SCHEDULE_NAMES) else "section"
    branches = [each for key in ("anyOf", "oneOf") for each in schema.get(key, ()) if each.get("type") != "null"]
    if branches:
        return " or ".join(dict.fromkeys(map(_type_text, branches)))
    if schema.get("type") == "array":
        return "list"
    kind = _TYPES.get(schema.get("type", ""), "section")
    bounds = [text.format(_number(schema[key])) for key, text in _BOUNDS.items() if key in schema and schema[key] < 1e6]
    return " ".join([kind, *bounds])


def _number(value: float) -> str:
    return f"{value:g}"


def _default_text(value: Any) -> str:
    if value is None:
        return "not set"
    return str(value).lower() if isinstance(value, bool) else str(value)
