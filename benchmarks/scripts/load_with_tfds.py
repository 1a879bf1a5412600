"""Loads MNIST as arrays with tensorflow-datasets in a single batch, its fastest way.

    python load_with_tfds.py [DATA_DIR]

Prints the seconds it takes, without imports.
"""

import sys
import time

import tensorflow  # noqa: F401  # tensorflow-datasets imports it lazily
import tensorflow_datasets as tfds

start = time.perf_counter()
parts = tfds.load(
    "mnist",
    split=["train", "test"],
    batch_size=-1,
    as_supervised=True,
    data_dir=sys.argv[1] if len(sys.argv) > 1 else None,
)
arrays = [tfds.as_numpy(part) for part in parts]
print(time.perf_counter() - start)
