"""One answer of several (softmax) beside several answers at once (a sigmoid each), for the same logits."""

from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Bars, Drawing
from nncli.lessons.lesson import Lesson, choose, show_list, show_number, tabulate
from nncli.lessons.neurons.functions import sigmoid
from nncli.lessons.neurons.logistic import loss_of
from nncli.lessons.outputs.probabilities import log_softmax, softmax

TITLE = "one answer of several, or several answers at once"
VALUES = {"z": (2.5, 1.5, -2.0), "y": (1.0, 1.0, 0.0), "threshold": 0.5}
LIMITS = {"z": (-1e4, 1e4), "y": (0.0, 1.0), "threshold": (0.0, 1.0)}
NAMES = ("even", "at_least_five", "has_loop")
_MOST_ROWS = 8


def teach_multilabel(assignments: Sequence[str] = ()) -> Lesson:
    """Both readings of the logits; `assignments` change z, y (of equal length) or threshold. Raises UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    z, y = np.array(v["z"]), np.array(v["y"])
    if len(z) != len(y) or not 2 <= len(z) <= _MOST_ROWS or set(v["y"]) - {0.0, 1.0}:
        raise UsageError(
            f"got {len(z)} z and {len(y)} y; expected 2 to {_MOST_ROWS} of each, as many z as y, and each y 0 or 1",
            hint="set both z and y",
        )
    names = NAMES if len(z) == len(NAMES) else tuple(f"label {place}" for place in range(len(z)))
    together, separate = softmax(z), sigmoid(z)
    losses = np.array([float(loss_of(one, answer)) for one, answer in zip(z, y, strict=True)])
    chosen = separate >= v["threshold"]
    n = show_number
    rows = [
        [name, *map(n, (z[i], together[i], separate[i])), "yes" if chosen[i] else "no", n(y[i]), n(losses[i])]
        for i, name in enumerate(names)
    ]
    rows.append(["sum", "", n(float(together.sum())), n(float(separate.sum())), "", n(float(y.sum())), ""])
    true = [names[i] for i in range(len(y)) if y[i]]
    best = int(together.argmax())
    both = len(true) > 1
    text = "\n".join(
        [
            "Multiclass: exactly one class is right, as for a handwritten digit. Softmax, one",
            "loss −log a of the true class. Multilabel: any number of labels can be true at",
            "once. A sigmoid for each, and the mean of their binary cross-entropies.",
            f"The same logits z = {show_list(v['z'])}, read both ways:",
            "",
            *tabulate(["label", "z", "softmax", "sigmoid", "predicted", "y", "loss"], rows),
            "",
            f"Multilabel: the loss is the mean, {n(float(losses.mean()))}; predicted is each label whose sigmoid",
            f"is at least {n(v['threshold'])}, with no regard to the others.",
            f"Multiclass: predicted is the largest, {names[best]}, whatever the others are.",
            f"True are {', '.join(true)}: softmax cannot give each of them 1."
            if both
            else "Softmax can be right here, too: exactly one label is true."
            if true
            else "No label is true: softmax cannot say so, as its sum is 1.",
            "`nncli check` refuses each where the other belongs: `nncli explain",
            "softmax-multilabel` and `nncli explain sigmoid-exclusive` tell why.",
        ]
    )
    numbers = v | {
        "softmax": together.tolist(),
        "sigmoid": separate.tolist(),
        "predicted": [bool(each) for each in chosen],
        "losses": losses.tolist(),
        "loss": float(losses.mean()),
        "predicted_class": best,
        "log_softmax": log_softmax(z).tolist(),
    }
    panels = (
        Bars("softmax: they share 1", names, together.tolist(), (0.0, 1.0)),
        Bars("sigmoid: each for itself", names, separate.tolist(), (0.0, 1.0)),
    )
    drawing = Drawing("The same logits, read both ways", panels, sketched=(0, 1), sketch_columns=2)
    return Lesson("multilabel", TITLE, text, numbers, drawing)
