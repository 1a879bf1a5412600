"""YAML text as plain values, each with its position: size limits first, YAML 1.2's scalars, no duplicate keys.

PyYAML's `safe_load` takes the last of two equal keys, reads `1e-3` as text and `yes` as true,
and needs minutes for a short text of merged aliases (DESIGN.md, section 7); so only its scanner and composer are
used here, and the nodes are turned into values by the few rules below.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nncli.errors import ConfigError, UsageError

MAX_BYTES = 1_000_000
MAX_DEPTH = 30
MAX_NODES = 20_000

KeyPath = tuple[str | int, ...]

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CORE_TAG = "tag:yaml.org,2002:"
_PLAIN_PART = re.compile(r"[^\s.\[\]\"'#]{1,60}")
_LONGEST_TEXT = 60

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


@dataclass(frozen=True)
class Problem:
    """Something wrong at a place; as text, one line."""

    mark: Mark
    path: KeyPath
    text: str

    def __str__(self) -> str:
        where = f"{format_path(self.path)}: " if self.path else ""
        return f"{self.mark}  {where}{self.text}"


@dataclass
class Document:
    """Plain values, the mark of each key (or list item) by its path, and the problems found so far.

    `problems` are reported by the validation, together with those of the values.
    """

    file: str
    values: dict[str, Any]
    marks: dict[KeyPath, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def mark(self, path: KeyPath) -> Mark:
        """The mark of the longest part of `path` that is in the file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.marks:
                return self.marks[path[:length]]
        return Mark(self.file, 1, 1)


def format_path(path: KeyPath) -> str:
    """('model', 'layers', 0, 'dense') as `model.layers[0].dense`; a key that would be ambiguous is put in quotes."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_format_key(part)}" for part in path)
    return text.removeprefix(".")


def _format_key(key: str) -> str:
    return key if _PLAIN_PART.fullmatch(key) and key.isprintable() else show_text(key)


def show_text(text: str) -> str:
    """A text in quotes on one line: unprintable characters are escaped, long texts are cut."""
    shown = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 3]}..."
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in shown) + '"'


def is_unicode(text: str) -> bool:
    """Whether every byte of a word of the command line, or of a file's name, could be decoded."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def require_unicode(path: Path) -> None:
    """Refuses data that no config could name, as configs are UTF-8. Raises UsageError."""
    if not is_unicode(whole := str(path.absolute())):
        raise UsageError(f"{show_text(whole)} is not UTF-8 text", hint="rename the file, or the folder that it lies in")


def read_document(path: Path, text: str | None = None) -> Document:
    """Reads a YAML file, or `text` as its content; problems of single keys are kept in `problems`.

    Raises ConfigError with the position, if the file is not a mapping of sections.
    """
    if text is not None:
        return _parse(text.removeprefix("\ufeff"), str(path))
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
    return _parse(text, str(path))


def parse_document(text: str, file: str) -> Document:
    """The same for a text; `file` names it in messages. Raises ConfigError with every problem."""
    document = _parse(text, file)
    if document.problems:
        raise ConfigError([str(problem) for problem in document.problems])
    return document


def _parse(text: str, file: str) -> Document:
    try:
        problems = list(_walk_events(text, file))
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise ConfigError([_syntax_problem(error, file)]) from None
    except yaml.reader.ReaderError as error:
        raise ConfigError([_character_problem(error, text, file)], hint="is it a config?") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        first = str(error).strip().splitlines() or ["unreadable"]
        raise ConfigError([f"{file}: is not YAML text ({first[0][:200]})"], hint="is it a config?") from None
    if node is None:
        raise ConfigError([f"{file}: is empty"], hint="start from a shipped one: nncli init --from digits_softmax")
    if not isinstance(node, yaml.MappingNode):
        place = Mark(file, node.start_mark.line + 1, node.start_mark.column + 1)
        raise ConfigError(
            [f"{place}  a config is a mapping of sections (data, model, ...) and this is a {_kind(node)}"]
        )
    document = _Builder(file).build(node)
    document.problems[:0] = problems
    return document


def _walk_events(text: str, file: str) -> Iterator[Problem]:
    """Refuses a text that is nested too deeply or too large before the recursive composer reads it; finds its tags."""
    depth = 0
    for nodes, event in enumerate(yaml.parse(text, Loader=_LOADER), 1):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line, column = (event.start_mark.line + 1, event.start_mark.column + 1) if event.start_mark else (1, 1)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            what = f"nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else f"over {MAX_NODES:,} values"
            raise ConfigError([f"{file}:{line}:{column}  is {what}"], hint="is it a config?")
        tag = getattr(event, "tag", None)
        if tag is not None:
            written = f"!!{tag.removeprefix(_CORE_TAG)}" if tag.startswith(_CORE_TAG) else tag
            shown = show_text(written).strip('"')
            yield Problem(Mark(file, line, column), (), f"configs have no tags such as {shown}; write the plain value")


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    problem = (error.problem or "unreadable")[:200]
    if "'\\t'" in problem or ("cannot start any token" in problem):
        problem = "a tab, @ or ` cannot start a value; indent with spaces, put such text in quotes"
    elif "alias" in problem:
        problem = f"{problem} (a value that starts with * needs quotes)"
    elif problem.endswith(("expected key", "expected <block end>, but found '<block mapping start>'")):
        problem = f"{problem}; all keys of a section begin in the same column"
    elif problem.startswith(("did not find expected ',' or", "expected ',' or")):
        problem = f"{problem}; is one missing above?"
    return f"{place}  not valid YAML: {problem}"


def _character_problem(error: Any, text: str, file: str) -> str:
    """The position of an unreadable character; the C reader counts bytes."""
    before = text.encode("utf-8", "replace")[: error.position].decode("utf-8", "ignore")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return f"{file}:{line}:{column}  is not YAML text: it has the character U+{error.character:04X}"


def _kind(node: yaml.Node) -> str:
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"


class _Builder:
    """Turns one tree of nodes into a Document, and collects duplicate keys and keys that are not names."""

    def __init__(self, file: str) -> None:
        self.document = Document(file, {})
        self.nodes = 0

    def build(self, node: yaml.MappingNode) -> Document:
        self.document.values = self._value(node, ())
        return self.document

    def _value(self, node: yaml.Node, path: KeyPath) -> Any:
        self.nodes += 1  # an alias counts as often as it is used
        if self.nodes > MAX_NODES or len(path) > MAX_DEPTH:
            raise ConfigError([f"{self._at(node)}  aliases that expand beyond the size limit of a config"])
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, path))
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, (*path, index)) for index, item in enumerate(node.value)]
        is_plain = not getattr(node, "style", None)  # None from Python's parser, "" from libyaml's
        return resolve_scalar(node.value) if is_plain else node.value

    def _item(self, node: yaml.Node, path: KeyPath) -> Any:
        self.document.marks[path] = self._at(node)
        return self._value(node, path)

    def _entries(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, Any]]:
        marks, problems = self.document.marks, self.document.problems
        for key_node, value_node in node.value:
            mark = self._at(key_node)
            if not isinstance(key_node, yaml.ScalarNode):
                problems.append(Problem(mark, path, f"a key is a name, and this is a {_kind(key_node)}"))
                continue
            here = (*path, key_node.value)
            if here in marks:
                text = f"occurs twice (first in line {marks[here].line}); keep one"
                problems.append(Problem(mark, here, text))
                continue
            marks[here] = mark
            yield key_node.value, self._value(value_node, here)

    def _at(self, node: yaml.Node) -> Mark:
        return Mark(self.document.file, node.start_mark.line + 1, node.start_mark.column + 1)


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
