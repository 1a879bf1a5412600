"""A model's weights as a file of a run folder, and back."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from nncli.run import files
from nncli.run.folder import RunFolder


def save_weights(folder: RunFolder, model: Any) -> None:
    """Writes weights.npz: an array for each weight, under its path in the model."""
    from nncli.engine.weights import get_weights

    folder.write(files.WEIGHTS, npz_bytes(get_weights(model)))


def load_weights(folder: RunFolder, model: Any) -> None:
    """Sets the weights of a model that was built again from config.yaml and inputs.json. Raises RunError."""
    from nncli.engine.weights import set_weights

    with np.load(folder.file(files.WEIGHTS), allow_pickle=False) as stored:
        set_weights(model, dict(stored))


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name as the bytes of an .npz file, without pickle."""
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
