"""The picture of a network: circles and lines for small dense ones, blocks for all others."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

_MOST_CIRCLES, _MOST_LAYERS = 12, 7
_ACROSS, _DOWN, _RADIUS, _LEFT = 130, 26, 9, 56
_BLOCK_WIDTH, _BLOCK_HEIGHT, _GAP = 132, 58, 22
_A_ROW = 6


def draw_network(inputs: Sequence[int], layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where everything lies, for the template.

    `inputs` is the shape of an example; each layer has "kind", "activation", "shape", "parameters" and "is_drawn" (a
    dense one). {"kind": "circles", "width", "height", "lines", "circles", "words"} or {"kind": "blocks", ...,
    "blocks", "lines"}.
    """
    dense = [layer for layer in layers if layer["kind"] in ("dense", "output")]
    others = [layer for layer in layers if layer["kind"] not in ("dense", "output", "flatten", "dropout")]
    if dense and not others and len(dense) < _MOST_LAYERS:
        return _circles(inputs, dense)
    return _blocks(inputs, layers)


def _circles(inputs: Sequence[int], dense: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    size = 1
    for side in inputs:
        size *= side
    sizes = [size, *(layer["shape"][-1] for layer in dense)]
    shown = [min(size, _MOST_CIRCLES) for size in sizes]
    height = max(shown) * _DOWN + 54
    columns = []
    for place, count in enumerate(shown):
        top = (height - 54 - count * _DOWN) / 2 + _DOWN / 2
        columns.append([(_LEFT + place * _ACROSS, top + row * _DOWN) for row in range(count)])
    lines = [(*a, *b) for left, right in pairwise(columns) for a in left for b in right]
    words = [
        {
            "x": _LEFT + place * _ACROSS,
            "y": height - 30,
            "text": f"{size:,}" + (" (12 drawn)" if size > _MOST_CIRCLES else ""),
            "more": "inputs" if place == 0 else dense[place - 1]["activation"] or "linear",
        }
        for place, size in enumerate(sizes)
    ]
    circles = [point for column in columns for point in column]
    width = 2 * _LEFT + (len(sizes) - 1) * _ACROSS
    return {
        "kind": "circles",
        "width": width,
        "height": height,
        "lines": lines,
        "circles": circles,
        "radius": _RADIUS,
        "words": words,
    }


def _blocks(inputs: Sequence[int], layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    texts = [("input", " × ".join(map(str, inputs)), "")]
    texts += [
        (
            layer["kind"] + (f", {layer['activation']}" if layer["activation"] else ""),
            " × ".join(map(str, layer["shape"])),
            f"{layer['parameters']:,} parameters" if layer["parameters"] else "",
        )
        for layer in layers
    ]
    blocks: list[dict[str, Any]] = []
    for place, (name, shape, parameters) in enumerate(texts):
        row, column = divmod(place, _A_ROW)
        x, y = 10 + column * (_BLOCK_WIDTH + _GAP), 10 + row * (_BLOCK_HEIGHT + _GAP)
        blocks.append({"x": x, "y": y, "name": name, "shape": shape, "parameters": parameters})
    lines = [
        (a["x"] + _BLOCK_WIDTH, a["y"] + _BLOCK_HEIGHT / 2, b["x"], b["y"] + _BLOCK_HEIGHT / 2)
        for a, b in pairwise(blocks)
        if a["y"] == b["y"]
    ]
    width = 20 + min(len(blocks), _A_ROW) * (_BLOCK_WIDTH + _GAP) - _GAP
    height = 20 + -(-len(blocks) // _A_ROW) * (_BLOCK_HEIGHT + _GAP) - _GAP
    return {
        "kind": "blocks",
        "width": width,
        "height": height,
        "blocks": blocks,
        "lines": lines,
        "block_width": _BLOCK_WIDTH,
        "block_height": _BLOCK_HEIGHT,
    }
