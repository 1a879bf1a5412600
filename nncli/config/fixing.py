"""Mistakes that have one certain fix, mended in the text of a config: comments and layout stay as they are.

Works on a text and on what was found wrong in it; knows no files and no data.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml

from nncli.config.document import Document, KeyPath, resolve_scalar
from nncli.config.rules import Edit, Finding

# What a message suggests is what is put in its place, so that the two can never differ. Several suggestions are told
# with `or` between them and do not match: then none is certain.
_SUGGESTION = re.compile(
    r'(?P<file>.*):(?P<line>\d+):(?P<column>\d+)  .*(?P<what>(?:unknown|got) .*); did you mean "(?P<name>[^"]+)"\?'
)


@dataclass(frozen=True)
class _Span:
    """Characters of a text, from `start` to before `end`, and what shall stand there."""

    start: int
    end: int
    text: str


def fix_spelling(text: str, file: str, problems: Sequence[str]) -> str:
    """`text`, the content of `file`, with each key and name replaced for which a problem has exactly one suggestion."""
    found = [match for match in map(_SUGGESTION.fullmatch, problems) if match and match["file"] == file]
    spans = []
    for match in found:
        place = (int(match["line"]) - 1, int(match["column"]) - 1)
        span = _find_name(text, place, match["what"], match["name"])
        spans += [span] if span else []
    return _replace(text, spans)


def fix_findings(text: str, document: Document, findings: Sequence[Finding]) -> str:
    """`text` with the edits of findings whose values stand in it, and not in another file or on the command line."""
    edits = [edit for finding in findings for edit in finding.edits if _stands_in(document, edit)]
    root = _compose(text)
    spans = [span for edit in edits for span in [_find_value(root, edit)] if span]
    return _replace(text, spans)


def _stands_in(document: Document, edit: Edit) -> bool:
    mark = document.mark(edit.path)
    return mark.line > 0 and mark.file == document.file


def _replace(text: str, spans: Sequence[_Span]) -> str:
    """The text with all spans replaced, from the end on; of two that overlap, the first counts."""
    kept: list[_Span] = []
    for span in spans:
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    for span in sorted(kept, key=lambda span: span.start, reverse=True):
        text = text[: span.start] + span.text + text[span.end :]
    return text


def _compose(text: str) -> yaml.Node | None:
    # Python's own parser: its marks count characters, also where the file begins with a byte-order mark.
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    return node


def _find_name(text: str, place: tuple[int, int], what: str, name: str) -> _Span | None:
    """The misspelled key or name at a place: the key itself, its value, or an item of a list."""
    for node, siblings in _nodes_at(_compose(text), place):
        if not isinstance(node, yaml.ScalarNode):
            continue
        is_key = what.startswith("unknown key")
        is_meant = siblings is not None if is_key else repr(node.value) in what or f'"{node.value}"' in what
        if is_meant and not (siblings and name in siblings):
            return _span(node, name)
    return None


def _nodes_at(node: yaml.Node | None, place: tuple[int, int]) -> Iterator[tuple[yaml.Node, list[str] | None]]:
    """Keys (with the keys beside them), the values of keys, and list items whose mark is `place`."""
    if isinstance(node, yaml.MappingNode):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key, value in node.value:
            if _place(key) == place:
                yield key, names
                yield value, None
            yield from _nodes_at(value, place)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            if _place(item) == place:
                yield item, None
            yield from _nodes_at(item, place)


def _place(node: yaml.Node) -> tuple[int, int]:
    return (node.start_mark.line, node.start_mark.column)


def _find_value(root: yaml.Node | None, edit: Edit) -> _Span | None:
    """The scalar (or key) that an edit replaces; None where the text has it in no such form."""
    found = _walk(root, edit.path)
    if found is None:
        return None
    node = found[0] if edit.is_key else found[1]
    if not isinstance(node, yaml.ScalarNode) or _uses(root, node) > 1:
        return None  # what stands behind an alias is meant for several places
    is_unchanged = not edit.is_key and resolve_scalar(node.value) == edit.value
    shown = str(edit.value).lower() if isinstance(edit.value, bool) else str(edit.value)
    return None if is_unchanged else _span(node, shown)


def _walk(root: yaml.Node | None, path: KeyPath) -> tuple[yaml.Node | None, yaml.Node] | None:
    """The key's and the value's node at `path`; `loss: huber` is the loss's name as well."""
    key: yaml.Node | None = None
    node = root
    for depth, part in enumerate(path):
        if isinstance(node, yaml.MappingNode):
            matches = [pair for pair in node.value if pair[0].value == str(part)]
            if not matches:
                return None
            key, node = matches[0]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            key, node = None, node.value[part]
        elif isinstance(node, yaml.ScalarNode) and path[depth:] in (("name",), (0,)):
            return key, node
        else:
            return None
    return (key, node) if node is not None else None


def _uses(node: yaml.Node | None, wanted: yaml.Node) -> int:
    """How often a node is reached."""
    if node is wanted:
        return 1
    if isinstance(node, yaml.MappingNode):
        return sum(_uses(part, wanted) for pair in node.value for part in pair)
    if isinstance(node, yaml.SequenceNode):
        return sum(_uses(item, wanted) for item in node.value)
    return 0


def _span(node: yaml.ScalarNode, text: str) -> _Span:
    """Where a scalar stands, in the quotes that it had."""
    needs_quotes = isinstance(node.style, str) and node.style in "'\"" and node.style
    start, end = node.start_mark.index, node.end_mark.index
    return _Span(start, end, f"{node.style}{text}{node.style}" if needs_quotes else text)
