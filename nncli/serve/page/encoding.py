"""Packs arrays into JSON for the page: exact numbers for units, bytes for pictures."""

import base64
from typing import Any

import numpy as np

from nncli.runtime.layers import LayerValues

# What is drawn of a layer at most; more could be neither seen nor sent twenty times a second.
MOST_UNITS = 4_096
MOST_MAPS = 64
MOST_SIDE = 64


def pack_layer(layer: LayerValues) -> dict[str, Any] | None:
    """A layer's output for one example; None for one that has no picture.

    `units` are numbers of a vector, `maps` pictures (channels, height, width), `rows` a picture (positions, values) and
    `attention` one for each head (heads, queries, keys). `shape` is that of the whole output.
    """
    values = layer.values
    told: dict[str, Any] = {"name": layer.name, "shape": list(values.shape)}
    if layer.is_attention:
        return told | {"kind": "attention", **pack_bytes(values[:MOST_MAPS])}
    if values.ndim == 1:
        return told | {"kind": "units", "values": pack_floats(values[:MOST_UNITS])}
    if values.ndim == 2:
        return told | {"kind": "rows", **pack_bytes(_smaller(values[None]))}
    if values.ndim == 3:
        return told | {"kind": "maps", **pack_bytes(_smaller(np.moveaxis(values, 2, 0)[:MOST_MAPS]))}
    return None


def _smaller(maps: np.ndarray) -> np.ndarray:
    """Maps (n, height, width) with every k-th row and column, so that no side is longer than MOST_SIDE or so."""
    steps = [max(1, -(-side // (2 * MOST_SIDE))) for side in maps.shape[1:]]
    return maps[:, :: steps[0], :: steps[1]]


def pack_floats(values: np.ndarray) -> str:
    """float32, little-endian, in base64."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()


def pack_bytes(pictures: np.ndarray, *, most: float | None = None) -> dict[str, Any]:
    """{"drawn": shape, "low", "high", "bytes"}: the values between low and high as 0 to 255, in base64.

    Those are the least and the largest value, or 0 and `most`.
    """
    finite = np.nan_to_num(np.asarray(pictures, np.float32))
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if most is not None:
        low, high = 0.0, most
    scaled = (finite - low) * (255 / (high - low) if high > low else 0.0)
    content = base64.b64encode(scaled.clip(0, 255).round().astype(np.uint8).tobytes()).decode()
    return {"drawn": list(pictures.shape), "low": low, "high": high, "bytes": content}
