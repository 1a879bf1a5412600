"""Softmax: logits become probabilities; shifting all of them changes nothing, a temperature sharpens or blunts them."""

from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Bars, Curves, Drawing, Line
from nncli.lessons.lesson import Lesson, choose, show_list, show_number, show_tiny, tabulate
from nncli.lessons.neurons.functions import sigmoid
from nncli.lessons.outputs.probabilities import softmax

TITLE = "from logits to probabilities: z → eᶻ → a"
VALUES = {"z": (2.0, 1.0, 0.1, -3.0), "shift": 100.0, "temperature": 2.0}
LIMITS = {"z": (-1e6, 1e6), "shift": (-1e6, 1e6), "temperature": (1e-3, 1e6)}
_MOST_ROWS = 10
_MOST_CLASSES = 10_000


def teach_softmax(assignments: Sequence[str] = (), *, numbers: Sequence[float] = ()) -> Lesson:
    """Softmax of the logits in `numbers`; `assignments` change z instead, shift or temperature. Raises UsageError."""
    assigned = [*assignments, *([f"z={','.join(map(repr, numbers))}"] if numbers else [])]
    v = choose(VALUES, assigned, LIMITS)
    z = np.array(v["z"])
    if not 2 <= len(z) <= _MOST_CLASSES:
        raise UsageError(
            f"got {len(z)} logit{'s' * (len(z) != 1)}; softmax needs two or more (over one it is always 1)",
            hint="nncli explain softmax 2 1 0.1 -3",
        )
    a = softmax(z)
    with np.errstate(over="ignore"):
        powers = np.exp(z)
    shifted, other = softmax(z + v["shift"]), softmax(z / v["temperature"])
    separate = sigmoid(z)
    text = "\n".join(_text_lines(v, z, powers, a, shifted, other, separate))
    numbers_told = v | {
        "powers": powers.tolist(),
        "sum_of_powers": float(powers.sum()),
        "a": a.tolist(),
        "predicted_class": int(a.argmax()),
        "shifted": shifted.tolist(),
        "with_temperature": other.tolist(),
        "sigmoid": separate.tolist(),
        "loss": (0.0 - np.log(np.maximum(a, np.finfo(float).tiny))).tolist(),
    }
    return Lesson("softmax", TITLE, text, numbers_told, _draw(z, powers, a))


def _text_lines(
    v: dict[str, float],
    z: np.ndarray,
    powers: np.ndarray,
    a: np.ndarray,
    shifted: np.ndarray,
    other: np.ndarray,
    separate: np.ndarray,
) -> list[str]:
    temperature = show_number(v["temperature"])
    shown = range(min(len(z), _MOST_ROWS))
    columns = ["class", "z", "eᶻ", "a", f"z {'+' if v['shift'] >= 0 else '−'} {show_number(abs(v['shift']))}"]
    rows = [
        [str(i), show_number(z[i]), *map(show_tiny, (powers[i], a[i], shifted[i], other[i], separate[i]))]
        for i in shown
    ]
    if len(z) > _MOST_ROWS:
        rows.append(["…", *[""] * 6])
    rows.append(["sum", "", *(show_tiny(float(each.sum())) for each in (powers, a, shifted, other, separate))])
    best = int(a.argmax())
    return [
        "With N outputs, each has its own z = w·x + b, the logit of its class:",
        "  aₖ = e^zₖ / (e^z₁ + e^z₂ + ... + e^zₙ)      loss of class k = −log aₖ",
        f"z = {show_list(z.tolist())}",
        "",
        *tabulate([*columns, f"z / {temperature}", "sigmoid"], rows),
        "",
        f"Predicted is class {best} with a = {show_tiny(a[best])}; if that is true, the loss is "
        f"{show_tiny(float(-np.log(a[best])))}.",
        "- All z plus the same number: the same a. So the largest z is subtracted first,",
        "  and no eᶻ overflows.",
        f"- All z divided by a temperature, here {temperature}: same order; above 1 the",
        "  network is less certain, below 1 more.",
        "- A slide applies a sigmoid to these logits. That answers each class alone (the",
        "  last column; see its sum); for one answer of several it is softmax.",
        "- The slides count classes from 1, Keras and this table from 0.",
    ]


def _draw(z: np.ndarray, powers: np.ndarray, a: np.ndarray) -> Drawing:
    shown = min(len(z), _MOST_ROWS)
    labels = tuple(map(str, range(shown)))
    finite = np.where(np.isfinite(powers), powers, 0.0)[:shown]
    temperatures = np.geomspace(0.1, 10, 81)
    probabilities = np.array([softmax(z / each) for each in temperatures])[:, : min(shown, 5)]
    lines = tuple(Line(f"class {k}", temperatures, row) for k, row in enumerate(probabilities.T))
    panels = (
        Bars("z", labels, z[:shown].tolist()),
        Bars("eᶻ", labels, finite.tolist()),
        Bars("a = softmax(z)", labels, a[:shown].tolist(), (0.0, 1.0)),
        Curves("a over temperature", "temperature", lines, "a"),
    )
    return Drawing("Softmax", panels, sketched=(0, 1, 2), sketch_columns=3)
