"""One number that divides all logits so that probabilities are calibrated; does not depend on models.

Temperature scaling (Guo et al., "On calibration of modern neural networks", 2017, section 4.2): the temperature with
the least log loss on the validation set. Above 1 it makes a model less sure, below 1 surer. It does not change
which class is the likeliest.
"""

from dataclasses import dataclass

import numpy as np

from nncli.evaluate.scores import label_surprise, surprise

_RANGE = (0.05, 20.0)
_LIMIT = 1.645  # the 95 % quantile of the standard normal distribution
_SMALLEST = 1e-30


@dataclass(frozen=True)
class Fitted:
    """A temperature, and whether it lowers the log loss of the rows it was fitted to by more than chance would."""

    temperature: float
    is_clear: bool


def fit_temperature(task: str, targets: np.ndarray, logits: np.ndarray) -> Fitted:
    """From targets as `metrics.measure` takes them and logits as `scaled` does; the test of it is paired, at 95 %."""
    from scipy.optimize import minimize_scalar

    logits = np.asarray(logits, np.float64)

    def loss(exponent: float) -> float:
        return float(_losses(task, targets, scaled(task, logits, float(np.exp(exponent)))).mean())

    found = minimize_scalar(loss, bounds=tuple(np.log(_RANGE)), method="bounded", options={"xatol": 1e-4})
    temperature = float(np.exp(found.x))
    gains = _losses(task, targets, scaled(task, logits, 1.0)) - _losses(
        task, targets, scaled(task, logits, temperature)
    )
    deviation = float(gains.std(ddof=1)) if len(gains) > 1 else 0.0
    return Fitted(temperature, bool(gains.mean() > _LIMIT * deviation / len(gains) ** 0.5))


def scaled(task: str, logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities, float64 (n, outputs), from logits (n, outputs) or, of an ensemble, (n, members, outputs).

    Those of an ensemble are the mean of its members' own.
    """
    divided = np.asarray(logits, np.float64) / temperature
    if task == "multiclass":
        raised = np.exp(divided - divided.max(axis=-1, keepdims=True))
        found = raised / raised.sum(axis=-1, keepdims=True)
    else:
        found = 0.5 * (1.0 + np.tanh(0.5 * divided))
    return np.asarray(found.mean(axis=1) if found.ndim == 3 else found)


def logits_of(task: str, probabilities: np.ndarray) -> np.ndarray:
    """Logits that give these probabilities, float64 of the same shape; for classes up to a constant."""
    likely = np.asarray(probabilities, np.float64)
    logarithm = np.log(np.maximum(likely, _SMALLEST))
    if task == "multiclass":
        return np.asarray(logarithm)
    # float32 cannot tell what is within 6e-8 of 1, and the logit would be infinite.
    return np.asarray(logarithm - np.log(np.maximum(1.0 - likely, 3e-8)))


def _losses(task: str, targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The log loss of each row, (n,)."""
    if task == "multiclass":
        classes = np.asarray(targets).reshape(len(targets)).astype(np.int64)
        return surprise(probabilities[np.arange(len(classes)), classes])
    return np.asarray(label_surprise(np.asarray(targets).reshape(probabilities.shape), probabilities).mean(axis=1))
