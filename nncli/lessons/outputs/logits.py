"""Where float32 probabilities lose: loss and slope computed from the probability, and from the logit.

The first way is what the formulas of the lecture say, step by step; the second is what `from_logits: true` computes.
"""

from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import Lesson, choose, show_list, show_number, show_tiny, tabulate
from nncli.lessons.outputs.probabilities import log_softmax, softmax

TITLE = "where float32 probabilities fail and logits do not"
VALUES = {"z": (-100.0, -50.0, -20.0, 20.0, 50.0, 100.0), "y": 0, "pair": (0.0, 120.0)}
LIMITS = {"z": (-1e6, 1e6), "y": (0, 1), "pair": (-1e6, 1e6)}
_MOST_ROWS = 6
# Keras cuts probabilities to this distance from 0 and 1 (`keras.config.epsilon()`), where it has no logits.
KERAS_EPSILON = 1e-7
_ONE = np.float32(1)


def from_probability(z: np.ndarray, y: int) -> tuple[np.ndarray, np.ndarray]:
    """Loss and ∂L/∂z, float32, through a = 1 / (1 + e⁻ᶻ): L = -log a or -log(1 - a), ∂L/∂a times a·(1 - a)."""
    z = np.asarray(z, dtype=np.float32)
    with np.errstate(all="ignore"):
        a = _ONE / (_ONE + np.exp(-z))
        right = a if y else _ONE - a
        slope = (-_ONE / a if y else _ONE / (_ONE - a)) * (a * (_ONE - a))
        return -np.log(right), slope


def from_logit(z: np.ndarray, y: int) -> tuple[np.ndarray, np.ndarray]:
    """Loss and ∂L/∂z, float32, from z itself: max(z, 0) - y·z + log(1 + e^-|z|), and a - y."""
    z = np.asarray(z, dtype=np.float32)
    tail = np.exp(-np.abs(z))
    loss = np.maximum(z, np.float32(0)) - np.float32(y) * z + np.log1p(tail)
    # The small one of a and 1 - a is exact; a - 1 would lose it.
    small = tail / (_ONE + tail)
    slope = np.where(z >= 0, -small if y else _ONE - small, small - _ONE if y else small)
    return loss, slope


def log_of_softmax(z: np.ndarray) -> np.ndarray:
    """log(softmax(z)) in float32 with the probability in between, which can be rounded to 0."""
    z = np.asarray(z, dtype=np.float32)
    with np.errstate(divide="ignore", under="ignore"):
        powers = np.exp(z - z.max())
        return np.asarray(np.log(powers / powers.sum()))


def teach_logits(assignments: Sequence[str] = ()) -> Lesson:
    """Both ways beside each other; `assignments` change z (several), y (0 or 1), or the pair. Raises UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    if len(v["z"]) > _MOST_ROWS or len(v["pair"]) != 2:
        raise UsageError(
            f"got {len(v['z'])} z and a pair of {len(v['pair'])}; expected at most {_MOST_ROWS} z, and a pair of 2"
        )
    z, y, pair = np.array(v["z"], dtype=np.float32), v["y"], np.array(v["pair"], dtype=np.float32)
    loss, slope = from_probability(z, y)
    safe_loss, safe_slope = from_logit(z, y)
    logs, safe_logs = log_of_softmax(pair), log_softmax(pair)
    first = first_failure(y)
    clipped = -float(np.log(np.float32(KERAS_EPSILON)))
    separate = 1 / (1 + np.exp(-np.clip(pair.astype(np.float64), -700, 700)))
    rows = [
        [show_number(float(row[0])), *(_show(float(value)) for value in row[1:])]
        for row in zip(z, loss, safe_loss, slope, safe_slope, strict=True)
    ]
    columns = ["z", "loss through a", "from z", "slope through a", "from z"]
    n = show_number
    lost, way = ("a", "down") if y else ("1 − a", "on")
    text = "\n".join(
        [
            f"A sigmoid in plain float32, y = {y}: loss by way of a = 1 / (1 + e⁻ᶻ), and from z:",
            *tabulate(columns, rows, left=0),
            f"Through a, the loss is infinite from z = {n(first)} {way}: {lost} is rounded to 0,",
            "and ∞ · 0 is no slope (nan). From z it is max(z, 0) − y·z + log(1 + e^−|z|).",
            f"Softmax of z = ({show_list(v['pair'])}), log a of class 0: {n(float(logs[0]))} through a, "
            f"{n(float(safe_logs[0]))} from z.",
            "",
            "So the danger of the softmax form is numeric; that it is inefficient, as a slide",
            "says, is not the point. In Python it is from_logits=True (a slide has a small",
            "t), in a config from_logits: true. The output is then linear, and probabilities",
            f"are softmax(z), not sigmoid(z): here that would add up to {n(float(separate.sum()))}.",
            "Keras on TensorFlow rescues a softmax in the last layer: its loss looks up the",
            "logits. Behind a further layer that computes (even a Reshape), or where it gets",
            f"plain probabilities, it cuts a at {show_tiny(KERAS_EPSILON)}: loss {n(clipped)} at most, slope 0.",
        ]
    )
    numbers = v | {
        "loss": {"from_probability": loss.tolist(), "from_logit": safe_loss.tolist()},
        "slope": {"from_probability": slope.tolist(), "from_logit": safe_slope.tolist()},
        "infinite_from": first,
        "softmax": {
            "from_probability": logs.tolist(),
            "from_logits": safe_logs.tolist(),
            "probabilities": softmax(pair.astype(np.float64)).tolist(),
        },
        "largest_clipped_loss": clipped,
    }
    return Lesson("logits", TITLE, text, numbers, _draw(y))


def _show(value: float) -> str:
    """A float32; below its smallest normal number, the last digits depend on the processor."""
    if 0 < abs(value) < float(np.finfo(np.float32).tiny):
        return "< 1e−38" if value > 0 else "> −1e−38"
    return show_tiny(value)


def first_failure(y: int) -> float:
    """The z of smallest size, to a tenth, at which the loss through the probability is infinite."""
    z = np.arange(0, 120, 0.1) * (-1 if y else 1)
    loss, _ = from_probability(z, y)
    return float(z[~np.isfinite(loss)][0])


def _with_end(name: str, z: np.ndarray, values: np.ndarray) -> tuple[Line, Line]:
    """The line, and a dot where it is finite for the last time on its way up."""
    finite = np.isfinite(values)
    last = int(np.flatnonzero(finite)[0 if not finite[0] else -1])
    return Line("end", [z[last]], [values[last]], "dots"), Line(name, z, values)


def _draw(y: int) -> Drawing:
    """Loss and slope over z, both ways; where a line ends, its value is infinite or nan."""
    z = np.linspace(-120, 120, 481)
    (loss, slope), (safe_loss, safe_slope) = from_probability(z, y), from_logit(z, y)
    panels = (
        Curves("loss", "z", (*_with_end("through a", z, loss), Line("from z", z, safe_loss)), "loss"),
        Curves("slope", "z", (*_with_end("through a", z, slope), Line("from z", z, safe_slope)), "∂L/∂z"),
    )
    return Drawing(f"A sigmoid and its loss in float32, y = {y}", panels, sketched=(0, 1), sketch_columns=2)
