"""Fixes mistakes that have exactly one certain fix in the text of a config; comments and layout stay.

Works on a text and its problems; does not depend on files or data.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from nncli.config.describing.writing import format_text, format_value, quote_text
from nncli.config.reading.document import Document, KeyPath, format_path, resolve_scalar
from nncli.config.reading.spelling import is_slip
from nncli.config.rules import Edit, Finding

# What a message suggests is what is put in its place, so that the two can never differ. Several suggestions are told
# with `or` between them and do not match: then none is certain.
_SUGGESTION = re.compile(
    r'(?P<file>.*):(?P<line>\d+):(?P<column>\d+)  .*(?P<what>(?:unknown|got) .*); did you mean "(?P<name>[^"]+)"\?'
)
_PLACE = re.compile(r"^.*?:\d+:\d+  ")
# Rules whose edits put the nearest of the known names in the place of a name.
_NAMING_RULES = frozenset({"class-weight", "monitor", "silence"})


@dataclass(frozen=True)
class Span:
    """The characters of a text from `start` to before `end`, and their replacement.

    `meaning` is the scalar that a reader of the new text finds; `mapping` tells the mapping whose key this is.
    """

    start: int
    end: int
    text: str
    meaning: str
    mapping: int | None = None


@dataclass(frozen=True)
class Mend:
    """The changes that together fix one problem, which `identify` names."""

    problem: str
    spans: tuple[Span, ...]


def identify(problem: str | Finding) -> str:
    """A problem's text without its position, which another change in its line can move."""
    if isinstance(problem, str):
        return _PLACE.sub("", problem, count=1)
    return f"{format_path(problem.path)}: {problem.reason} [{problem.rule}]"


def mend_spelling(text: str, file: str, problems: Sequence[str]) -> list[Mend]:
    """A mend for each problem of `file`, whose content is `text`, that has exactly one suggestion, and a near one."""
    found = [match for match in map(_SUGGESTION.fullmatch, problems) if match and match["file"] == file]
    tree = _read(text) if found else None
    if tree is None:
        return []
    mends = []
    for match in found:
        place = (int(match["line"]) - 1, int(match["column"]) - 1)
        span = tree.find_name(place, match["what"], match["name"])
        mends += [Mend(identify(match[0]), (span,))] if span else []
    return _without_clashes(mends)


def mend_findings(text: str, document: Document, findings: Sequence[Finding]) -> list[Mend]:
    """A fix for each finding whose values are all in `text`, and not in another file or on the command line."""
    tree = _read(text)
    if tree is None:
        return []
    mends = []
    for finding in findings:
        is_name = finding.rule in _NAMING_RULES
        found = [tree.find_value(edit, is_name=is_name) for edit in finding.edits if tree.has_change(edit)]
        spans = tuple(span for span in found if span)
        is_own = all(_stands_in(document, edit) for edit in finding.edits)
        if spans and len(spans) == len(found) and is_own:
            mends.append(Mend(identify(finding), spans))
    return _without_clashes(mends)


def apply_mends(text: str, mends: Sequence[Mend]) -> str:
    """`text` with the spans of all mends replaced; of two that overlap, the first counts.

    It is `text` itself where the new one would say anything else than the mends do.
    """
    kept: list[Span] = []
    for span in (span for mend in mends for span in mend.spans):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    fixed = text
    for span in sorted(kept, key=lambda span: span.start, reverse=True):
        fixed = fixed[: span.start] + span.text + fixed[span.end :]
    meanings = {span.end: span.meaning for span in kept}
    is_safe = len(fixed.splitlines()) == len(text.splitlines()) and _parsed_scalars(text, meanings) == _parsed_scalars(
        fixed, {}
    )
    return fixed if is_safe else text


def _parsed_scalars(text: str, meanings: dict[int, str]) -> list[tuple[Any, ...]] | None:
    """All that a text says, without places and quotes, with the `meanings` of scalars that end there instead."""
    try:
        events = list(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return None
    said = []
    for event in events:
        end = event.end_mark.index if event.end_mark else -1
        value, is_mended = getattr(event, "value", None), isinstance(event, yaml.ScalarEvent) and end in meanings
        value = meanings[end] if is_mended else value
        # A fixed plain scalar may have got quotes; what it is read as is seen when the config is loaded.
        said.append((type(event), getattr(event, "anchor", None), getattr(event, "tag", None), value))
    return said


def _stands_in(document: Document, edit: Edit) -> bool:
    mark = document.mark(edit.path)
    return mark.line > 0 and mark.file == document.file


def _without_clashes(mends: Sequence[Mend]) -> list[Mend]:
    """Removes the fixes that would give two keys of a mapping the same name, as it is uncertain which one is meant."""
    spans = {span for mend in mends for span in mend.spans if span.mapping is not None}
    times = Counter((span.mapping, span.meaning) for span in spans)
    return [mend for mend in mends if all(times[span.mapping, span.meaning] < 2 for span in mend.spans)]


def _read(text: str) -> "_Tree | None":
    """The nodes of a text; None where Python's parser refuses what libyaml takes, such as a tab after a colon."""
    try:
        # Python's own parser: its marks count characters, also where the file begins with a byte-order mark.
        root: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        tokens = list(yaml.scan(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError:
        return None
    return _Tree(root, tokens) if root is not None else None


class _Tree:
    """The nodes of a text: finds scalars by their place or path, and where exactly they stand."""

    def __init__(self, root: yaml.Node, tokens: Sequence[Any]) -> None:
        self._root = root
        # A node begins with its anchor, its token does not.
        self._starts = {
            token.end_mark.index: token.start_mark.index for token in tokens if isinstance(token, yaml.ScalarToken)
        }
        self._uses = Counter(map(id, _every_node(root)))

    def find_name(self, place: tuple[int, int], what: str, name: str) -> Span | None:
        """The misspelled key or name at a position: the key itself, its value, or an item of a list."""
        for node, mapping in _nodes_at(self._root, place):
            if not isinstance(node, yaml.ScalarNode):
                continue
            is_key = what.startswith("unknown key")
            is_meant = mapping is not None if is_key else repr(node.value) in what or f'"{node.value}"' in what
            if is_meant and is_slip(node.value, name):
                return self._span(node, name, mapping)
        return None

    def has_change(self, edit: Edit) -> bool:
        """Whether the text says something else than `edit` at its place; False where it says nothing there."""
        found = _walk(self._root, edit.path)
        node = found and found[0 if edit.is_key else 1]
        if node is None:
            return False
        if not isinstance(node, yaml.ScalarNode) or edit.is_key:
            return True
        return bool((node.value if node.style else resolve_scalar(node.value)) != edit.value)

    def find_value(self, edit: Edit, *, is_name: bool) -> Span | None:
        """The scalar (or key) that an edit replaces; None where the text has it in no such form.

        A name is replaced only by one that it is a slip of.
        """
        found = _walk(self._root, edit.path)
        node = found and found[0 if edit.is_key else 1]
        if found is None or not isinstance(node, yaml.ScalarNode):
            return None
        if is_name and not is_slip(node.value, str(edit.value)):
            return None
        return self._span(node, edit.value, found[2] if edit.is_key else None)

    def _span(self, node: yaml.ScalarNode, value: str | int | bool, mapping: yaml.MappingNode | None) -> Span | None:
        """The position of a scalar; None if it cannot be replaced within its line."""
        end = node.end_mark.index
        if self._uses[id(node)] > 1 or end not in self._starts:
            return None  # the value of an alias is meant for several places
        if (node.style or "") in ("|", ">") or node.start_mark.line != node.end_mark.line:
            return None
        if mapping is not None and value in _names(mapping):
            return None
        meaning = value if isinstance(value, str) else format_value(value)
        return Span(
            self._starts[end], end, _format_scalar(value, node.style), meaning, None if mapping is None else id(mapping)
        )


def _format_scalar(value: str | int | bool, style: str | None) -> str:
    """A value as it stands in a text, a text in the quotes that the one before it had."""
    if not isinstance(value, str):
        return format_value(value)
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    return quote_text(value) if style else format_text(value)


def _every_node(node: yaml.Node) -> Iterator[yaml.Node]:
    """Every node, once for each use."""
    yield node
    if isinstance(node, yaml.CollectionNode):
        parts = (part for item in node.value for part in (item if isinstance(item, tuple) else (item,)))
        for part in parts:
            yield from _every_node(part)


def _names(mapping: yaml.MappingNode) -> list[str]:
    return [key.value for key, _ in mapping.value if isinstance(key, yaml.ScalarNode)]


def _nodes_at(node: yaml.Node, place: tuple[int, int]) -> Iterator[tuple[yaml.Node, yaml.MappingNode | None]]:
    """Keys (with their mapping), the values of keys, and list items whose mark is `place`."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if _place(key) == place:
                yield key, node
                yield value, None
            yield from _nodes_at(value, place)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if _place(item) == place:
                yield item, None
            yield from _nodes_at(item, place)


def _place(node: yaml.Node) -> tuple[int, int]:
    return (node.start_mark.line, node.start_mark.column)


def _walk(root: yaml.Node, path: KeyPath) -> tuple[yaml.Node | None, yaml.Node, yaml.MappingNode | None] | None:
    """The key's node, the value's and the mapping's at `path`; `loss: huber` is the loss's name as well."""
    key: yaml.Node | None = None
    mapping: yaml.MappingNode | None = None
    node = root
    for depth, part in enumerate(path):
        if isinstance(node, yaml.MappingNode):
            matches = [pair for pair in node.value if pair[0].value == str(part)]
            if not matches:
                return None
            mapping, (key, node) = node, matches[0]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            mapping, key, node = None, None, node.value[part]
        elif isinstance(node, yaml.ScalarNode) and path[depth:] in (("name",), (0,)):
            return key, node, mapping
        else:
            return None
    return key, node, mapping
