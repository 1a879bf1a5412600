"""How gradients look on a terminal: those of a check, with its verdict, and those of one row on its way through."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from nncli.console import Console, make_table

if TYPE_CHECKING:
    from nncli.pipeline.gradient_check import GradientCheck

# A matrix is shown whole up to this many columns and entries; its numbers take this many columns each.
_MOST_COLUMNS, _MOST_ENTRIES, _CELL = 8, 24, 9
_GAP = 3
_MOST_VALUES = 5
_LINE = 80
_DENSE = "dense: ∂J/∂bias = ∂J/∂z, and ∂J/∂kernel[i, j] = input i times ∂J/∂z of neuron j"


def show_gradients(console: Console, checked: "GradientCheck") -> None:
    """The table of a gradient check, what was done for it, and where gradients differ."""
    columns = ["layer", "weight", "shape", "checked", "kinks", "relative error", "verdict"]
    parts: list[Any] = [make_table(columns, [_row(weight) for weight in checked.weights], left=3)]
    parts += checked.notes
    parts += [_difference(weight) for weight in checked.weights if weight["verdict"] == "differs"]
    failed = sum(weight["verdict"] != "ok" for weight in checked.weights)
    count, tolerance = len(checked.weights), f"{checked.request.tolerance:g}"
    if failed:
        parts.append(f"{failed} of {count} weight arrays are not verified within {tolerance}")
        if any(weight["kinks"] > weight["checked"] for weight in checked.weights):
            parts.append("where most entries are skipped, a smaller --batch-size has fewer corners")
    else:
        parts.append(
            f"back-propagation agrees with central differences within {tolerance} in all {count} weight arrays"
        )
    console.answer(checked.to_value(), *parts)


def _row(weight: Mapping[str, Any]) -> list[str]:
    return [
        weight["layer"],
        weight["weight"],
        " × ".join(map(str, weight["shape"])),
        f"{weight['checked']:,}",
        f"{weight['kinks']:,}",
        "-" if weight["error"] is None else f"{weight['error']:.1e}",
        weight["verdict"],
    ]


def _difference(weight: Mapping[str, Any]) -> str:
    place = f"{weight['layer']}/{weight['weight']}[{', '.join(map(str, weight['entry']))}]"
    return f"{place}: back-propagation says {weight['analytic']:.8g}, the difference {weight['numeric']:.8g}"


def show_network_pass(console: Console, found: Mapping[str, Any]) -> None:
    """Both passes of a network for one row: values by layer, gradients by array, small ones as matrices, an update."""
    loss, step = found["loss"], found["step"]
    columns = ["layer", "shape", "values"]
    layers = [row for layer in found["layers"] for row in _layer_rows(layer)]
    rows = [_weight_row(weight) for weight in found["weights"]]
    heads = ["weights", "shape", "norm", "largest", "at", "compared", "kinks", "error"]
    parts: list[Any] = [
        textwrap.fill(
            f"Forward pass of {found['config']} on row {found['row']} of its training set (float64, initial weights):",
            _LINE,
        ),
        make_table(columns, layers, left=3),
        f"target: {_target(found['target'])}; J = {loss['name']} = {_number(loss['value'])}\n",
        "Backward pass, ∂J/∂weight, and the largest error beside central differences:",
        make_table(heads, rows, left=2),
        *([_DENSE] if any(_is_plain(layer) for layer in found["layers"]) else []),
        *(text for weight in found["weights"] for text in _matrices(weight)),
        f"\nOne step of gradient descent on this row with the learning rate {step['learning_rate']:g}:\n"
        f"  J {_change(step['loss_before'], step['loss_after'])}",
        "",
        *([f"picture: {found['plot']}"] if "plot" in found else []),
        *(f"next: {line}" for line in found["next"]),
    ]
    console.answer(found, *parts)


def _is_plain(layer: Mapping[str, Any]) -> bool:
    """Whether the layer is a dense one of a vector, for which the remark on its gradients holds."""
    return layer["kind"] == "Dense" and len(layer["shape"]) == 1


def _layer_rows(layer: Mapping[str, Any]) -> list[list[str]]:
    """A row for the output, and one before it for z where an activation makes a difference."""
    shape = " × ".join(map(str, layer["shape"])) or "1"
    rows = []
    name = layer["layer"]
    if layer["activation"] not in (None, "linear"):
        rows.append([f"{name}: z", shape, _values(layer["z"])])
        name = f"{name}: {layer['activation']}(z)"
    return [*rows, [name, shape, _values(layer["output"])]]


def _values(values: Any) -> str:
    numbers = _flat(values)
    if values is None:
        return "(too many to show)"
    told = " ".join(_number(number) for number in numbers[:_MOST_VALUES])
    return told + (" ..." if len(numbers) > _MOST_VALUES else "")


def _flat(values: Any) -> list[Any]:
    """The entries of nested lists, in order."""
    return [entry for inner in values for entry in _flat(inner)] if isinstance(values, list) else [values]


def _target(target: Mapping[str, Any]) -> str:
    if target["label"] is not None:
        return str(target["label"])
    named = zip_longest(target["columns"], target["values"], fillvalue="")
    return ", ".join(f"{name} {_number(value)}".strip() for name, value in named)


def _weight_row(weight: Mapping[str, Any]) -> list[str]:
    largest = weight["largest"]
    return [
        f"{weight['layer']} {weight['weight']}",
        " × ".join(map(str, weight["shape"])),
        _number(weight["norm"]),
        _number(largest["gradient"]),
        ", ".join(map(str, largest["entry"])),
        f"{weight['checked']:,}",
        f"{weight['kinks']:,}",
        "-" if weight["error"] is None else f"{weight['error']:.1e}",
    ]


def _matrices(weight: Mapping[str, Any]) -> Iterator[str]:
    """The array, its gradient and the differences beside or below each other, if they are small enough to read."""
    shape = weight["shape"]
    if weight["values"] is None or len(shape) > 2 or len(_flat(weight["values"])) > _MOST_ENTRIES:
        return
    if not shape or shape[-1] > _MOST_COLUMNS:
        return
    name = f"{weight['layer']} {weight['weight']}"
    if len(shape) == 1:
        told = zip((f"{name}:", "∂J/∂weight", "by differences"), ("values", "gradient", "numeric"), strict=True)
        parts = [f"{title} {' '.join(map(_number, weight[key]))}" for title, key in told]
        yield textwrap.fill("; ".join(parts), _LINE, initial_indent="  ", subsequent_indent="    ")
        return
    titles = (name, "∂J/∂weight", "by differences")
    blocks = [_block(title, weight[key]) for title, key in zip(titles, ("values", "gradient", "numeric"), strict=True)]
    yield ""
    width = len(blocks[0][0])
    if 3 * width + 2 * _GAP <= _LINE:
        yield from _side_by_side(blocks)
        return
    yield from blocks[0]
    if 2 * width + _GAP <= _LINE:
        yield from _side_by_side(blocks[1:])
    else:
        yield from (line for block in blocks[1:] for line in block)


def _block(title: str, values: Any) -> list[str]:
    rows = values if values and isinstance(values[0], list) else [values]
    lines = ["".join(_number(number).rjust(_CELL) for number in row) for row in rows]
    width = max(len(lines[0]), len(title))
    return [title.rjust(width), *(line.rjust(width) for line in lines)]


def _side_by_side(blocks: Sequence[Sequence[str]]) -> Iterator[str]:
    for lines in zip(*blocks, strict=True):
        yield (" " * _GAP).join(lines)


def _number(value: Any) -> str:
    """Four significant digits; - for none."""
    return "-" if value is None else f"{value + 0.0:.4g}"  # -0 is 0


def _change(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "is no finite number"
    if before == after:
        return f"stays at {_number(before)}"
    told = f"from {_number(before)} to {_number(after)}"
    return f"falls {told}" if after < before else f"rises {told}, as the step is too large"
