"""The cross-entropy -log a of the probability a that a network gave to the true class, beside the squared error."""

from collections.abc import Sequence

import numpy as np

from nncli.errors import UsageError
from nncli.evaluate.plots.panels import Curves, Drawing, Line
from nncli.lessons.lesson import Lesson, choose, show_number, show_tiny, tabulate

TITLE = "−log a: what the probability of the true answer costs"
VALUES = {"a": (1.0, 0.9, 0.5, 0.1, 0.01, 1e-4), "classes": 10}
LIMITS = {"a": (1e-300, 1.0), "classes": (2, 10**9)}
_MOST_ROWS = 9


def teach_loss(assignments: Sequence[str] = ()) -> Lesson:
    """The loss of several probabilities; `assignments` change a (several, above 0 up to 1) or classes. UsageError."""
    v = choose(VALUES, assignments, LIMITS)
    if len(v["a"]) > _MOST_ROWS:
        raise UsageError(f"got {len(v['a'])} values of a; at most {_MOST_ROWS} fit on the screen")
    a = np.array(v["a"])
    losses, slopes, squared = 0.0 - np.log(a), -1 / a, (1 - a) ** 2
    guess = float(np.log(v["classes"]))
    columns = ["a of the true class", "loss −log a", "slope −1/a", "(1 − a)²", "its slope"]
    rows = [[show_tiny(each) for each in row] for row in zip(a, losses, slopes, squared, -2 * (1 - a), strict=True)]
    mean = show_number(float(losses.mean()))
    text = "\n".join(
        [
            "Binary cross-entropy, y = 0 or 1:   L = −y·log a − (1 − y)·log(1 − a)",
            "Categorical cross-entropy, one of N: L = −log aₖ, k the true class",
            "Both are −log of the probability that the network gave to the true answer:",
            "",
            *tabulate(columns, rows, left=0),
            "",
            f"The cost J of these examples is the mean of their losses, {mean}.",
            "- Certain and right costs nothing; certain and wrong costs without limit, and",
            "  the slope grows with the mistake. The squared error has a slope of 2 at most.",
            f"- Guessing among {v['classes']} classes, a = 1/{v['classes']}, costs log {v['classes']} = "
            f"{show_number(guess)}: about where the",
            "  loss of a new network starts. If it stays there, nothing was learned.",
            "- a = 0 would cost infinitely much; what rounding makes of it is in the lesson",
            "  logits.",
        ]
    )
    numbers = v | {
        "loss": losses.tolist(),
        "slope": slopes.tolist(),
        "squared_error": squared.tolist(),
        "cost": float(losses.mean()),
        "loss_of_guessing": guess,
    }
    grid = np.linspace(0.005, 1, 400)
    lines = (Line("−log a", grid, -np.log(grid)), Line("(1 − a)²", grid, (1 - grid) ** 2))
    logarithmic = np.geomspace(1e-8, 1, 200)
    panels = (
        Curves("loss over a", "a, the probability of the true class", lines, "loss"),
        Curves("loss over log₁₀ a", "log₁₀ a", (Line("−log a", np.log10(logarithmic), -np.log(logarithmic)),), "loss"),
    )
    return Lesson("loss", TITLE, text, numbers, Drawing("The loss of one example", panels, sketch_height=9))
