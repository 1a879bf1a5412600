"""A network as the page builds it: plain values from a request, and the YAML of a config that they become."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nncli.config.describing.writing import Entry, Item, format_value, write_config
from nncli.config.reading.document import parse_document
from nncli.config.sections import Data
from nncli.errors import ConfigError, UsageError

# What a draft may hold besides its data set, which is only ever named by its place in the server's list.
SECTIONS = ("model", "loss", "optimizer", "metrics", "train", "silence")
# Which data set it is, and what it may say about it: nothing of that is a path, but a `test` that is a text.
_WHICH = ("source", "path", "labels")
_KINDS: dict[str, Any] = {
    "data": dict, "model": dict, "loss": (dict, str), "optimizer": (dict, str), "metrics": list, "train": dict,
}  # fmt: skip
DATA_OPTIONS = tuple(name for name in Data.model_fields if name not in (*_WHICH, "target"))
_DEEPEST, _MOST_VALUES, _LONGEST_TEXT, _LONGEST_CONFIG = 12, 5_000, 2_000, 50_000
DEFAULT_NAME = "network"
# Columns of the text that are seen beside the page.
_WIDTH = 50


@dataclass(frozen=True)
class Draft:
    """A network that is being built. `source` names a data set of the list, `targets` columns of its table, `options`
    other values of the `data` section.
    """

    name: str
    seed: Any
    source: str
    targets: tuple[str, ...]
    options: dict[str, Any]
    sections: dict[str, Any]


def read_draft(value: Any) -> Draft:
    """A draft from the JSON of a request. Raises UsageError for what is none."""
    if not isinstance(value, dict):
        raise UsageError("got a draft that is no object", hint="send {data, model, ...}")
    unknown = sorted(set(value) - {"name", "seed", "data", *SECTIONS})
    if unknown:
        raise UsageError(f"got {unknown[0][:40]!r} in a draft, expected name, seed, data, {', '.join(SECTIONS)}")
    source, targets, options = _read_data(value.get("data"))
    sections = {
        key: value[key] for key in SECTIONS if value.get(key) is not None and (key, value[key]) != ("train", {})
    }
    if isinstance(train := sections.get("train"), dict) and {"tracking", "tracking_uri"} & set(train):
        raise UsageError("got train.tracking, which sends or writes where a request must not choose; use nncli train")
    name = value.get("name") or DEFAULT_NAME
    if not isinstance(name, str):
        raise UsageError("got a name that is no text")
    _limit([name, value.get("seed"), sections, options], depth=0, count=[0])
    plain = {key: _plain(each) for key, each in options.items()}
    if isinstance(plain.get("test"), str):  # which would be the path of a file
        raise UsageError(f"data.test: got {plain['test'][:40]!r}, expected a fraction between 0 and 1")
    return Draft(name, value.get("seed"), source, targets, plain, {key: _plain(each) for key, each in sections.items()})


def _read_data(value: Any) -> tuple[str, tuple[str, ...], dict[str, Any]]:
    if not isinstance(value, dict) or not isinstance(value.get("source"), str):
        raise UsageError("got no data set", hint="choose one of the list")
    options = {key: each for key, each in value.items() if key not in ("source", "target")}
    unknown = sorted(set(options) - set(DATA_OPTIONS))
    if unknown:
        raise UsageError(f"got data.{unknown[0][:40]}, expected an option of the data set that is chosen")
    targets = value.get("target") or []
    if not isinstance(targets, list) or not all(isinstance(each, str) for each in targets):
        raise UsageError("got a target that is no list of columns")
    return value["source"], tuple(targets), options


def _limit(value: Any, depth: int, count: list[int]) -> None:
    count[0] += 1
    if depth > _DEEPEST or count[0] > _MOST_VALUES:
        raise UsageError("got a draft that is larger or deeper than a network can be")
    if isinstance(value, str) and (len(value) > _LONGEST_TEXT or not _is_text(value)):
        raise UsageError("got a text that is too long, or has characters that are none")
    if isinstance(value, dict | list):
        for each in [*value, *value.values()] if isinstance(value, dict) else value:
            _limit(each, depth + 1, count)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return True


def _plain(value: Any) -> Any:
    """The value with options that were typed as a list or a mapping, as in `[3, 5]` or `{l2: 0.01}`, read as that."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str) and value[:1] in ("[", "{") and "\n" not in value:
        try:
            return parse_document(f"value: {value}", "").values["value"]
        except ConfigError:
            return value  # the check says what is wrong with it
    return value


def merge_data(draft: Draft, data: Mapping[str, Any]) -> dict[str, Any]:
    """The `data` section of a data set with what the draft says about it; None and an empty list remove an option."""
    return {key: each for key, each in {**data, **draft.options}.items() if each is not None and each != []}


def parse_text(text: Any) -> dict[str, Any]:
    """The values of a config that was typed. Raises ConfigError and UsageError for what a draft cannot hold."""
    if not isinstance(text, str) or len(text) > _LONGEST_CONFIG or not _is_text(text):
        raise UsageError(f"got no YAML of at most {_LONGEST_CONFIG:,} characters")
    values = dict(parse_document(text, "YAML").values)
    unknown = sorted(str(key) for key in set(values) - {"name", "seed", "data", *SECTIONS})
    if unknown:
        raise UsageError(
            f"got {unknown[0][:40]!r}, expected {', '.join(('name', 'seed', 'data', *SECTIONS))}",
            hint="a config with more than these is trained with nncli train",
        )
    for key, kinds in _KINDS.items():
        if values.get(key) is not None and not isinstance(values[key], kinds):
            expected = "a list" if kinds is list else "a section"
            raise UsageError(f"{key}: got {str(values[key])[:40]!r}, expected {expected}")
    _require_layers((values.get("model") or {}).get("layers"))
    return values


def _require_layers(layers: Any) -> None:
    """The page shows a card for each; what is in them is for the check."""
    if not isinstance(layers, list):
        raise UsageError(f"model.layers: got {str(layers)[:40]!r}, expected a list")
    for index, layer in enumerate(layers):
        if isinstance(layer, str):
            continue
        if not isinstance(layer, dict) or len(layer) != 1:
            raise UsageError(f"model.layers[{index}]: got {str(layer)[:40]!r}, expected one layer with its options")
        ((kind, options),) = layer.items()
        if not isinstance(options, dict):
            raise UsageError(f"model.layers[{index}].{kind}: got {str(options)[:40]!r}, expected {{option: value}}")


def draft_of(values: Mapping[str, Any], source: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """A draft, as the page has it, of the values of a config on the data set `source`, whose section is `data`.

    What `data` says and the values do not is taken away. Raises UsageError for files of its own.
    """
    given = values["data"]
    for key in _WHICH:
        if key != "path" and given.get(key) != data.get(key):
            got, expected = (str(each.get(key))[:80] for each in (given, data))
            raise UsageError(f"data.{key}: got {got!r}, expected {expected!r}, as the data set of the list has it")
    options = {key: given.get(key) for key in {**data, **given} if key not in (*_WHICH, "target")}
    options = {key: each for key, each in options.items() if each != data.get(key)}
    target = given.get("target") or []
    section = {"source": source, "target": [target] if isinstance(target, str) else target, **options}
    named = {key: values[key] for key in ("name", "seed") if values.get(key) is not None}
    return {**named, "data": section, **to_sections(values)}


def write_draft(draft: Draft, data: Mapping[str, Any]) -> str:
    """The YAML of a draft with that `data` section, short, as a person would write it."""
    entries = [Entry("name", draft.name)]
    if draft.seed is not None:
        entries.append(Entry("seed", draft.seed))
    entries.append(_section("data", data))
    for key in SECTIONS:
        if key == "model" and isinstance(draft.sections.get(key), Mapping):
            entries.append(_model(draft.sections[key]))
        elif key in draft.sections:
            entries.append(_section(key, draft.sections[key]))
    return write_config([f"nncli train {draft.name}.yaml"], entries)


def _section(key: str, value: Any) -> Entry:
    """In one line where it fits."""
    if isinstance(value, Mapping) and len(f"{key}: {format_value(value)}") > _WIDTH:
        return Entry(key, tuple(Entry(name, each) for name, each in value.items()))
    return Entry(key, value)


def _model(model: Mapping[str, Any]) -> Entry:
    lines = []
    for key, value in model.items():
        is_list = key == "layers" and isinstance(value, list)
        lines.append(Entry(key, tuple(Item(_layer(each)) for each in value) if is_list else value))
    return Entry("model", tuple(lines))


def _layer(layer: Any) -> Any:
    """`flatten` for {"flatten": {}}."""
    if isinstance(layer, Mapping) and len(layer) == 1:
        ((kind, options),) = layer.items()
        return {kind: options} if options else kind
    return layer


def to_sections(values: Mapping[str, Any]) -> dict[str, Any]:
    """The sections of a config as a draft has them: each layer a mapping, loss and optimizer with their names."""
    sections = {key: values[key] for key in SECTIONS if values.get(key) is not None}
    for key in ("loss", "optimizer"):
        if isinstance(sections.get(key), str):
            sections[key] = {"name": sections[key]}
    model = dict(sections.get("model") or {})
    layers = model.get("layers")
    if isinstance(layers, list):
        model["layers"] = [{each: {}} if isinstance(each, str) else each for each in layers]
    return {**sections, "model": model} if model else sections
