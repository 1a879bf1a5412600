"""Rules about the layers of a network: vanishing gradients, units that do not respond.

Limits, with what was measured over the shipped networks, tables and seeds (docs/health.md): the gradient ratio of
networks that learn was 0.08 to 14, that of eight sigmoid layers 2e-5; up to 0.38 of a relu layer was dead, of those
that a large learning rate had killed 0.84 and more; up to 0.48 of a sigmoid layer was saturated, and all of it in
those that could not learn.
"""

import math
from collections.abc import Mapping
from typing import Any

from nncli.evaluate.health.finding import Finding, Records, largest

# Of the gradient that the output layer gets, the first layer gets less than this, or more than that.
VANISHING, EXPLODING = 1e-3, 1e3
# The loss before training, in losses of guessing: Karpathy's check of the initial loss.
FAR_START = 10.0
DEAD, SATURATED = 0.8, 0.9
# What enters the output layer differs between examples by less than this share of its size.
STARVED = 0.01
# From here on a gradient of zero is that of a layer which passes on nothing.
_ALL = 0.99


def find_at_once(record: Mapping[str, Any], records: Records) -> Finding | None:
    """What one record of layers shows that should not wait for the end of the training."""
    return _vanishing(record) or _exploding(record, records)


def vanishing(health: Records) -> Finding | None:
    """The first layer hardly gets a gradient after some epoch, as in Glorot and Bengio (2010)."""
    return next((found for record in health if record["epoch"] > 0 and (found := _vanishing(record))), None)


def exploding(health: Records) -> Finding | None:
    """The values or gradients grow from layer to layer."""
    return next((found for record in health if (found := _exploding(record, health))), None)


def _vanishing(record: Mapping[str, Any]) -> Finding | None:
    ratio = record["gradient_ratio"]
    blocked = max(largest(record, "dead")[0], largest(record, "saturated")[0]) >= _ALL
    if record["epoch"] == 0 or ratio is None or not 0 < ratio < VANISHING or blocked:
        return None
    first, last = _ends(record)
    told = f"in epoch {record['epoch']} the gradient of {first} is {ratio:.1e} of that of {last}"
    return Finding("vanishing", record["epoch"], told)


def _exploding(record: Mapping[str, Any], health: Records) -> Finding | None:
    epoch, ratio, loss = record["epoch"], record["gradient_ratio"], record["loss"]
    when = f"in epoch {epoch}" if epoch else "before training"
    if loss is None or not math.isfinite(loss):
        return Finding("exploding", epoch, f"{when} the loss is not a finite number")
    if ratio is not None and ratio > EXPLODING:
        first, last = _ends(record)
        return Finding("exploding", epoch, f"{when} the gradient of {first} is {ratio:.1e} times that of {last}")
    guess = health[0].get("guessing_loss")
    if epoch == 0 and guess and loss > FAR_START * guess:
        return Finding("exploding", 0, f"before training the loss is {loss:.4g}, that of guessing {guess:.4g}")
    return None


def _ends(record: Mapping[str, Any]) -> tuple[str, str]:
    names = [str(layer["layer"]) for layer in record["layers"] if layer.get("gradient") is not None]
    return names[0], names[-1]


def dead(health: Records) -> Finding | None:
    """Most units of a relu layer are zero for every example, so that no gradient passes them."""
    share, layer = largest(health[-1], "dead")
    if share < DEAD:
        return None
    told = f"{share:.0%} of the units of {layer} are zero for every example"
    return Finding("dead", _first_epoch_above(health, "dead", DEAD), told)


def saturated(health: Records) -> Finding | None:
    """Nearly all outputs of a sigmoid or tanh layer are at its limits, where its slope is near 0."""
    share, layer = largest(health[-1], "saturated")
    if share < SATURATED:
        return None
    told = f"{share:.0%} of the outputs of {layer} are at the limits of its activation"
    return Finding("saturated", _first_epoch_above(health, "saturated", SATURATED), told)


def starved(health: Records) -> Finding | None:
    """What enters the output layer is the same for all examples, so that it can only learn how often classes occur."""
    values = [(record["epoch"], _variation(record)) for record in health]
    if values[-1][1] >= STARVED:
        return None
    since = values[-1][0]
    for epoch, value in reversed(values):
        if value >= STARVED:
            break
        since = epoch
    return Finding("starved", since, f"what enters the output layer differs by {values[-1][1]:.1e} between examples")


def _variation(record: Mapping[str, Any]) -> float:
    return min((float(each["variation"]) for each in record["layers"] if each.get("variation") is not None), default=1)


def _first_epoch_above(health: Records, key: str, limit: float) -> int:
    """The first epoch from which on a share stayed above its limit."""
    since = int(health[-1]["epoch"])
    for record in reversed(health):
        if largest(record, key)[0] < limit:
            break
        since = int(record["epoch"])
    return since
