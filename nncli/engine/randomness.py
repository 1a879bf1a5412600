"""All randomness of training, derived from (seed, epoch): the order of examples, the state of dropout.

Because nothing else is random, resumed training needs no saved random state to give bit-for-bit the results of
uninterrupted training.
"""

from typing import Any

import keras
import numpy as np

_ORDER, _LAYERS, _PROBE, _BLOCKS, _WINDOW = 0, 1, 2, 3, 4


def order_of_epoch(seed: int, epoch: int, examples: int) -> np.ndarray:
    """The order of the examples in an epoch: a permutation, int32 (examples,)."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, epoch, _ORDER]))
    return generator.permutation(examples).astype(np.int32)


def order_of_blocks(seed: int, epoch: int, blocks: int) -> np.ndarray:
    """The order of the blocks of streamed data in an epoch: a permutation, int64 (blocks,)."""
    return np.random.default_rng(np.random.SeedSequence([seed, epoch, _BLOCKS])).permutation(blocks)


def order_of_window(seed: int, epoch: int, window: int, rows: int) -> np.ndarray:
    """The order of the rows within a window of an epoch: a permutation, int32 (rows,)."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, epoch, _WINDOW, window]))
    return generator.permutation(np.arange(rows, dtype=np.int32))


def seed_layers(model: keras.Model, seed: int, epoch: int) -> None:
    """Sets the state of every random layer of the model for an epoch; each layer gets its own stream."""
    for position, state in enumerate(seed_states(model)):
        state.assign(layer_words(seed, epoch, position).astype(state.dtype))


def layer_words(seed: int, epoch: int, position: int, *, worker: int = 0) -> np.ndarray:
    """The state of the random layer at `position` for an epoch, uint32 (2,).

    Of several workers, who have different rows, each but the first has a stream of its own, too.
    """
    own = [worker] if worker else []
    return np.random.SeedSequence([seed, epoch, _LAYERS, position, *own]).generate_state(2)


def probe_rows(seed: int, examples: int, count: int) -> np.ndarray:
    """The rows of the training set whose layers are watched: at most `count`, sorted, int64."""
    generator = np.random.default_rng(np.random.SeedSequence([seed, 0, _PROBE]))
    return np.sort(generator.choice(examples, min(count, examples), replace=False))


def probe_words(seed: int, position: int) -> np.ndarray:
    """The state of the random layer at `position` while a network is watched, the same in every epoch."""
    return np.random.SeedSequence([seed, 0, _PROBE, position]).generate_state(2)


def seed_states(model: keras.Model) -> list[Any]:
    """The seed-generator variables of the model's layers, in layer order."""
    return [variable for variable in model.variables if variable.name == "seed_generator_state"]
