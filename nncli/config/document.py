"""A YAML text as plain values with the place of each: limits first, YAML 1.2's scalars, no duplicate keys.

It knows no sections. PyYAML's `safe_load` takes the last of two equal keys, reads `1e-3` as text and `yes` as true,
and needs minutes for a short text of merged aliases (DESIGN.md, section 7); so only its scanner and composer are
used here, and the nodes are turned into values by the few rules below.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nncli.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
MAX_NODES = 20_000

KeyPath = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_BASED_INT = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


@dataclass(frozen=True)
class Mark:
    """A place in a file, both counted from 1 as editors do; line 0 is no place (the command line)."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass
class Document:
    """Plain values, and for each key path the mark of its key (or list item)."""

    file: str
    values: dict[str, Any]
    marks: dict[KeyPath, Mark] = field(default_factory=dict)

    def mark(self, path: KeyPath) -> Mark:
        """The mark of the longest part of `path` that stands in the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.marks:
                return self.marks[path[:length]]
        return Mark(self.file, 1, 1)


def format_path(path: KeyPath) -> str:
    """('model', 'layers', 0, 'dense') as `model.layers[0].dense`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_document(path: Path) -> Document:
    """Reads a YAML file. Raises ConfigError with the place of every mistake that can be told at this level."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except IsADirectoryError:
        raise ConfigError([f"{path}: is a folder, not a config"], hint="name the YAML file in it") from None
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read ({error.strerror})"]) from None
    if len(content) > MAX_BYTES:
        raise ConfigError([f"{path}: is larger than a config can be ({MAX_BYTES:,} bytes)"])
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: is not UTF-8 text (byte {error.start + 1})"], hint="is it a config?") from None
    return parse_document(text, str(path))


def parse_document(text: str, file: str) -> Document:
    """The same for a text; `file` names it in messages."""
    _limit_nesting(text, file)
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_problem(error, file)]) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        first = str(error).strip().splitlines() or ["unreadable"]
        raise ConfigError([f"{file}: is not YAML text ({first[0]})"], hint="is it a config?") from None
    if node is None:
        raise ConfigError([f"{file}: is empty"], hint="start from a shipped one: configs/digits_softmax.yaml")
    if not isinstance(node, yaml.MappingNode):
        raise ConfigError(
            [f"{file}:1:1  a config is a mapping of sections (data, model, ...) and this is a {_kind(node)}"]
        )
    return _Builder(file).build(node)


def _limit_nesting(text: str, file: str) -> None:
    """Refuses a text nested or packed beyond any config before the recursive composer sees it."""
    depth = nodes = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            nodes += 1
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH or nodes > MAX_NODES:
                what = f"nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"over {MAX_NODES:,} values"
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise ConfigError([f"{file}:{line}:1  is {what}"], hint="is it a config?")
    except yaml.YAMLError:
        return  # told by the composer, with its place


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    problem = error.problem or "unreadable"
    if "'\\t'" in problem or ("cannot start any token" in problem):
        problem = "a tab, @ or ` cannot start a value; indent with spaces, put such text in quotes"
    elif "alias" in problem:
        problem = f"{problem} (a value that starts with * needs quotes)"
    return f"{place}  not valid YAML: {problem}"


def _kind(node: yaml.Node) -> str:
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"


class _Builder:
    """Turns one tree of nodes into a Document, collecting duplicate keys and refused tags on the way."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[KeyPath, Mark] = {}
        self.problems: list[str] = []
        self.nodes = 0

    def build(self, node: yaml.MappingNode) -> Document:
        values = self._value(node, ())
        if self.problems:
            raise ConfigError(self.problems)
        return Document(self.file, values, self.marks)

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.nodes += 1  # an alias counts as often as it is used
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise ConfigError([f"{self._at(node)}  aliases that unfold to more than a config can hold"])
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _item(self, node: yaml.Node, path: KeyPath) -> Any:
        self.marks[path] = self._at(node)
        return self._value(node, path)

    def _entries(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: dict[str, Mark] = {}
        for key_node, value_node in node.value:
            mark = self._at(key_node)
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None:
                self.problems.append(f"{mark}  a key is a name, and this is a {_kind(key_node)}")
                continue
            if key in seen:
                where = format_path((*path, key))
                self.problems.append(f"{mark}  {where}: stands twice (first in line {seen[key].line}); keep one")
                continue
            seen[key] = mark
            self.marks[(*path, key)] = mark
            yield key, self._value(value_node, (*path, key))

    def _scalar(self, node: Any, path: KeyPath) -> Any:
        is_plain = not node.style  # None from Python's parser, "" from libyaml's
        if is_plain and node.tag.startswith("tag:yaml.org,2002:") and "python" not in node.tag:
            return resolve_scalar(node.value)
        if node.tag in ("tag:yaml.org,2002:str", "!"):
            return node.value
        self.problems.append(f"{self._at(node)}  {format_path(path)}: configs have no tags such as {node.tag!r}")
        return None

    def _at(self, node: yaml.Node) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)


def resolve_scalar(text: str) -> Any:
    """A plain scalar by YAML 1.2's core schema: `yes` and `12:30` are text, `012` is 12, `1e-3` a number."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text) and len(text) < 400:
        return int(text)
    if _BASED_INT.fullmatch(text) and len(text) < 400:
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return text
