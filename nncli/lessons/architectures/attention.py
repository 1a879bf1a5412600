"""One attention head over the rows of a digit: scores, softmax, weighted sum.

Vaswani et al., Attention Is All You Need (2017), equation 1: softmax(Q·Kᵀ / √d)·V. With W_q = W_k = s·I and W_v = I,
nothing is learned: rows attend to rows that look like them.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nncli.evaluate.plots.panels import Drawing, Grid
from nncli.lessons.digits import SIDE, choose_digit
from nncli.lessons.lesson import Lesson, choose, show_number, show_tiny
from nncli.lessons.outputs.probabilities import softmax

TITLE = "one head over the rows of a digit: scores, softmax, sum"
VALUES = {"digit": 3, "row": 3, "scale": 3.0}
LIMITS = {"digit": (0, 9), "row": (0, SIDE - 1), "scale": (-100.0, 100.0)}


def attend(rows: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores Q·Kᵀ / √d (n, n), their softmax in each row (n, n), and its product with V (n, d)."""
    query = key = rows * scale
    scores = query @ key.T / np.sqrt(rows.shape[1])
    weights = np.array([softmax(row) for row in scores])
    return scores, weights, weights @ rows


def teach_attention(assignments: Sequence[str] = (), *, image: Path | None = None) -> Lesson:
    """The head over a bundled digit or the one in `image`; `assignments` change digit, row or scale. UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    digit = choose_digit(v["digit"], image)
    scores, weights, outputs = attend(digit.pixels, v["scale"])
    row = v["row"]
    most = np.argsort(-weights[row], kind="stable")[:3]
    named = ", ".join(f"{weights[row][other]:.2f} to row {other}" for other in most)
    column = int(outputs[row].argmax())
    n = show_number
    text = "\n".join(
        [
            f"The {SIDE} rows of {digit.name} are {SIDE} tokens of {SIDE} numbers. A head gives each a",
            "query q, a key k and a value v: products with three matrices that a transformer",
            f"learns. Here they are {n(v['scale'])}·I, {n(v['scale'])}·I and I (I changes nothing), so that",
            "a row attends to rows with ink in the same places.",
            "  scores = q · k / √d      weights = softmax(scores)      output = Σ weights · v",
            "",
            f"Row {row} looks at rows 0 to {SIDE - 1}:",
            "  scores  " + "".join(f"{show_tiny(float(f'{each:.2g}')):>8}" for each in scores[row]),
            "  weights " + "".join(f"{show_tiny(float(f'{each:.2g}')):>8}" for each in weights[row]),
            f"  sum of the weights {n(float(weights[row].sum()))}; most goes {named}",
            f"  output, column {column}: {_sum(weights[row], digit.pixels[:, column])} = "
            f"{n(float(outputs[row, column]))}",
            "",
            "Every row sees every other in one step, wherever it is; a convolution sees its",
            "neighbours only. Without position embeddings, the order of the rows would not",
            f"matter. The price: {SIDE} × {SIDE} scores, the square of the number of tokens.",
            "A transformer has several heads in each block, and a dense layer behind them.",
        ]
    )
    numbers = v | {
        "name": digit.name,
        "rows": digit.pixels.tolist(),
        "scores": scores.tolist(),
        "weights": weights.tolist(),
        "outputs": outputs.tolist(),
    }
    panels = (
        Grid(digit.name, digit.pixels, y_label="row"),
        Grid("scores q · k / √d", scores, "row looked at", "looking row", numbers=True),
        Grid("weights", weights, "row looked at", "looking row", numbers=True),
        Grid("output", outputs, y_label="row"),
    )
    drawing = Drawing("One attention head", panels, sketched=(0, 2, 3), sketch_columns=3)
    return Lesson("attention", TITLE, text, numbers, drawing, digit.warnings)


def _sum(weights: np.ndarray, values: np.ndarray) -> str:
    """The three largest products of the weighted sum."""
    order = sorted(np.argsort(-weights * np.abs(values), kind="stable")[:3])
    told = " + ".join(f"{weights[place]:.2f} · {show_number(values[place])}" for place in order)
    return f"{told} + ..."
