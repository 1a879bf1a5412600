"""Examines the arrays of an archive: all of them, or rows from all over those that are too large to be looked at whole.

The large ones are mapped, so that memory does not grow with them; one that is compressed is inflated for a while.
"""

from contextlib import ExitStack
from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np

from nncli.config.sections import Data
from nncli.data.archives import archive_images, archive_path, archive_tables, open_archive
from nncli.data.arrays.archive import Archive, make_archive
from nncli.data.arrays.files import INPUT_NAMES, list_arrays, used_arrays
from nncli.data.profile.findings import excerpt_finding
from nncli.data.profile.images.arrays import look_over_images
from nncli.data.profile.tables.table import look_over
from nncli.data.profile.values import Finding, Profile
from nncli.data.streaming.excerpt import WHOLE_BYTES, WHOLE_CELLS
from nncli.data.streaming.inputs.arrays import mapped
from nncli.data.streaming.mapping import let_go, spread_rows

# Numbers of rows, and pixels, of an excerpt. A number takes 8 bytes as a cell of a table, and as much to be examined.
_NUMBERS, _PIXELS = WHOLE_CELLS // 2, WHOLE_BYTES // 4


def look_over_archive(data: Data, *, seed: int) -> Profile:
    """The profile of the images or rows of an archive; of large ones that of an excerpt, which a finding says.

    Raises:
        DataError: the file cannot be read, or its arrays do not match.
    """
    excerpt = _excerpt(data)
    archive, places, findings = (open_archive(data), None, ()) if excerpt is None else excerpt
    if archive.has_images:
        return look_over_images(archive_images(archive, data, seed, places), path=data.path, findings=findings)
    table, section, test = archive_tables(archive, data)
    if places is not None:
        # The validation set of the archive comes after its training set, and is one with it.
        rows = np.concatenate([places[part] for part in ("train", "val") if part in places])
        table = replace(table, rows=rows)
        test = None if test is None else replace(test, rows=places["test"])
    return look_over(table, section, seed=seed, test=test, findings=findings)


def _excerpt(data: Data) -> tuple[Archive, dict[str, np.ndarray], tuple[Finding, ...]] | None:
    """Rows from all over each set of an archive, their numbers, and a finding; None if it can be looked at whole."""
    paths = [archive_path(data), *([Path(data.test)] if isinstance(data.test, str) else [])]
    found = [used_arrays(list_arrays(path)) for path in paths]
    inputs = [each.shape for arrays in found for name, each in arrays.items() if name in INPUT_NAMES]
    numbers, are_images = sum(map(prod, inputs)), any(len(shape) > 2 for shape in inputs)
    if numbers <= (WHOLE_BYTES if are_images else WHOLE_CELLS):
        return None
    share = (_PIXELS if are_images else _NUMBERS) / numbers
    with ExitStack() as stack:
        opened = [stack.enter_context(mapped(path, arrays)) for path, arrays in zip(paths, found, strict=True)]
        archive = make_archive(paths[0], opened[0])
        if len(opened) > 1:
            archive.pairs["test"] = make_archive(paths[1], opened[1]).pairs["train"]
        places, pairs, first = {}, {}, 0
        for part, (x, y) in archive.pairs.items():
            chosen = spread_rows(len(y), max(1, int(share * len(y))))
            pairs[part] = np.array(x[chosen]), np.array(y[chosen])
            places[part] = chosen + (first if part == "val" and not are_images else 0)
            first = len(y) if part == "train" else first
            let_go([x, y])
        whole = sum(len(y) for _, y in archive.pairs.values())
    rows = sum(len(chosen) for chosen in places.values())
    told = excerpt_finding(rows, whole, things="images" if are_images else "rows")
    return replace(archive, pairs=pairs), places, (told,)
