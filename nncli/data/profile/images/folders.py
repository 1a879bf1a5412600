"""Examines an image folder: classes, sizes, formats, unreadable files and copies. Does not load the data set."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from nncli.config.facts import Resize
from nncli.config.sections import Data
from nncli.data import splitting
from nncli.data.dataset import Progress, hash_rows
from nncli.data.images.border import border_median
from nncli.data.images.decoding import LOOK, Header, has_colour, open_picture, raise_if_of_system, read_header
from nncli.data.images.files import map_parallel
from nncli.data.images.fitting import Fit
from nncli.data.images.folders import existing_folder
from nncli.data.images.image_dataset import common_size, given_size, refuse_no_column
from nncli.data.plurals import count
from nncli.data.profile.findings import imbalance_findings, ordered_findings
from nncli.data.profile.images.listing import ImageFiles, find_copies, hash_files, list_files
from nncli.data.profile.images.pixels import TILE_SIDE, choose_examples, look_at_light, make_tile, name_some
from nncli.data.profile.tables.rows import count_repeats, find_shared
from nncli.data.profile.values import Finding, ImageProfile, Level, Tile
from nncli.data.splits.dividing import Rows, divide
from nncli.errors import DataError

# At most about this many images are decoded, evenly spaced.
SAMPLE = 2000
_MOST_TOLD = 6


@dataclass(frozen=True)
class _Look:
    """What was found in the pixels of one image; values from 0 to 1."""

    header: Header
    coloured: bool
    brightness: float
    border: float
    blank: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """The size (height, width) that a config resizes images to, None for the most common one, and how."""

    size: tuple[int, int] | None
    resize: Resize

    @classmethod
    def of(cls, data: Data) -> "Wanted":
        """The size and the method in a config's `data` section."""
        return cls(given_size(data), data.resize or "pad")


def look_over_folder(
    folder: Path,
    *,
    progress: Progress,
    seed: int = 1,
    wanted: Wanted | None = None,
    sample: int = SAMPLE,
    labelled: tuple[ImageFiles, Sequence[Finding]] | None = None,
    section: Data | None = None,
    keys: Rows | None = None,
) -> ImageProfile:
    """The profile of a folder of class folders (perhaps below train/, test/, val/), or of images without class folders.

    `wanted` is a config's image size; without one each image is shown as it is. Where the folders are not the classes,
    `labelled` has the files and labels, and findings about these. `section` and `keys` say how images are split.

    Raises:
        DataError: the folder does not exist or has no images.
    """
    root = existing_folder(folder)
    findings: list[Finding] = list(labelled[1]) if labelled else []
    section = section or Data(source="images")
    files = labelled[0] if labelled else list_files(root, section.test, findings)
    step = max(1, -(-len(files.paths) // sample))
    chosen = list(range(0, len(files.paths), step))
    looks, corrupt = _examine_all(files, chosen, progress)
    findings += _corrupt_findings(corrupt)
    border, light_findings = _border(files, looks)
    findings += light_findings + _format_findings(files, looks, wanted)
    shape = _shape(looks, wanted)
    digests = hash_files(files.paths, progress)
    findings += find_copies(files, digests)
    parts, shared = _parts(files, digests, seed, section, keys)
    findings += shared
    classes = _class_counts(files)
    if len(classes) > 1:
        findings += imbalance_findings("classes", [(name, counts["train"]) for name, counts in classes])
    return ImageProfile(
        source="images",
        path=str(folder),
        rows=len(files.paths),
        parts=parts,
        names="class",
        classes=classes,
        sizes=tuple((height, width, number) for (height, width), number in _sizes(looks).most_common()),
        modes=tuple(Counter(look.header.mode for look in looks.values()).most_common()),
        shape=shape,
        sampled=len(chosen),
        brightness=float(np.mean([look.brightness for look in looks.values()])) if looks else None,
        border=border,
        corrupt=tuple(corrupt),
        repeated=count_repeats(digests),
        findings=tuple(ordered_findings(findings)),
        tiles=tuple(_tiles(files, looks, wanted)),
    )


def _examine_all(
    files: ImageFiles, chosen: Sequence[int], progress: Progress
) -> tuple[dict[int, _Look], list[tuple[str, str]]]:
    """What was found in the chosen images, by index; and the files that cannot be read, with the reason."""

    def look(index: int) -> _Look | str:
        try:
            return _examine(files.paths[index])
        except DataError as error:
            raise_if_of_system(error, files.paths[index])
            return error.message

    looks: dict[int, _Look] = {}
    corrupt = []
    for done, (index, result) in enumerate(zip(chosen, map_parallel(look, chosen), strict=True)):
        if isinstance(result, str):
            corrupt.append((files.name(index), result))
        else:
            looks[index] = result
        if done % 50 == 0:
            progress("looking at the images", done / len(chosen))
    return looks, corrupt


def _examine(file: Path) -> _Look:
    header = read_header(file)
    picture, warnings = open_picture(file, 3, dark_border=None, fit=LOOK)
    pixels = np.asarray(picture, np.uint8)
    return _Look(
        header,
        header.may_have_colour and has_colour(picture),
        float(pixels.mean()) / 255,
        float(border_median(pixels[None])[0]) / 255,
        bool(pixels.min() == pixels.max()),
        tuple(warnings),
    )


def _border(files: ImageFiles, looks: Mapping[int, _Look]) -> tuple[float | None, list[Finding]]:
    """The usual brightness of the border, None without a readable image; and findings about images that differ."""
    if not looks:
        return None, []
    indices = list(looks)
    borders = np.array([looks[index].border for index in indices])
    blank = np.array([looks[index].blank for index in indices])
    return look_at_light(borders, blank, lambda place: files.name(indices[place]))


def _shape(looks: Mapping[int, _Look], wanted: Wanted | None) -> tuple[int, ...] | None:
    if not looks:
        return None
    return (*_size(looks, wanted), 3 if any(look.coloured for look in looks.values()) else 1)


def _size(looks: Mapping[int, _Look], wanted: Wanted | None) -> tuple[int, int]:
    """Height and width of the images in training."""
    if wanted is not None and wanted.size is not None:
        return wanted.size
    return common_size(_sizes(looks))


def _sizes(looks: Mapping[int, _Look]) -> Counter[tuple[int, int]]:
    """How many images have each (height, width)."""
    return Counter((look.header.height, look.header.width) for look in looks.values())


def _corrupt_findings(corrupt: Sequence[tuple[str, str]]) -> list[Finding]:
    fix = "repair or remove it; training skips it"
    findings = [Finding("corrupt", Level.PROBLEM, name, reason, fix) for name, reason in corrupt[:_MOST_TOLD]]
    if len(corrupt) > _MOST_TOLD:
        rest = count(len(corrupt) - _MOST_TOLD, "more file")
        findings.append(Finding("corrupt", Level.PROBLEM, rest, "cannot be read either (--json names them all)", fix))
    return findings


def _format_findings(files: ImageFiles, looks: Mapping[int, _Look], wanted: Wanted | None) -> list[Finding]:
    if not looks:
        return []
    findings = []
    height, width = _size(looks, wanted)
    others = sum((look.header.height, look.header.width) != (height, width) for look in looks.values())
    if others:
        how = {"pad": "padded and resized", "crop": "cropped and resized", "stretch": "stretched"}
        done = "resized" if wanted is None else how[wanted.resize]
        what = f"{others:,} of {len(looks):,} are not {height} × {width}, the size to which all are {done}"
        findings.append(Finding("sizes", Level.NOTE, "images", what, "check that no small detail gets lost"))
    coloured = sum(look.coloured for look in looks.values())
    if 0 < coloured < len(looks):
        what = f"{coloured:,} have colour and {len(looks) - coloured:,} are grey; all are read in colour"
        level = Level.NOTE if min(coloured, len(looks) - coloured) > 0.05 * len(looks) else Level.WARNING
        findings.append(
            Finding("colours", level, "images", what, "check that colour alone does not give the class away")
        )
    told: dict[str, list[int]] = {}
    for index, look in looks.items():
        for warning in look.warnings:
            told.setdefault("".join(letter for letter in warning if not letter.isdigit()), []).append(index)
    for key, indices in told.items():
        warning = next(
            text for text in looks[indices[0]].warnings if "".join(c for c in text if not c.isdigit()) == key
        )
        findings.append(Finding("format", Level.NOTE, name_some(indices, files.name), warning, ""))
    return findings


def _parts(
    files: ImageFiles,
    digests: np.ndarray,
    seed: int,
    data: Data,
    keys: Rows | None,
) -> tuple[dict[str, int], list[Finding]]:
    """The sizes of the sets that nncli would make, and the images that are in more than one of them.

    Files are compared byte by byte here. Training compares pixels, so `duplicates` may find a few more there.
    """
    own = {name: np.flatnonzero(files.parts == index) for index, name in enumerate(files.part_names)}
    rows, given = own["train"], len(own) > 1
    if data.duplicates == "drop" and not given:
        labelled = np.column_stack([digests[rows], files.labels[rows].astype(np.uint64)])
        rows = rows[splitting.first_of_each(hash_rows([labelled]))]
    try:
        refuse_no_column(data, keys)
        splitting.refuse_duplicates(data, has_test=given)
        known = keys.take(rows) if keys is not None else Rows(len(rows))
        copies = digests[rows] if data.duplicates == "together" else None
        known = replace(known, strata=files.labels[rows], copies=copies)
        split = divide(data, known, seed=seed, has_test="test" in own, has_validation="validation" in own)
    except DataError as error:
        return {name: len(rows) for name, rows in own.items()}, [
            Finding(
                "duplicates" if given and data.duplicates != "keep" else "few_rows",
                Level.PROBLEM,
                "images",
                error.message,
                error.hint or "",
            )
        ]
    parts = {
        "train": rows[split.train],
        "validation": rows[split.validation],
        "test": rows[split.test],
        **{name: rows for name, rows in own.items() if name != "train" and not (name == "test" and len(split.test))},
    }
    shared = find_shared({name: digests[rows] for name, rows in parts.items()}, things="images", given=given)
    return {name: len(rows) for name, rows in parts.items()}, shared


def _class_counts(files: ImageFiles) -> tuple[tuple[str, dict[str, int]], ...]:
    counts = []
    for label, name in enumerate(files.classes):
        of_class = files.parts[files.labels == label]
        counts.append((name, {part: int((of_class == index).sum()) for index, part in enumerate(files.part_names)}))
    return tuple(counts)


def _tiles(files: ImageFiles, looks: Mapping[int, _Look], wanted: Wanted | None) -> list[Tile]:
    """Examples of each class, with the aspect ratio they have in training if a config sets a size."""
    readable = np.array(sorted(looks), np.int64)
    if not len(readable):
        return []
    labels = np.maximum(files.labels[readable], 0)
    tiles = []
    for place in choose_examples(labels, max(1, len(files.classes))):
        index = int(readable[place])
        look = looks[index]
        is_given = wanted is not None and wanted.size is not None
        height, width = wanted.size if wanted and wanted.size else (look.header.height, look.header.width)
        shrink = min(1.0, TILE_SIDE / max(height, width))
        resize = wanted.resize if wanted is not None and is_given else "stretch"
        fit = Fit(max(1, round(height * shrink)), max(1, round(width * shrink)), resize)
        picture, _ = open_picture(files.paths[index], 3 if look.coloured else 1, dark_border=None, fit=fit)
        group = files.classes[files.labels[index]] if files.labels[index] >= 0 else ""
        tiles.append(make_tile(group, files.paths[index].name, fit.apply(picture)))
    return tiles
