"""Images looked at for a first config: their labels, size, copies and colours, and the network that suits them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nncli import data
from nncli.config.describing.writing import Entry
from nncli.config.facts import DataFacts, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset, Progress
from nncli.data.images.folders import part_folders, training_files, typical_size
from nncli.data.images.labels.finding import image_section
from nncli.data.images.labels.reading import read_labels
from nncli.data.plurals import count
from nncli.data.profile.images.pixels import colour_tells, count_repeated, why_not_mirrored
from nncli.data.splitting import TEST_FRACTION
from nncli.data.streaming.memory import tell_whole
from nncli.errors import UsageError
from nncli.pipeline.drafting.config_draft import Draft
from nncli.pipeline.drafting.images.entries import draft_images, draft_pixels
from nncli.pipeline.drafting.sizing import VERY_FEW, choose_size, size_images

# Decides the split of the data that a draft is made from, as in a config that names none.
SEED = 1


def look_at_images(
    source: Path, targets: Sequence[str], task: Task | None, relative: Callable[[str], str], progress: Progress
) -> Draft:
    """A draft for a folder of images; `relative` turns an absolute path into what the config says.

    Raises UsageError where the labels are not clear or fit no `task`, DataError where the images cannot be used.
    """
    section = image_section(source, targets)
    if section.labels is None and task not in (None, Task.BINARY, Task.MULTICLASS):
        raise UsageError(
            f"the classes of images are their folders, which --task {task} does not fit", hint="leave --task out"
        )
    files, has_parts = _training_images(section)
    height, width = typical_size(files)
    size = choose_size(len(files), height, width)
    given = None if size == (height, width) else size[0] if size[0] == size[1] else size
    section = section.model_copy(update={"task": task, "size": given})
    section, dataset, repeated = _load(section, has_parts, progress)
    entry = draft_images(section, dataset.facts, _remarks(dataset), repeated, relative)
    return _draft(_describe(section, dataset.facts, source.resolve().name), entry, section, dataset)


def look_at_pixels(
    source: Path, path: str, section: Data, task: Task | None, progress: Progress, say: Callable[[str], None]
) -> Draft:
    """A draft for a table of pixels, whose `section` was found; `path` is what the config says about it."""
    section = section.model_copy(update={"task": task, "test": TEST_FRACTION})
    tell_whole(str(section.path), say)
    section, dataset, repeated = _load(section, False, progress)
    entry = draft_pixels(section, path, dataset.facts, _remarks(dataset), repeated)
    return _draft(_describe(section, dataset.facts, source.name), entry, section, dataset)


def _load(section: Data, has_parts: bool, progress: Progress) -> tuple[Data, Dataset, int]:
    """The data with its task; where images repeat that are still to be split, equal ones are kept together."""
    dataset = data.load(section, seed=SEED, data_dir=None, progress=progress)
    repeated = 0 if has_parts else count_repeated(dataset)
    if repeated:
        section = section.model_copy(update={"duplicates": "together"})
        dataset = data.load(section, seed=SEED, data_dir=None, progress=progress)
    return section.model_copy(update={"task": dataset.facts.target.task}), dataset, repeated


def _draft(summary: str, entry: Entry, section: Data, dataset: Dataset) -> Draft:
    """The network for images that were read, and what was found; `entry` is the `data` section as it is written."""
    facts = dataset.facts
    classes, pixels = facts.target.classes, dataset.train.inputs["image"]
    labels = dataset.train.targets.reshape(-1).astype("int64") if classes else np.zeros(len(pixels), np.int64)
    network = size_images(
        facts.rows["train"],
        facts.inputs.shape,
        colour_tells=bool(classes) and colour_tells(pixels, labels),
        is_number=facts.target.task.is_regression,
        why_not_mirrored=why_not_mirrored(pixels, labels, classes),
    )
    findings = {
        "source": section.source,
        "task": facts.target.task.value,
        "classes": facts.target.classes,
        "notes": _remarks(dataset),
        **({"labels": section.labels} if section.labels is not None else {}),
        **({"image": section.image.model_dump()} if section.image is not None else {}),
    }
    return Draft(summary, entry, section, facts, network, findings)


def _remarks(dataset: Dataset) -> list[str]:
    """What was said about the data, and that very few images neither teach nor measure much."""
    remarks = [note for note in dataset.notes if not note.startswith("task:")]
    rows = dataset.facts.rows
    if rows["train"] < VERY_FEW:
        told = f"{count(rows['train'], 'image')} to learn from and {rows['test']} to test on are very few"
        remarks.append(f"{told}: the result may be chance; collect more, and measure on others: `nncli eval --data`")
    return remarks


def _training_images(section: Data) -> tuple[list[Path], bool]:
    """The images of the training set, before some of them are held out, and whether there are other sets besides it."""
    if section.labels is None:
        root = Path(str(section.path))
        return training_files(root), len(part_folders(root)) > 1
    found = read_labels(section)
    training = [file for file, part in zip(found.files, found.parts, strict=True) if part == "train"]
    return training, len(training) < len(found.files)


def _describe(section: Data, facts: DataFacts, name: str) -> str:
    """The summary in the first lines of the config."""
    target = facts.target
    told = f"{', '.join(target.columns)} ({target.task})"
    if section.labels is None and section.image is None:
        told = f"which of {len(target.classes)} folders one is from"
    return f"{count(sum(facts.rows.values()), 'image')} in {name}; it predicts {told}."
