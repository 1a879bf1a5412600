"""Dropout for the parts of a batch with the mask that Keras draws for the whole; does not depend on models.

TensorFlow's generator is counter-based: each counter value yields four numbers. A part that begins at the 4k-th number
therefore draws its share of the whole mask if its counter is advanced by k.
Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

_NUMBERS_OF_A_COUNT = 4
_PHILOX = 1


def can_drop_in_parts(layer: keras.layers.Dropout, parts: Sequence[Any]) -> bool:
    """Whether each part starts at a whole counter value, and every value of the mask is drawn separately."""
    return layer.noise_shape is None and all(math.prod(part.shape) % _NUMBERS_OF_A_COUNT == 0 for part in parts[:-1])


def drop_in_parts(layer: keras.layers.Dropout, parts: Sequence[Any]) -> list[Any]:
    """The parts after dropout, bit for bit as the layer drops the whole batch on a CPU; advances its seed."""
    seed = tf.cast(tf.math.floormod(layer.seed_generator.next(), tf.int32.max - 1), tf.int32)
    key, counter = tf.raw_ops.StatelessRandomGetKeyCounter(seed=seed)
    dropped, count = [], 0
    for part in parts:
        ahead = tf.stack([counter[0] + tf.constant(count, tf.uint64), counter[1]])
        numbers = tf.raw_ops.StatelessRandomUniformV2(shape=tf.shape(part), key=key, counter=ahead, alg=_PHILOX)
        dropped.append(tf.where(numbers >= layer.rate, part * (1 / (1 - layer.rate)), 0.0))
        count += math.prod(part.shape) // _NUMBERS_OF_A_COUNT
    return dropped
