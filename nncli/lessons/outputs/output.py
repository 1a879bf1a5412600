"""The output layer: which activation and loss go with which question, and what goes wrong otherwise."""

from collections.abc import Sequence

import numpy as np

from nncli.config.facts import Task
from nncli.config.resolve import ACTIVATIONS, LOSSES
from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import Lesson, choose, show_list, show_number, show_tiny, tabulate
from nncli.lessons.neurons.functions import sigmoid
from nncli.lessons.outputs.probabilities import softmax

TITLE = "which activation and loss go with which question"
VALUES = {"z": (2.0, 1.0, 0.1), "target": -3.0, "wrong": -6.0}
LIMITS = {"z": (-100.0, 100.0), "target": (-1e9, -1e-9), "wrong": (-30.0, 0.0)}
_QUESTIONS = {
    Task.REGRESSION: ("a number of any sign", "1"),
    Task.POSITIVE_REGRESSION: ("a number never below 0", "1"),
    Task.BINARY: ("yes or no", "1"),
    Task.MULTICLASS: ("one of N classes", "N"),
    Task.MULTILABEL: ("any of N labels", "N"),
}


def teach_output(assignments: Sequence[str] = ()) -> Lesson:
    """The table and its opposite; `assignments` change z (several), target (below 0) or wrong (a z). UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    z = np.array(v["z"])
    if len(z) < 2:
        raise UsageError("z has one number; expected one for each of at least two classes", hint="--set z=2,1,0.1")
    n = show_number
    table = [[question, units, ACTIVATIONS[task], LOSSES[task]] for task, (question, units) in _QUESTIONS.items()]
    separate, equal = float(sigmoid(z).sum()), softmax(np.full(len(z), 3.0))
    a = float(sigmoid(v["wrong"]))
    slopes = {"cross_entropy": a - 1, "squared_error": 2 * (a - 1) * a * (1 - a)}
    wrong = [
        ("relu, target " + n(v["target"]), "never below 0; slope 0 if z < 0", "output-activation"),
        ("sigmoid, target 120", "never above 1", "output-activation"),
        ("softmax over one unit", f"a = {n(float(softmax(np.array([v['z'][0]]))[0]))} for every z", "softmax-one-unit"),
        ("sigmoid for one of N", f"they add up to {n(separate)}", "sigmoid-exclusive"),
        (f"softmax, all {len(z)} true", f"at most {n(float(equal[0]))} each", "softmax-multilabel"),
        (
            "squared error, yes/no",
            f"slope {show_tiny(slopes['squared_error'])}, not {n(slopes['cross_entropy'])}",
            "mse-probabilities",
        ),
        ("softmax, from_logits", f"twice: {_softmax_twice(z)}", "logits-twice"),
    ]
    text = "\n".join(
        [
            "The question decides the output layer and the loss:",
            *tabulate(["question", "units", "activation", "loss"], table, left=4),
            "Cross-entropies are safest with a linear output and from_logits: true, which",
            "moves the sigmoid or softmax into the loss (lesson logits).",
            "",
            f"What goes wrong otherwise, for z = {show_list(v['z'])}:",
            *tabulate(["instead", "what happens", "rule"], wrong, left=3),
            f"The slopes are those at z = {n(v['wrong'])} where the answer is yes: certain and wrong.",
            "`nncli check` refuses or warns of each; `nncli explain RULE` tells more.",
            "In hidden layers use relu: cheap, and its slope does not vanish for large z.",
        ]
    )
    numbers = v | {
        "pairs": [{"task": task.value, "activation": ACTIVATIONS[task], "loss": LOSSES[task]} for task in _QUESTIONS],
        "sum_of_sigmoids": separate,
        "equal_softmax": float(equal[0]),
        "slopes": slopes,
        "softmax_twice": softmax(softmax(z)).tolist(),
        "rules": [row[2] for row in wrong],
    }
    return Lesson("output", TITLE, text, numbers, _draw())


def _softmax_twice(z: np.ndarray) -> str:
    """The largest probability, and what is left of it when softmax is applied to it again."""
    once = softmax(z)
    return f"{show_number(float(once.max()))} becomes {show_number(float(softmax(once).max()))}"


def _draw() -> Drawing:
    """The slope that reaches the output neuron, for a yes that it takes for a no."""
    z = np.linspace(-8, 8, 241)
    a = sigmoid(z)
    lines = (Line("cross-entropy", z, a - 1), Line("squared error", z, 2 * (a - 1) * a * (1 - a)))
    panel = Curves("slope of the loss over z, y = 1", "z", lines, "∂L/∂z", (-1.05, 0.05))
    loss = (Line("cross-entropy", z, np.logaddexp(0, -z)), Line("squared error", z, (1 - a) ** 2))
    panels = (panel, Curves("loss over z, y = 1", "z", loss, "L"))
    return Drawing("A sigmoid output with the right loss and with the squared error", panels, sketch_height=5)
