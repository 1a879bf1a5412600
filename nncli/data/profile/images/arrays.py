"""Examines images in memory: bundled and prepared data sets and archives, with the sets they come in."""

from collections.abc import Mapping, Sequence

import numpy as np

from nncli.config.facts import ImageInput, Task
from nncli.data.dataset import Dataset, Part, hash_rows
from nncli.data.images.border import border_median
from nncli.data.profile.findings import imbalance_findings, ordered_findings
from nncli.data.profile.images.pixels import choose_examples, look_at_light, make_tile
from nncli.data.profile.tables.rows import count_repeats, find_order, find_shared
from nncli.data.profile.values import Finding, ImageProfile, Level, Tile
from nncli.data.targets import Goal
from nncli.errors import DataError

_CHUNK = 4096


def look_over_images(dataset: Dataset, *, path: str | None, findings: Sequence[Finding] = ()) -> ImageProfile:
    """The profile of an image data set, read as for training; every pixel is examined. `findings` are those so far.

    Raises:
        DataError: the data set has no images.
    """
    image, target = dataset.facts.inputs, dataset.facts.target
    if not isinstance(image, ImageInput):
        raise DataError(f"{dataset.facts.source} holds no images")
    parts = {name: part for name, part in _parts(dataset).items() if len(part)}
    findings = [*findings, *(Finding("read", Level.NOTE, "images", note) for note in dataset.notes)]
    brightness, borders, blank = _light(parts, image)
    names = [f"{name} row {row + 1}" for name, part in parts.items() for row in part.rows]
    border, found = look_at_light(borders, blank, lambda index: names[index])
    findings += found
    hashes = {name: hash_rows([part.inputs["image"]]) for name, part in parts.items()}
    together = np.concatenate(list(hashes.values()))
    repeated = count_repeats(together)
    if repeated:
        level = Level.WARNING if repeated >= 0.01 * len(together) else Level.NOTE
        what = f"{repeated:,} of them {'is' if repeated == 1 else 'are'} equal to another one, pixel by pixel"
        findings.append(Finding("repeated", level, "images", what, "make sure that no copy is in two sets"))
    findings += find_shared(hashes, things="images")
    goal = Goal(target.task, target.columns, target.classes)
    findings += [] if target.task.is_regression else find_order(goal, parts["train"].targets)
    classes = _class_counts(goal, parts)
    if target.classes:
        findings += imbalance_findings("classes", [(name, counts["train"]) for name, counts in classes])
    return ImageProfile(
        source=dataset.facts.source,
        path=path,
        rows=len(together),
        parts={name: len(part) for name, part in parts.items()},
        names="class" if target.classes else "label" if target.task is Task.MULTILABEL else "target",
        classes=classes,
        sizes=((image.height, image.width, len(together)),),
        modes=((f"{image.dtype}, 0 to {1 / image.scale:g}, {image.channels} channel(s)", len(together)),),
        shape=image.shape,
        sampled=len(together),
        brightness=brightness,
        border=border,
        corrupt=(),
        repeated=repeated,
        findings=tuple(ordered_findings(findings)),
        tiles=tuple(_tiles(goal, parts["train"], image)),
    )


def _parts(dataset: Dataset) -> dict[str, Part]:
    return {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}


def _light(parts: Mapping[str, Part], image: ImageInput) -> tuple[float, np.ndarray, np.ndarray]:
    """The mean brightness of all images; for each image, the median of its border (0 to 1) and whether it is blank."""
    means, borders, blank = [], [], []
    for part in parts.values():
        pixels = part.inputs["image"]
        for start in range(0, len(pixels), _CHUNK):
            chunk = np.asarray(pixels[start : start + _CHUNK])
            flat = chunk.reshape(len(chunk), -1)
            means.append(flat.mean(axis=1) * image.scale)
            borders.append(border_median(chunk) * image.scale)
            blank.append(flat.min(axis=1) == flat.max(axis=1))
    return float(np.concatenate(means).mean()), np.concatenate(borders), np.concatenate(blank)


def _class_counts(goal: Goal, parts: Mapping[str, Part]) -> tuple[tuple[str, dict[str, int]], ...]:
    if goal.task.is_regression:
        return ()
    if goal.task is Task.MULTILABEL:
        sums = {name: part.targets.sum(axis=0) for name, part in parts.items()}
        return tuple((label, {name: int(s[i]) for name, s in sums.items()}) for i, label in enumerate(goal.columns))
    counts = {
        name: np.bincount(part.targets.reshape(-1).astype(np.int64), minlength=len(goal.classes))
        for name, part in parts.items()
    }
    return tuple((name, {part: int(c[i]) for part, c in counts.items()}) for i, name in enumerate(goal.classes))


def _tiles(goal: Goal, part: Part, image: ImageInput) -> list[Tile]:
    labels = part.targets.reshape(-1).astype(np.int64) if goal.classes else np.zeros(len(part), np.int64)
    tiles = []
    for index in choose_examples(labels, max(1, len(goal.classes))):
        pixels = np.asarray(part.inputs["image"][index]) * (image.scale * 255)
        group = goal.classes[labels[index]] if goal.classes else _labels(goal, part.targets[index])
        tiles.append(make_tile(group, f"row {part.rows[index] + 1}", np.clip(pixels, 0, 255).astype(np.uint8)))
    return tiles


def _labels(goal: Goal, targets: np.ndarray) -> str:
    if goal.task is Task.MULTILABEL:
        return ", ".join(name for name, value in zip(goal.columns, targets, strict=True) if value) or "(none)"
    return ", ".join(f"{value:.4g}" for value in targets)
