"""Rules about the course of the losses: learning that does not begin, does not end, or goes the wrong way.

`health` are records of layers, `history` those of the epochs. Losses are compared with that of guessing, which is the
same for every network on the data, and limits were chosen from the runs of docs/health.md.
"""

import numpy as np

from nncli.evaluate.health.finding import Finding, Records, largest, numbers

# A loss above this share of that of guessing has learned nothing; one far above it that still falls may yet learn.
NOTHING, NOT_YET = 0.98, 1.02
# All rises of the training loss together, as a share of its fall from the start: 0.21 at most in healthy networks.
ROUGH = 0.5
# After a training at too low a rate the loss is above this share of guessing, though no epoch moved a kernel by more
# than this share of it.
UNDONE, SLOW = 0.5, 0.01
# In the last fifth of the epochs the validation loss fell by this share of itself, and of the loss of guessing.
FELL, FELL_OF_GUESSING = 0.05, 0.02
# The validation loss rose to this many times its least, and by this share of the loss of guessing.
ROSE, ROSE_BY_GUESSING = 1.5, 0.05
# Fewer epochs show no course.
_FEW, _FEWER = 5, 3


def learning_rate_too_high(health: Records, history: Records) -> Finding | None:
    """The training loss goes up nearly as much as down: the steps jump over the minimum."""
    losses = [health[0]["loss"], *numbers(history, "loss")]
    fall = max(losses[0], health[0]["guessing_loss"]) - min(losses[1:], default=0.0)
    rises = np.diff(losses[1:])
    up = float(rises[rises > 0].sum())
    if len(losses) <= _FEW or up < ROUGH * max(fall, 1e-12):
        return None
    told = f"the training loss rose by {up:.3g} in all, and fell by only {max(fall, 0.0):.3g} from the start"
    return Finding("learning-rate-too-high", 1, told)


def learning_rate_too_low(health: Records, history: Records) -> Finding | None:
    """The loss falls in every epoch, but hardly: the weights nearly stay where they began."""
    losses = list(numbers(history, "loss"))
    moved, _ = largest(health[-1], "update")
    share = health[-1]["loss"] / health[0]["guessing_loss"]
    steady = len(losses) > _FEWER and losses[-1] < losses[0] and np.diff(losses)[-_FEWER:].max() <= 0
    if not steady or share < UNDONE or not 0 < moved < SLOW:
        return None
    told = f"after {len(losses)} epochs the loss is {share:.0%} of that of guessing; no epoch moved a layer by over 1 %"
    if any(largest(record, "update")[0] >= SLOW for record in health):
        told = f"after {len(losses)} epochs the loss is {share:.0%} of that of guessing, and the weights hardly move"
    return Finding("learning-rate-too-low", 1, told)


def not_learning(health: Records, history: Records) -> Finding | None:
    """The loss stays at that of guessing, on the training and the validation set, or above it without a fall."""
    guess = health[0]["guessing_loss"]
    validation = min(numbers(history, "val_loss"), default=float("inf"))
    least = min(health[-1]["loss"], validation)
    if len(history) < _FEWER or least < NOTHING * guess:
        return None
    if least > NOT_YET * guess and still_improving(health, history) is not None:
        return None
    return Finding(
        "not-learning", 1, f"after {len(history)} epochs the loss is {least:.4g}, that of guessing {guess:.4g}"
    )


def overfitting(health: Records, history: Records) -> Finding | None:
    """The validation loss rose far above its least while the training loss went on falling."""
    validation, losses = np.array(list(numbers(history, "val_loss"))), list(numbers(history, "loss"))
    if len(validation) < _FEW or len(validation) != len(losses):
        return None
    best = int(validation.argmin())
    least = float(np.convolve(validation, np.ones(3) / 3, "valid").min())
    last = float(validation[-max(3, len(validation) // 10) :].mean())
    rose = last > ROSE * least and last - least > ROSE_BY_GUESSING * health[0]["guessing_loss"]
    if not rose or losses[-1] > 0.9 * losses[best]:
        return None
    told = (
        f"since epoch {best + 1} the validation loss rose from {validation[best]:.3g} to {last:.3g}, "
        f"while the training loss fell to {losses[-1]:.3g}"
    )
    return Finding("overfitting", best + 1, told)


def still_improving(health: Records, history: Records) -> Finding | None:
    """The best epoch is one of the last, and the validation loss was still falling."""
    validation = list(numbers(history, "val_loss"))
    if len(validation) < _FEWER:
        return None
    last, before = validation[-1], validation[-1 - max(1, len(validation) // 5)]
    recent = len(validation) - 1 - validation.index(min(validation)) <= max(0, len(validation) // 20)
    fell = before - last
    if not recent or fell < FELL * before or fell < FELL_OF_GUESSING * health[0]["guessing_loss"]:
        return None
    told = f"the validation loss fell from {before:.3g} to {last:.3g} in the last fifth of the epochs"
    return Finding("still-improving", len(validation), told)
