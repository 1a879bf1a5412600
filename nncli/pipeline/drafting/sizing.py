"""How large a network and how long a training to start with, from counts alone; knows no data and no config.

The rules, and why:
- Rows, not columns, decide: what can be learned is limited by the examples. Two hidden layers of 64 are enough for
  nearly every table; from 20,000 rows on wider ones find more, since so many examples hold the weights in check.
- Below 2,000 rows the weights are held in check in two other ways: an l2 penalty keeps them small, and dropout leaves
  no unit to be relied on alone. (Measured over 20 splits of 593 rows with 6 labels: dropout alone did worse.)
- Few rows overfit in a few epochs, at another one with every split: many epochs are allowed and early stopping goes
  back to the best one. With many rows an epoch makes hundreds of steps and few epochs are enough.
- The batch grows with the rows, so that an epoch has some hundred steps: small tables need the steps, large ones
  the speed. The learning rate is above Adam's default of 0.001, which is slow for networks as small as these.
- Dropout helps where rows are few and the answer is a class or a label; a regression has to hit a number, which
  noise inside the network blurs, so it has none (its target is scaled instead, by `data.scale_target`).
- Hidden layers are relu for classes and tanh for regression: a relu grows without end, so that one absurd value (a
  diamond 59 mm wide) carries the prediction away with it, while tanh stays between -1 and 1. (Measured on diamonds
  over 10 splits: the worst R² was far better with tanh; smooth functions also suit small tables of measurements.)
- Images: convolutions as long as the picture can be halved, dropout before the output; tiny ones are flattened.
"""

from dataclasses import dataclass
from typing import Any

from nncli.config.facts import Task
from nncli.config.layer_section import ActivationName
from nncli.config.section import Shape

# Rows of the training part: below FEW a table is small, from MANY on it is large.
FEW = 2_000
MANY = 20_000
# A picture is worth convolutions from this side on; below, each pixel is a column.
SMALLEST_PICTURE = 12
_STEPS_AN_EPOCH = 250


@dataclass(frozen=True)
class Size:
    """The hidden layers as entries of `model.layers`, each with the reason, their activation, and how to train them."""

    layers: tuple[tuple[dict[str, Any], str], ...]
    activation: ActivationName
    learning_rate: float
    epochs: int
    patience: int
    batch_size: int


def size_table(rows: int, task: Task) -> Size:
    """For `rows` training rows."""
    is_small = rows < FEW
    units, rate = (64, 0.002) if rows < MANY else (128, 0.001)
    epochs, patience = (200, 30) if is_small else (60, 8) if rows < MANY else (30, 5)
    reason = (
        f"{rows:,} training rows are few: l2 keeps the weights small, so that they are not learned by heart"
        if is_small
        else f"{rows:,} training rows hold a network of this size in check"
    )
    layers = [_dense(units, reason, is_small)]
    if not task.is_regression and rows < MANY:
        layers.append(_dropout(0.3 if is_small else 0.1))
    layers.append(_dense(64, "", is_small))
    if not task.is_regression and is_small:
        layers.append(({"dropout": {"rate": 0.3}}, ""))
    return Size(tuple(layers), "tanh" if task.is_regression else "relu", rate, epochs, patience, _batch(rows))


def size_images(rows: int, shape: Shape) -> Size:
    """For `rows` training images of (height, width, channels)."""
    side = min(shape[:2])
    epochs, patience = (60, 10) if rows < FEW else (20, 4)
    if side < SMALLEST_PICTURE:
        layers = [_dense(64, "so small a picture needs no convolutions: each pixel is a column"), _dropout(0.2)]
        return Size(tuple(layers), "relu", 0.002, epochs, patience, _batch(rows))
    halvings = max(1, min(4, (side // 4).bit_length() - 1))
    layers = []
    for depth in range(halvings):
        options = {"filters": min(16 << depth, 64), "kernel_size": 3, "padding": "same"}
        reason = "filters that see 3×3 pixels; each layer after a pooling sees twice as far" if depth == 0 else ""
        layers += [({"conv2d": options}, reason), ({"max_pooling2d": {}}, "")]
    pooled = side >> halvings
    layers.append(({"flatten": {}}, "") if pooled <= 8 else ({"global_average_pooling2d": {}}, ""))
    layers.append(_dropout(0.3))
    return Size(tuple(layers), "relu", 0.001, epochs, patience, _batch(rows))


def _dense(units: int, reason: str, penalized: bool = False) -> tuple[dict[str, Any], str]:
    options: dict[str, Any] = {"units": units}
    if penalized:
        options["kernel_regularizer"] = {"l2": 0.001}
    return {"dense": options}, reason


def _dropout(rate: float) -> tuple[dict[str, Any], str]:
    return {"dropout": {"rate": rate}}, "while training, each value is left out this often: no unit is relied on alone"


def _batch(rows: int) -> int:
    """The power of two from 32 to 256 that gives an epoch about `_STEPS_AN_EPOCH` steps."""
    batch = 32
    while batch < 256 and rows > batch * _STEPS_AN_EPOCH:
        batch *= 2
    return batch
