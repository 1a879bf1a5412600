"""Arrays as tensors on the device, without a copy where TensorFlow can use their memory; does not depend on batches."""

from typing import Any

import numpy as np
import tensorflow as tf

from nncli.engine.arrays import Arrays

# The alignment of TensorFlow's tensors, in bytes; it aborts the process on a tensor that is not aligned.
_ALIGNMENT = 64
_WORTH_SHARING = 1 << 20


def hold(arrays: Arrays) -> Any:
    """The arrays as tensors on the device, in the nested structure that Keras's steps expect; uint8 stays uint8."""
    return tf.nest.map_structure(tensor_of, arrays.parts)


def tensor_of(array: np.ndarray) -> Any:
    """One array as a tensor, sharing its memory if possible, otherwise a copy; float64 becomes float32."""
    if array.nbytes >= _WORTH_SHARING and _can_be_shared(array):
        return tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    return tf.convert_to_tensor(array, dtype=tf.float32 if array.dtype == np.float64 else None)


def _can_be_shared(array: np.ndarray) -> bool:
    """Whether TensorFlow can share the array's memory; `convert_to_tensor` makes two copies and keeps one."""
    placed = array.ctypes.data % _ALIGNMENT == 0 and array.flags.c_contiguous and array.flags.writeable
    return placed and array.dtype in (np.uint8, np.float32, np.int32) and not tf.config.list_physical_devices("GPU")
