"""How large a network and how long a training to start with, from counts alone; does not depend on data or configs.

The rules, and why:
- Rows, not columns, decide: what can be learned is limited by the examples. Two hidden layers of 64 are enough for
  nearly every table, with numbers in bins (`data.numbers`: a step in the data is not smoothed away) and with members
  that are averaged; both together bring a network to boosted trees (benchmarks/trees.py). Sixteen members cost a
  small table little; from 20,000 rows on eight keep a training on two cores under a minute.
- Below 2,000 rows overfitting is limited in two more ways: an l2 penalty keeps the weights small, and dropout keeps the
  network from relying on any single unit. (Measured over 20 splits of 593 rows with 6 labels: dropout alone did worse.)
- With few rows the best epoch differs from split to split: many epochs are allowed, and early stopping goes back to
  the best one. With very few, the validation set is a handful and its best epoch is chance: all epochs are trained,
  with a learning rate that falls to 0. (With 100 rows of California housing, early stopping fell behind a linear model;
  with 250 and 500 rows of several tables it made no difference beyond noise.)
- With many rows an epoch makes hundreds of steps, and few epochs are enough.
- The batch grows with the rows, so that an epoch has a few hundred steps: small tables need the steps, large ones
  the speed. The learning rate is above Adam's default of 0.001, which is slow for networks as small as these.
- With many rows the learning rate is lowered where val_loss no longer falls; with fewer, whose val_loss is noisy, that
  happens too early.
- From 2,000 rows on a moving average of the weights is kept, which is steadier than the weights of any one step; with
  fewer rows it made no difference beyond noise.
- Dropout helps where rows are few and the answer is a class or a label; a regression has to hit a number, which
  noise inside the network blurs, so it has none (its target is scaled instead, by `data.scale_target`).
- Hidden layers are relu. An absurd value (a diamond 59 mm wide) does not carry the prediction away, since a number
  outside the training range is encoded as its end.
- Images: convolutions as long as the image can be halved, then the largest answer of each filter wherever it was
  (global pooling), and dropout; tiny ones are flattened. Few images are moved, turned and zoomed at random. They are
  normalized one by one: a batch of 16 is too small for batch statistics, and an image without its brightness and
  contrast is its shapes. Where the mean colour alone tells the classes apart, that would remove what matters; then
  batch normalization is used. With very few images, the validation set is a handful, and its best epoch is chance:
  all epochs are trained, in small batches and with a learning rate that falls to 0, and the last one is kept.
  (Accuracy on 60 unseen images per class with early stopping, then without. 5 training images per class: digits 0.79
  and 0.84, textures 0.35 and 0.45, shapes of any colour 0.38 both, close to guessing. 20: 0.95 and 0.96, 0.65 and
  0.75, 0.61 and 0.67. 40: textures 0.66 and 0.79, shapes 0.96 and 0.93. With 5 per class, larger validation sets,
  stronger augmentation, fewer filters, average pooling and three times the epochs did not help. benchmarks/images.py
  measures `init` on several kinds of folder.)
"""

from dataclasses import dataclass
from typing import Any

from nncli.config.facts import Task
from nncli.config.layer_section import ActivationName
from nncli.config.section import Shape

# Rows of the training set: below FEW a table is small, from MANY on it is large.
FEW = 2_000
MANY = 20_000
# From this side length on, images get convolutions; below, each pixel is an input.
SMALLEST_PICTURE = 12
_STEPS_AN_EPOCH = 250
# From this many images on they need no augmentation and are trained smaller.
MANY_IMAGES = 5_000
# With fewer training examples than this the validation set is too small to choose an epoch.
VERY_FEW = 150
_LONGEST_SIDE = 48
_LONGEST_SIDE_OF_MANY = 32
# This many images over all epochs together keep a training on two cores under two minutes at 48 × 48.
_IMAGE_PASSES = 25_000


@dataclass(frozen=True)
class Size:
    """The hidden layers as entries of `model.layers`, each with the reason, their activation, and how to train them.

    `lower_after` is the number of epochs without a better val_loss after which the learning rate is lowered.
    `averaged`: a moving average of the weights is kept.
    `to_the_end`: the learning rate falls to 0 over all epochs and the last weights are kept, with no early stopping.
    """

    layers: tuple[tuple[dict[str, Any], str], ...]
    activation: ActivationName
    learning_rate: float
    epochs: int
    patience: int
    batch_size: int
    members: int = 1
    lower_after: int | None = None
    to_the_end: bool = False
    averaged: bool = False


def size_table(rows: int, task: Task) -> Size:
    """For `rows` training rows."""
    is_small = rows < FEW
    units, rate = 64, 0.002
    epochs, patience = (100, 30) if rows < VERY_FEW else (200, 30) if is_small else (60, 12) if rows < MANY else (30, 6)
    reason = (
        f"{rows:,} training rows are few: l2 keeps the weights small, which limits overfitting"
        if is_small
        else f"{rows:,} training rows are enough for a network of this size"
    )
    layers = [_dense(units, reason, is_small)]
    if not task.is_regression and rows < MANY:
        layers.append(_dropout(0.3 if is_small else 0.1))
    layers.append(_dense(64, "", is_small))
    if not task.is_regression and is_small:
        layers.append(({"dropout": {"rate": 0.3}}, ""))
    return Size(
        tuple(layers),
        "relu",
        rate,
        epochs,
        patience,
        _batch(rows),
        16 if rows < MANY else 8,
        None if rows < MANY else 2,
        to_the_end=rows < VERY_FEW,
        averaged=not is_small,
    )


def choose_size(rows: int, height: int, width: int) -> tuple[int, int]:
    """Height and width to train with, for images that are mostly so large: a CPU has to get through them."""
    longest = _LONGEST_SIDE if rows < MANY_IMAGES else _LONGEST_SIDE_OF_MANY
    if max(height, width) <= longest:
        return height, width
    if max(height, width) <= 1.25 * min(height, width):
        return longest, longest
    shrink = longest / max(height, width)
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def size_images(
    rows: int, shape: Shape, *, is_number: bool = False, colour_tells: bool = False, why_not_mirrored: str = ""
) -> Size:
    """For `rows` training images of (height, width, channels).

    `is_number`: the target is a number, which dropout right before the output would blur; `colour_tells`: the mean
    colour tells the class; `why_not_mirrored`: the reason not to mirror images, if there is one.
    """
    side, channels = min(shape[:2]), shape[2]
    epochs = max(10, min(200, _IMAGE_PASSES // max(rows, 1)))
    # A small validation set is noisy: a longer wait finds out whether it was chance.
    patience = max(4, epochs // (3 if rows < FEW else 5))
    if side < SMALLEST_PICTURE:
        layers = [_dense(64, "an image this small needs no convolutions: each pixel is an input"), _dropout(0.2)]
        return Size(tuple(layers), "relu", 0.002, epochs, patience, _batch(rows))
    layers = _augmentation(why_not_mirrored) if rows < MANY_IMAGES else []
    if not colour_tells:
        normal = {"group_normalization": {"groups": channels}}
        layers.append((normal, "removes each image's brightness and contrast, which leaves the shapes"))
    filters = 16
    while side > 7:
        layers += _convolution(filters, colour_tells, is_first=filters == 16)
        layers.append(({"max_pooling2d": {}}, ""))
        filters, side = min(2 * filters, 64), side // 2
    layers += _convolution(filters, colour_tells)
    layers.append(({"global_max_pooling2d": {}}, "the strongest response of each filter, wherever it is in the image"))
    if not is_number:
        layers.append(_dropout(0.3))
    if rows < VERY_FEW:
        return Size(tuple(layers), "relu", 0.003, epochs, patience, 4, to_the_end=True)
    batch = 16 if rows < FEW else _batch(rows)
    return Size(tuple(layers), "relu", 0.003 if rows < FEW else 0.002, epochs, patience, batch)


def _augmentation(why_not_mirrored: str) -> list[tuple[dict[str, Any], str]]:
    """Mirror images only where nothing speaks against them: a mirrored digit or letter is another one."""
    fill = {"fill_mode": "nearest"}
    mirrored = (
        {"random_flip": {"mode": "horizontal"}},
        "mirrors half of the images; remove it if left and right matter",
    )
    no_flip = f"not mirrored: {why_not_mirrored}" if why_not_mirrored else ""
    return [
        *([] if why_not_mirrored else [mirrored]),
        (
            {"random_translation": {"height_factor": 0.1, "width_factor": 0.1, **fill}},
            "few images, so they are shifted, rotated and zoomed at random (`nncli data CONFIG --augmented SHEET.png`)",
        ),
        ({"random_rotation": {"factor": 0.05, **fill}}, "at most 18 degrees either way"),
        ({"random_zoom": {"height_factor": 0.2, **fill}}, no_flip),
    ]


def _convolution(filters: int, by_batch: bool, is_first: bool = False) -> list[tuple[dict[str, Any], str]]:
    """A convolution, a normalization that replaces its bias, and relu."""
    options = {"filters": filters, "kernel_size": 3, "padding": "same", "activation": "linear", "use_bias": False}
    reason = "each filter sees 3×3 pixels; after a pooling, a layer sees twice as far" if is_first else ""
    normal: dict[str, Any] = {"group_normalization": {"groups": 8}}
    if by_batch:
        normal = {"batch_normalization": {"momentum": 0.9}}
    why = "keeps the values in a stable range, so that a larger learning rate works" if is_first else ""
    return [({"conv2d": options}, reason), (normal, why), ({"activation": {"activation": "relu"}}, "")]


def _dense(units: int, reason: str, penalized: bool = False) -> tuple[dict[str, Any], str]:
    options: dict[str, Any] = {"units": units}
    if penalized:
        options["kernel_regularizer"] = {"l2": 0.001}
    return {"dense": options}, reason


def _dropout(rate: float) -> tuple[dict[str, Any], str]:
    return {"dropout": {"rate": rate}}, "share of values set to zero in training, so that no single unit is relied on"


def _batch(rows: int) -> int:
    """The power of two from 32 to 256 that gives an epoch about `_STEPS_AN_EPOCH` steps."""
    batch = 32
    while batch < 256 and rows > batch * _STEPS_AN_EPOCH:
        batch *= 2
    return batch
