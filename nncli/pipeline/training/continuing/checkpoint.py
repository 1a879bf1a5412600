"""checkpoint.npz: the state of a training on the disk, from which it continues to the same bits."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from nncli.config.sections import Config
from nncli.data.dataset import Dataset
from nncli.errors import RunError
from nncli.run import files
from nncli.run.folder import RunFolder

if TYPE_CHECKING:
    from nncli.engine.arrays import TrainingState

_ABOUT, _DIGEST = "about", "digest"


@dataclass(frozen=True)
class Resumed:
    """What a training continues from: a state with its epochs' records, None for the start.

    The `record` is what run.json gets then, with the status `running`; empty where it has that already.
    """

    state: "TrainingState | None"
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def history(self) -> list[dict[str, float]]:
        """The records of the epochs that are done."""
        return [] if self.state is None else list(self.state.marks["history"])

    @property
    def health(self) -> list[dict[str, Any]]:
        """What was measured of the layers so far; empty for a state of a version that did not measure."""
        return [] if self.state is None else list(self.state.marks.get("health", ()))


def save_checkpoint(folder: RunFolder, state: "TrainingState") -> None:
    """Writes the state atomically: the old checkpoint stays until the new one is complete. Raises NncliError."""
    about = {"epochs": state.epochs, "numbers": state.numbers, "marks": state.marks}
    arrays = {**state.arrays, _ABOUT: np.frombuffer(json.dumps(about).encode(), np.uint8)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays, **{_DIGEST: _digest(arrays)})
    folder.write(files.CHECKPOINT, buffer.getvalue())


def load_checkpoint(folder: RunFolder) -> "TrainingState | None":
    """The state in a run's checkpoint, None if it has none.

    Raises RunError if it is damaged, NncliError if it cannot be read.
    """
    from nncli.engine.arrays import TrainingState

    path = folder.file(files.CHECKPOINT)
    try:
        # Opened here because numpy leaves the file of a damaged archive open.
        with files.open_bytes(path) as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        digest = arrays.pop(_DIGEST)
        if not np.array_equal(digest, _digest(arrays)):
            raise ValueError("its digest is that of another content")
        about = json.loads(arrays.pop(_ABOUT).tobytes())
        return TrainingState(about["epochs"], arrays, about["numbers"], about["marks"])
    except FileNotFoundError:
        return None
    except Exception as error:
        if isinstance(error, OSError) and not files.is_replaced(error) and error.errno is not None:
            raise files.unreadable(path, error) from None
        # A flipped bit makes zipfile and numpy raise nearly anything: BadZipFile, zlib.error, EOFError, struct.error,
        # NotImplementedError for a compression that does not exist, RuntimeError for an encryption, MemoryError ...
        told = " ".join(str(error).split())[:100]
        raise RunError(f"{path} is damaged ({told})", hint="restore the file, or train again") from None


def discard_checkpoint(folder: RunFolder) -> None:
    """Removes the checkpoint of a run that shall not keep one."""
    folder.file(files.CHECKPOINT).unlink(missing_ok=True)


def mark_of(config: Config, dataset: Dataset) -> Mapping[str, Any]:
    """What determines, besides the state, how a training continues; the number of epochs does not."""
    undecisive = {"epochs", "checkpoint", "health", "tracking", "tracking_uri"}
    settings = config.model_dump(mode="json", exclude={"name": True, "train": undecisive})
    facts = dataset.facts.model_dump(mode="json")
    return {"config": _sum(settings), "facts": _sum(facts), "fingerprint": dataset.fingerprint}


def _sum(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _digest(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """The sha256 of names, types, shapes and values, uint8 (32,)."""
    total = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.data if array.size else b"")
    return np.frombuffer(total.digest(), np.uint8)
