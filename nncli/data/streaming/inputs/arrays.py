"""The arrays of an archive for a trained model: in memory where they are small, else mapped or inflated for a while."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from nncli.data.archives import choose_inputs
from nncli.data.arrays.files import ArrayFile, list_inputs, map_arrays, read_array
from nncli.data.prepared import array_cache
from nncli.data.streaming import memory
from nncli.data.streaming.storing import FOLDER, make_raw_folder, require_room
from nncli.errors import DataError


@contextmanager
def opened_inputs(path: Path) -> Iterator[np.ndarray]:
    """The inputs of an archive to predict for. Raises DataError where it cannot be read or has none."""
    chosen = choose_inputs(path, list_inputs(path))
    if chosen.bytes <= memory.SMALL:
        yield read_array(chosen)
        return
    with mapped(path, {"x": chosen}) as arrays:
        yield arrays["x"]


@contextmanager
def mapped(path: Path, found: Mapping[str, ArrayFile]) -> Iterator[dict[str, np.ndarray]]:
    """Arrays as memory maps; what is inflated for them is removed at the end.

    Raises:
        DataError: the archive is damaged, or the disk has not the room.
    """
    packed = sum(each.bytes for each in found.values() if each.is_packed)
    if not packed:
        yield map_arrays(dict(found), Path())
        return
    root = array_cache.cache_folder() / FOLDER
    require_room(packed, root)
    name = f"{path.name[:50]}-{os.getpid()}"
    with ExitStack() as stack:
        try:
            stack.enter_context(array_cache.filling(root / name))  # while it is locked, nobody clears it
            folder = make_raw_folder(root / name)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            arrays = map_arrays(dict(found), folder)
        except OSError as error:
            raise DataError(
                f"{root} cannot be written: {error.strerror or error}", hint="NNCLI_CACHE_DIR names another folder"
            ) from None
        yield arrays
