"""The messages about a training that diverged; epochs and batches count from 1 there, and from 0 here."""

import math
from collections.abc import Mapping, Sequence

from nncli.engine.divergence.layers import Place
from nncli.engine.divergence.replay import FoundBatch
from nncli.errors import TrainingDivergedError

_RATE = "lower the learning rate, or set `clipnorm: 1.0` on the optimizer; look for huge values in the data"
_DATA = "look for values in the data that are missing or not finite"
_FIRST = "the first layer with values that are not finite is"
_SHOWN = 3


def diverged_between(loss: float, epoch: int, first_batch: int, last_batch: int) -> TrainingDivergedError:
    """The error where only the batches are known between which it happened."""
    return TrainingDivergedError(
        f"{_begin(loss)} in epoch {epoch + 1}, between batch {first_batch + 1} and batch {last_batch + 1}", hint=_RATE
    )


def diverged_at(found: FoundBatch, place: Place | None, *, other_numbers: Sequence[str] = ()) -> TrainingDivergedError:
    """The error for a batch and the place in it, None where a replay of the batch stays finite.

    `other_numbers` names layers that drew other random numbers in the replay.
    """
    loss_is_bad = not math.isfinite(found.loss)
    where = f"in epoch {found.epoch + 1}, batch {found.batch + 1}"
    begin = f"{_begin(found.loss)} {where}"
    if not loss_is_bad:
        begin = f"the weights became {next(iter(found.weights.values()))} {where}, after a loss of {found.loss:.3g}"
    if place is None or (place.part in ("gradient", "update")) is loss_is_bad:
        told, names = "a replay of the batch outside of the training stays finite", list(found.weights)
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            told = f"after it, these are not finite: {', '.join(names[:_SHOWN])}{more}"
        return TrainingDivergedError(f"{begin}; {told}", hint=_RATE)
    told = _describe(place)
    if other_numbers and place.part != "update":
        told += f", in a replay with other random numbers in {', '.join(other_numbers)}"
    return TrainingDivergedError(f"{begin}: {told}", hint=_DATA if place.inputs else _RATE)


def _begin(loss: float) -> str:
    return f"the loss became {loss}" if not math.isfinite(loss) else "the weights stopped being finite"


def _describe(place: Place) -> str:
    given = f"{_list(place.inputs)} of the data" if place.inputs else ""
    if place.part == "loss":
        if given:
            return f"the {given} are not finite"
        return f"all layers have finite outputs, but their loss is {place.value}"
    values: Mapping[str, str] = {
        "output": f"its output: {place.value}",
        "penalty": f"the penalty of its regularizer: {place.value}",
        "gradient": f"the gradient of its {place.variable or 'output'}: {place.value}",
        "update": f"its {place.variable}: {place.value} after the update, from finite gradients",
    }
    told = f"{_FIRST} {place.layer} ({values[place.part]}"
    return f"{told}; it was given {given} that are not finite)" if given else f"{told})"


def _list(names: Sequence[str]) -> str:
    return " and ".join(names)
