"""Where each value of a resolved config comes from: the default, a line of a file, the command line, the data."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from nncli.config.layers import LayerSection
from nncli.config.objective import Loss
from nncli.config.reading.document import Document, KeyPath, Mark
from nncli.config.reading.loading import LoadedConfig
from nncli.config.sections import Config

DEFAULT = "default"
INFERRED = "inferred from data"
# The parts of an omitted loss that the data decide.
_CHOSEN_OF_LOSS = ("name", "from_logits")


@dataclass(frozen=True)
class Traced:
    """A value of the resolved config; `origin` is DEFAULT, INFERRED, or the mark of the place where it was said."""

    path: KeyPath
    value: Any
    origin: str | Mark


def trace_origins(loaded: LoadedConfig, resolved: Config, written: Sequence[int | None]) -> list[Traced]:
    """Every value of `resolved`, which was resolved from `loaded` and its data, in the order of the sections.

    written: for each of the resolved layers its place in the layers of `loaded`, None for one that was put in.
    """
    return list(_Tracer(loaded).trace(resolved, written))


class _Tracer:
    """Compares the resolved config with the config as loaded and with the document that was read."""

    def __init__(self, loaded: LoadedConfig) -> None:
        self._document = loaded.document
        self._config = loaded.config
        self._loaded = loaded.config.model_dump(mode="json")
        if loaded.config.loss is None:
            fields = Loss.model_fields.items()
            self._loaded["loss"] = {name: field.default for name, field in fields if name not in _CHOSEN_OF_LOSS}

    def trace(self, resolved: Config, written: Sequence[int | None]) -> Iterator[Traced]:
        values = resolved.model_dump(mode="json")
        for key, value in values.items():
            if key != "model":
                yield from self._walk((key,), value)
                continue
            path: KeyPath = ("model", "hidden_activation")
            yield from self._walk(path, value["hidden_activation"])
            yield from self._layers(resolved, written)

    def _walk(self, path: KeyPath, value: Any) -> Iterator[Traced]:
        if isinstance(value, dict) and value:
            for key, item in value.items():
                yield from self._walk((*path, key), item)
        else:
            yield Traced(path, value, self._origin(path, value != _value_at(self._loaded, path)))

    def _layers(self, resolved: Config, written: Sequence[int | None]) -> Iterator[Traced]:
        for index, (layer, position) in enumerate(zip(resolved.model.layers, written, strict=True)):
            here: KeyPath = ("model", "layers", index, layer.kind)
            if position is None:
                yield Traced(here, {}, INFERRED)
                continue
            own = self._config.model.layers[position]
            yield from self._options(layer, own, here, ("model", "layers", position, own.kind))

    def _options(self, layer: LayerSection, written: LayerSection, here: KeyPath, there: KeyPath) -> Iterator[Traced]:
        options, given = layer.model_dump(mode="json", exclude={"kind"}), written.model_dump(mode="json")
        if not options:
            yield Traced(here, {}, self._document.mark(there))
        for name, value in options.items():
            if name == "activation" and value is None:
                path: KeyPath = ("model", "hidden_activation")
                hidden = self._config.model.hidden_activation
                yield Traced((*here, name), hidden, self._origin(path, False))
                continue
            for part, item in value.items() if isinstance(value, dict) else [(None, value)]:
                rest: KeyPath = (name,) if part is None else (name, part)
                is_chosen = value != given.get(name, value)
                yield Traced((*here, *rest), item, self._origin((*there, *rest), is_chosen))

    def _origin(self, path: KeyPath, is_chosen: bool) -> str | Mark:
        if is_chosen:
            return INFERRED
        if not _is_written(self._document, path):
            return DEFAULT
        # A list of a file with an item set on the command line stands in no file as it is.
        marks = self._document.marks.items()
        inside = [mark for known, mark in marks if known[: len(path)] == path != known and not mark.line]
        return inside[-1] if inside else self._document.mark(path)


def _value_at(values: Any, path: KeyPath) -> Any:
    """The value at a path, None where there is none."""
    for part in path:
        values = values.get(part) if isinstance(values, dict) else None
    return values


def _is_written(document: Document, path: KeyPath) -> bool:
    """Whether the value at `path` was given in a file or on the command line, also in a short form."""
    values: Any = document.values
    for depth, part in enumerate(path):
        if isinstance(values, dict) and part in values:
            values = values[part]
            continue
        if isinstance(values, list) and isinstance(part, int) and part < len(values):
            values = values[part]
            continue
        # `adam` alone is the optimizer's name, `l2` alone the regularizer's l2.
        return isinstance(values, str) and path[depth:] in (("name",), (values,))
    # The name that a config has from its file stands in the values and has no place.
    return any(path[:length] in document.marks for length in range(1, len(path) + 1))
