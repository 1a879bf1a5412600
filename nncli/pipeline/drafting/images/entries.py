"""The `data` section for images, each value with its reason; reads and writes no files."""

from collections.abc import Callable, Sequence

from nncli.config.describing.writing import Entry, one_line
from nncli.config.facts import DataFacts, Target
from nncli.config.sections import Data, is_name_pattern
from nncli.data.plurals import count
from nncli.pipeline.drafting.config_draft import FORMAT_NOTES, describe_target, format_values

_VALIDATION_NOTE = "{:,} of the other rows are measured after each epoch"


def draft_images(
    section: Data, facts: DataFacts, remarks: Sequence[str], repeated: int, relative: Callable[[str], str]
) -> Entry:
    """The `data` section for a folder of images, with what was said about them below it.

    `repeated` images equal another; `relative` turns a path of the section into what the config says.
    """
    height, width, channels = facts.inputs.shape
    kind = "grey" if channels == 1 else "coloured"
    told = "each folder is a class" if section.labels is None else "the labels are not its folders"
    entries = [
        Entry("source", "images", f"{height} × {width} pixels, {kind}; {told}"),
        Entry("path", relative(str(section.path)), describe_target(facts.target, 0)),
        *_label_entries(section, relative),
        Entry("task", facts.target.task.value, _task_note(section, facts.target)),
    ]
    if section.size is not None:
        shown = list(section.size) if isinstance(section.size, tuple) else section.size
        entries.append(
            Entry("size", shown, "smaller than the files, to train fast on a CPU; a larger size shows more detail")
        )
    if repeated:
        told = f"{count(repeated, 'image equals', 'images equal')} an earlier one: one set for all"
        entries.append(Entry("duplicates", "together", told))
    entries.append(Entry("validation", 0.1, _VALIDATION_NOTE.format(facts.rows["validation"])))
    return Entry("data", tuple(entries), below=[one_line(remark, 200) for remark in remarks])


def draft_pixels(section: Data, path: str, facts: DataFacts, remarks: Sequence[str], repeated: int) -> Entry:
    """The `data` section for a table whose columns are pixels; as `draft_images`."""
    height, width, channels = facts.inputs.shape
    image = section.image.model_dump(exclude_defaults=True) if section.image is not None else {}
    target = section.target or ()
    notes = {
        "source": "the pixels of each image are the columns of a row",
        **FORMAT_NOTES,
        "target": describe_target(facts.target, 0),
        "task": f"there are {len(facts.target.classes)} classes" if facts.target.classes else "the target is a number",
        "image": f"{height * width * channels:,} columns are the pixels, row by row",
        "drop": "not learned from: no pixels",
        "duplicates": f"{count(repeated, 'image equals', 'images equal')} an earlier one: one set for all",
        "test": f"{count(facts.rows['test'], 'row')} held out for testing",
        "validation": _VALIDATION_NOTE.format(facts.rows["validation"]),
    }
    values = {
        "source": section.source,
        "path": path,
        **format_values(section.text_format),
        "target": target[0] if len(target) == 1 else list(target),
        "task": facts.target.task.value,
        "image": {key: list(value) if isinstance(value, tuple) else value for key, value in image.items()},
        "drop": list(section.drop) or None,
        "duplicates": "together" if repeated else None,
        "test": section.test,
        "validation": section.validation,
    }
    entries = [Entry(key, value, notes.get(key, "")) for key, value in values.items() if value is not None]
    return Entry("data", tuple(entries), below=[one_line(remark, 200) for remark in remarks])


def _label_entries(section: Data, relative: Callable[[str], str]) -> list[Entry]:
    """Where the labels are, if not in the names of folders."""
    if section.labels is None:
        return []
    if is_name_pattern(section.labels):
        note = "the class is part of the file name; {number} stands for digits, * for anything: check that it is right"
        return [Entry("labels", section.labels, note)]
    target = section.target or ()
    return [
        Entry("labels", relative(section.labels), "a table with a row for each image"),
        Entry("file_column", section.file_column, "its column that names the files"),
        Entry("target", target[0] if len(target) == 1 else list(target), "its column to predict"),
    ]


def _task_note(section: Data, target: Target) -> str:
    if not target.classes:
        return "the labels are numbers" if target.task.is_regression else "each column is a label of its own"
    return f"there are {len(target.classes)} {'folders' if section.labels is None else 'classes'}"
