"""Keys of a config and their values, for `--set KEY=VALUE`, by the JSON Schema of configs.

A shell puts a blank after a word when only one fits. A key is to be followed by `=` or by another key, so where one is
left alone it is offered with what can follow.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from nncli.config.reading.document import parse_document
from nncli.config.reading.shipped import find_config, shipped_folder
from nncli.errors import NncliError
from nncli.pipeline.completing.names import Offers

_SCHEMA = "schema.json"
# Entries that are offered of a list whose length is not known.
_ENTRIES = 4
_NESTED = ("anyOf", "oneOf", "allOf")
_LONGEST_HELP = 60

Node = Mapping[str, Any]


def complete_setting(word: str, config: str | None = None, *, values_follow: bool = True) -> Offers:
    """Keys, or after `=` values, that begin with the word; how many layers there are is looked up in the config.

    Without `values_follow`, as for `--vary`, an only key is not offered with single values.
    """
    keys = Keys(json.loads((shipped_folder() / _SCHEMA).read_text(encoding="utf-8")), _read(config))
    key, equals, beginning = word.partition("=")
    if equals:
        return [(f"{key}={value}", help) for value, help in keys.values(_steps(key)) if value.startswith(beginning)]
    return keys.complete(word, values_follow=values_follow)


def _steps(key: str) -> list[str]:
    """`model.layers[0].dense` as its parts."""
    return re.findall(r"[^.\[\]]+", key)


def _read(config: str | None) -> Any:
    """The content of a config as it stands, without what it extends; None where it cannot be read."""
    if config is None:
        return None
    try:
        path = find_config(config)
        return parse_document(path.read_text(encoding="utf-8"), str(path)).values
    except (NncliError, OSError, ValueError):
        return None


@dataclass(frozen=True)
class Keys:
    """The keys that a schema knows; `content` is that of a config, whose lists have a length."""

    schema: Node
    content: Any = None

    def complete(self, word: str, *, values_follow: bool) -> Offers:
        """Keys that begin with the word: with `.` where others follow, with `=` where a value does."""
        place = re.match(r"(?:.*[.\]])?", word)
        prefix = place[0] if place else ""
        if prefix == "." or prefix.endswith("]"):
            return []
        offers = list(self._offers_below(_steps(prefix), prefix, word.removeprefix(prefix)))
        while len(offers) == 1 and offers[0][0].endswith("."):
            only = offers[0][0]
            offers = list(self._offers_below(_steps(only), only, "")) or offers
            if offers[0][0] == only:
                break
        if len(offers) == 1 and values_follow:
            only = offers[0][0]
            offers += [(only + value, help) for value, help in self.values(_steps(only.removesuffix("=")))]
        return offers

    def values(self, steps: Sequence[str]) -> Offers:
        """The values that a key can have, as far as they can be listed, its default first."""
        found: dict[str, str] = {}
        for node in self._schemas_at(steps):
            if isinstance(node.get("default"), bool | int | float | str):
                found.setdefault(_show(node["default"]), "the default")
        for node in self._schemas_at(steps):
            listed = [*node.get("enum", ()), *([node["const"]] if "const" in node else ())]
            listed += [False, True] if node.get("type") == "boolean" else []
            for value in listed:
                found.setdefault(_show(value), "")
        return list(found.items())

    def _offers_below(self, steps: Sequence[str], prefix: str, beginning: str) -> Iterator[tuple[str, str]]:
        for name, nodes in self._children(steps).items():
            if name.startswith(beginning):
                help = _describe(nodes)
                plain = list(self._resolved(nodes))
                keys_follow = [self._has_keys(node) for node in plain]
                given = _look_up(self.content, [*steps, name])
                if any(keys_follow):
                    yield f"{prefix}{name}.", help
                    if name.isdecimal() and not isinstance(given, str):
                        continue
                if any(node.get("type") != "null" and not has for node, has in zip(plain, keys_follow, strict=True)):
                    yield f"{prefix}{name}=", help

    def _has_keys(self, node: Node) -> bool:
        """Whether keys follow it: those of a section, or the places of a list of sections."""
        items = self._resolved([node["items"]]) if "items" in node else ()
        return "properties" in node or any("properties" in each for each in items)

    def _children(self, steps: Sequence[str]) -> dict[str, list[Node]]:
        """What a key can be followed by, each with the schemas it may have."""
        children: dict[str, list[Node]] = {}
        given = _look_up(self.content, steps)
        whole = _look_up(self.content, steps[:-1])
        if isinstance(whole, list) and given is None:  # after the last entry
            return children
        for node in self._schemas_at(steps):
            for name, child in node.get("properties", {}).items():
                # An entry of a list has one kind, which another key beside it would not change.
                if not (steps and steps[-1].isdecimal() and isinstance(given, Mapping)) or name in given:
                    children.setdefault(name, []).append(child)
            if "items" in node and self._has_keys(node):
                count = len(given) if isinstance(given, list) else _ENTRIES
                for place in range(count):
                    children.setdefault(str(place), []).append(node["items"])
        return children

    def _schemas_at(self, steps: Sequence[str]) -> list[Node]:
        """The schemas of what stands at a path."""
        nodes = list(self._resolved([self.schema]))
        for step in steps:
            below = [node["properties"][step] for node in nodes if step in node.get("properties", {})]
            below += [node["items"] for node in nodes if "items" in node and step.isdecimal()]
            nodes = list(self._resolved(below))
        return nodes

    def _resolved(self, nodes: Sequence[Node]) -> Iterator[Node]:
        """The schemas with their references and alternatives followed; a default is kept where it stands."""
        for node in nodes:
            nested = [each for key in _NESTED for each in node.get(key, ())]
            if "$ref" in node:
                nested.append(self._definitions[str(node["$ref"]).rpartition("/")[2]])
            if not nested or "properties" in node:
                yield node
            elif "default" in node:
                yield {"default": node["default"], "type": "null"}
            yield from self._resolved(nested)

    @cached_property
    def _definitions(self) -> Node:
        found: Node = self.schema.get("$defs", {})
        return found


def _describe(nodes: Sequence[Node]) -> str:
    """The description that all nodes share; empty where they differ, as optimizers do about their names."""
    told = {str(node["description"]) for node in nodes if node.get("description")}
    text = told.pop() if len(told) == 1 else ""
    return text if len(text) <= _LONGEST_HELP else text[: _LONGEST_HELP - 3] + "..."


def _look_up(content: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        if isinstance(content, list) and step.isdecimal() and int(step) < len(content):
            content = content[int(step)]
        elif isinstance(content, Mapping):
            content = content.get(step)
        else:
            return None
    return content


def _show(value: Any) -> str:
    """As it is written after `--set KEY=`."""
    return json.dumps(value) if isinstance(value, bool) or value is None else str(value)
