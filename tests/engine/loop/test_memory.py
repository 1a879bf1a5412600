"""Arrays of a data set are used by TensorFlow where they lie, where that is safe."""

import numpy as np
import pytest

from nncli.data.dataset import make_room
from nncli.engine.arrays import Arrays
from nncli.engine.loop.device_buffers import hold


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.int32])
def test_a_large_array_is_shared_and_not_copied(kind: type) -> None:
    images = make_room((700, 28, 28, 4), kind)
    images[:] = 1
    tensors, _ = hold(Arrays({"image": images}, np.zeros(700, np.int32)))
    images[3, 2, 1, 0] = 7  # nothing ever writes to them; here it tells whose memory it is
    assert tensors["image"][3, 2, 1, 0] == 7 and tensors["image"].dtype == kind


@pytest.mark.parametrize("change", ["moved", "frozen", "strided", "double"])
def test_other_arrays_are_copied(change: str) -> None:
    room = make_room((700, 28, 28, 9), np.uint8)
    room[:] = 1
    array = {
        "moved": room.reshape(-1)[1:-63].reshape(-1, 64),
        "frozen": room[:500],
        "strided": room[..., :8],
        "double": make_room((700, 400), np.float64),
    }[change]
    if change == "frozen":
        array.flags.writeable = False
    if change == "double":
        array[:] = 0.1
    expected = float(array.reshape(-1)[5])
    tensors, _ = hold(Arrays({"image": array}, np.zeros(len(array), np.int32)))
    room[:] = 9
    assert float(np.asarray(tensors["image"]).reshape(-1)[5]) == pytest.approx(expected)
    assert tensors["image"].dtype == (np.float32 if change == "double" else np.uint8)
