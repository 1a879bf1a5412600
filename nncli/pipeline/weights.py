"""A model's weights as a file of a run folder, and back."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np

from nncli.errors import RunError
from nncli.run import files
from nncli.run.folder import RunFolder


def weights_bytes(model: Any) -> bytes:
    """The content of weights.npz: an array for each weight, under its path in the model."""
    from nncli.engine.weights import get_weights

    return npz_bytes(get_weights(model))


def load_weights(folder: RunFolder, model: Any) -> None:
    """Sets the weights of a model that was built again from config.yaml and inputs.json. Raises RunError."""
    from nncli.engine.weights import set_weights

    set_weights(model, read_weights(folder))


def read_weights(folder: RunFolder) -> dict[str, np.ndarray]:
    """The arrays of weights.npz by their paths in the model. Raises RunError where they are missing or damaged."""
    content = folder.read_intact(files.WEIGHTS)
    try:
        with np.load(BytesIO(content), allow_pickle=False) as stored:
            return dict(stored)
    except (OSError, ValueError) as error:
        raise RunError(f"{folder.file(files.WEIGHTS)} cannot be read ({error})") from None


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name as the bytes of an .npz file, without pickle."""
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
