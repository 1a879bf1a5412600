"""Training images beside what a config's augmentation makes of them, as pictures of a contact sheet."""

import numpy as np

from nncli import data
from nncli.config.facts import ImageInput
from nncli.config.layers import LayerSection, RandomFlip, RandomRotation, RandomTranslation, RandomZoom
from nncli.config.sections import Config
from nncli.data.dataset import Dataset, Progress
from nncli.errors import UsageError
from nncli.evaluate.plots.images.contact_sheet import Picture
from nncli.pipeline.folders import Folders

_KINDS = (RandomFlip, RandomTranslation, RandomRotation, RandomZoom)
# Images on a sheet, spread over the classes, and the versions beside each.
_IMAGES = 12
_VERSIONS = 7


def augmented_pictures(config: Config, *, folders: Folders, progress: Progress) -> list[Picture]:
    """A line for each of some training images: the original, then versions of it, all at the network's size.

    Raises:
        UsageError: the config has no augmentation layers at its start, or its data are no images.
        DataError, UnreachableError: as `data.load` does.
    """
    layers = _leading_layers(config)
    dataset = data.load(config.data, seed=config.seed, data_dir=folders.data_dir, progress=progress)
    image = dataset.facts.inputs
    if not isinstance(image, ImageInput):
        raise UsageError("--augmented is for images, but this is a table", hint="leave --augmented out")
    progress("starting TensorFlow", 0.0)
    from nncli.engine.process import environment

    environment.prepare(None)  # before Keras is imported
    from nncli.model.layers.augmenting import augment

    places = _spread_over_classes(dataset)
    pixels = dataset.train.inputs["image"][places]
    versions = augment(layers, image, np.repeat(pixels, _VERSIONS, axis=0), config.seed)
    originals = np.clip(np.round(pixels.astype(np.float32) * image.scale * 255), 0, 255).astype(np.uint8)
    pictures = []
    for line, place in enumerate(places):
        group = f"{_class_of(dataset, place)} {line + 1}".strip()
        pictures.append(Picture(group, _name(dataset, place), originals[line]))
        some = versions[line * _VERSIONS : (line + 1) * _VERSIONS]
        pictures += [Picture(group, f"version {number}", one) for number, one in enumerate(some, 1)]
    return pictures


def _leading_layers(config: Config) -> list[LayerSection]:
    layers: list[LayerSection] = []
    for layer in config.model.layers:
        if not isinstance(layer, _KINDS):
            break
        layers.append(layer)
    if layers:
        return layers
    names = ", ".join(str(kind.model_fields["kind"].default) for kind in _KINDS)
    raise UsageError(
        "the config has no augmentation layers at the start of model.layers",
        hint=f"put some first: {names}",
    )


def _spread_over_classes(dataset: Dataset) -> list[int]:
    """Places in the training set: the first examples of each class, in the order of the classes."""
    classes = len(dataset.facts.target.classes)
    if not classes:
        return list(range(min(_IMAGES, len(dataset.train))))
    labels = dataset.train.targets.reshape(-1).astype(np.int64)
    shown = np.unique(np.linspace(0, classes - 1, min(classes, _IMAGES)).round().astype(np.int64))
    each = max(1, _IMAGES // len(shown))
    return [int(place) for label in shown for place in np.flatnonzero(labels == label)[:each]]


def _class_of(dataset: Dataset, place: int) -> str:
    names = dataset.facts.target.classes
    return names[int(dataset.train.targets.reshape(-1)[place])] if names else ""


def _name(dataset: Dataset, place: int) -> str:
    part = dataset.train
    return part.files[place].rpartition("/")[2] if part.files else f"row {part.rows[place] + 1}"
