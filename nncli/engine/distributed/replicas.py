"""Starts TensorFlow's strategy for the workers of a cluster, or for several devices of this process."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

# An exchange that takes longer has lost a worker. Workers wait for each other where the chief alone measures and
# writes, which takes seconds.
EXCHANGE_SECONDS = 300


def join() -> Any:
    """The strategy of this worker; waits until all have started.

    Call it after `environment.prepare` and before the first tensor. TF_CONFIG describes the cluster. A ring adds
    the parts of a sum in one order, so that the same workers get the same bits.
    """
    options = tf.distribute.experimental.CommunicationOptions(
        implementation=tf.distribute.experimental.CommunicationImplementation.AUTO
        if tf.config.list_physical_devices("GPU")
        else tf.distribute.experimental.CommunicationImplementation.RING,
        timeout_seconds=EXCHANGE_SECONDS,
    )
    return tf.distribute.MultiWorkerMirroredStrategy(communication_options=options)


def mirror(devices: Sequence[str]) -> Any:
    """The strategy for devices of this process, such as `GPU:0` and `GPU:1`."""
    if all("GPU" in device for device in devices):
        return tf.distribute.MirroredStrategy(list(devices))
    reduction = tf.distribute.ReductionToOneDevice()
    return tf.distribute.MirroredStrategy(list(devices), cross_device_ops=reduction)
