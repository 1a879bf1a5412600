"""Dotted keys into nested values: `model.layers[0].dense.units`, also written `model.layers.0.dense.units`."""

import re
from collections.abc import Mapping
from typing import Any

# What a key leads to where there is nothing; None is a value.
MISSING = object()


def look_up(value: Any, key: str) -> Any:
    """The value that a dotted key leads to, MISSING if none; of an optimizer or a loss itself, its name."""
    for part in re.split(r"[.\[\]]+", key.rstrip("]")):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return MISSING
    return value["name"] if isinstance(value, Mapping) and "name" in value else value


def flatten(value: Any, key: str = "") -> dict[str, Any]:
    """Each single value with its dotted key; empty lists and mappings count as single values."""
    if isinstance(value, Mapping) and value:
        items = [(f"{key}.{name}" if key else str(name), item) for name, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, Mapping | list) for item in value):
        items = [(f"{key}[{position}]", item) for position, item in enumerate(value)]
    else:
        return {key: value}
    return {path: single for name, item in items for path, single in flatten(item, name).items()}


def equals(value: Any, text: str) -> bool:
    """Whether a value is what a person wrote: numbers by value, true, false and null as in YAML, else the same text."""
    if isinstance(value, bool) or value is None:
        return text.lower() == {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int | float):
        try:
            return float(text) == value
        except ValueError:
            return False
    return str(value) == text
