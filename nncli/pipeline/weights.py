"""A model's weights as a file of a run folder, and back; of an ensemble, those of its members with their facts.

The facts of a member have the statistics of its training set, which are part of its network: for the second member they
are the bytes of JSON under `2:facts`, its weights stand under `2:dense_1/kernel` and so on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts
from nncli.errors import RunError
from nncli.run import files
from nncli.run.folder import RunFolder

_FACTS = "facts"


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


@dataclass(frozen=True)
class Member:
    """A network of an ensemble: what it was built from, and the run with its weights."""

    facts: DataFacts
    folder: RunFolder


def members_bytes(members: Sequence[Member]) -> bytes:
    """The content of weights.npz of an ensemble. Raises RunError where weights are missing or damaged."""
    arrays: dict[str, np.ndarray] = {}
    for number, member in enumerate(members, 1):
        arrays[f"{number}:{_FACTS}"] = np.frombuffer(member.facts.to_bytes(), np.uint8)
        arrays |= {f"{number}:{path}": array for path, array in read_weights(member.folder).items()}
    return npz_bytes(arrays)


def read_members(folder: RunFolder) -> list[tuple[DataFacts, dict[str, np.ndarray]]]:
    """The facts and the weights of each member of an ensemble; empty for a single network. Raises RunError."""
    members: dict[int, dict[str, np.ndarray]] = {}
    for name, array in read_weights(folder).items():
        number, mark, path = name.partition(":")
        if mark and number.isdecimal():
            members.setdefault(int(number), {})[path] = array
    found = []
    for _, arrays in sorted(members.items()):
        facts = DataFacts.model_validate_json(arrays.pop(_FACTS).tobytes())
        found.append((facts, arrays))
    return found


def npz_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays by name as the bytes of an .npz file, without pickle."""
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()
