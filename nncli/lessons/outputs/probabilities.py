"""Softmax and its loss, for one row of logits; without overflow."""

import numpy as np


def softmax(z: np.ndarray) -> np.ndarray:
    """eᶻ / Σ eᶻ, float64 (classes,), of z less its maximum, so that nothing overflows."""
    powers = np.exp(z - z.max())
    return np.asarray(powers / powers.sum())


def log_softmax(z: np.ndarray) -> np.ndarray:
    """log softmax(z) from the logits: z - log Σ eᶻ, exact where the probability itself would be rounded to 0."""
    shifted = z - z.max()
    return np.asarray(shifted - np.log(np.exp(shifted).sum()))
