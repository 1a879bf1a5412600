"""Arrays as tensors on the device, without a copy where TensorFlow can use their memory; does not depend on batches."""

from typing import Any

import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays

# Bytes that TensorFlow's own tensors are aligned to; it ends the process where one is not.
_ALIGNMENT = 64
_WORTH_SHARING = 1 << 20


def hold(arrays: Arrays) -> Any:
    """The arrays as tensors on the device, in the nesting that Keras's steps take; uint8 stays uint8."""
    return tf.nest.map_structure(tensor_of, arrays.parts)


def tensor_of(array: np.ndarray) -> Any:
    """One array as a tensor: its own memory where that is possible, else a copy; float64 becomes float32."""
    if array.nbytes >= _WORTH_SHARING and _can_be_shared(array):
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array, dtype=tf.float32 if array.dtype == np.float64 else None)


def _can_be_shared(array: np.ndarray) -> bool:
    """Whether TensorFlow can use the array's own memory; `convert_to_tensor` makes two copies and keeps one."""
    placed = array.ctypes.data % _ALIGNMENT == 0 and array.flags.c_contiguous and array.flags.writeable
    return placed and array.dtype in (np.uint8, np.float32, np.int32) and not tf.config.list_physical_devices("GPU")
