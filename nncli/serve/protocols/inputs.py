"""From what a request carries to batches of arrays, through the readers that `nncli predict` uses."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, TableInput
from nncli.data.batches import Batch, Failure
from nncli.data.images.decoding import read_header
from nncli.data.inputs.finding import Found
from nncli.data.inputs.images import image_batches
from nncli.errors import DataError
from nncli.serve.limits import Limits
from nncli.serve.protocols.bodies import UNNAMED, File
from nncli.serve.refusals import Refusal

# What would have to be unpacked, and could become much larger than it is.
_PACKED = {b"\x1f\x8b": "a gzip file", b"PK": "a zip archive or Excel file", b"PAR1": "a Parquet file"}

_DELIMITERS = (b",", b";", b"\t", b"|")
_LINES_OF_A_ROW = 10
# A progressive JPEG has about ten; each of them is a pass over all pixels.
_MOST_SCANS = 100


def read_files(
    files: Sequence[File], facts: DataFacts, limits: Limits, *, split: bool = False, keep: bool = False
) -> list[Batch]:
    """Images, or tables as CSV or JSON lines, as batches; with `keep`, those of tables have the original cells.

    Raises Refusal and DataError.
    """
    batches: list[Batch] = []
    images: list[Found] = []
    for file in files:
        found = Found(file.name, memoryview(file.content))
        is_table = not isinstance(facts.inputs, ImageInput) or (facts.pixels is not None and not found.is_image)
        if is_table:
            batches += _read_table(found, facts, limits, keep)
        else:
            images.append(found)
    if images and isinstance(facts.inputs, ImageInput):
        batches += _read_images(images, facts.inputs, limits, split)
    return batches


def _read_images(images: Sequence[Found], image: ImageInput, limits: Limits, split: bool) -> list[Batch]:
    if len(images) > limits.images:
        raise Refusal(413, got=f"{len(images)} images", expected=f"at most {limits.images} at a time")
    small: list[Found] = []
    failures: list[Failure] = []
    pixels = 0
    for found in images:
        try:
            header = read_header(bytes(found.source) if isinstance(found.source, memoryview) else found.source)
        except DataError as error:
            failures.append(Failure(found.name, error.message))
            continue
        if header.height * header.width > limits.pixels:
            raise Refusal(
                413,
                got=f"{found.name}: {header.width} x {header.height} pixels",
                expected=f"at most {limits.pixels:,} pixels",
                fix="make the image smaller",
            )
        scans = _count_scans(found)
        if scans > _MOST_SCANS:
            raise Refusal(413, got=f"{found.name}: a JPEG file of {scans:,} scans", expected=f"at most {_MOST_SCANS}")
        pixels += header.height * header.width
        if pixels > limits.pixels_together:
            raise Refusal(
                413,
                got=f"images of more than {limits.pixels_together:,} pixels together",
                expected="fewer at a time",
                fix="send some of them in another request",
            )
        small.append(found)
    batches = list(image_batches(small, image, split=split)) if small else []
    return [*batches, Batch(failures=failures)] if failures else batches


def _count_scans(found: Found) -> int:
    content = bytes(found.source) if isinstance(found.source, memoryview) else b""
    return content.count(b"\xff\xda") if content.startswith(b"\xff\xd8") else 0


def _read_table(found: Found, facts: DataFacts, limits: Limits, keep: bool) -> list[Batch]:
    from nncli.data.tables.inputs import table_batches
    from nncli.data.tables.pixels import pixel_batches

    content = found.source if isinstance(found.source, memoryview) else memoryview(b"")
    packed = next((told for start, told in _PACKED.items() if bytes(content[:4]).startswith(start)), None)
    if packed is not None:
        raise Refusal(415, got=f"{found.name}: {packed}", expected="CSV or JSON", fix="unpack it, or save it as CSV")
    _check_size(found.name, bytes(content), facts, limits)
    if found.is_image:
        raise DataError(f"{found.name} is an image, but the model was trained on a table")
    if isinstance(facts.inputs, ImageInput):
        if facts.pixels is None:
            raise DataError(f"{found.name} is a table, but the model was trained on images")
        batches = pixel_batches(found.name, content, facts, facts.inputs, facts.pixels, keep=keep)
    else:
        batches = table_batches(found.name, content, facts, facts.inputs, keep=keep)
    read: list[Batch] = []
    rows = 0
    for batch in batches:
        rows += len(batch.names) + len(batch.failures)
        if rows > limits.rows:
            raise _too_many(limits)
        read.append(batch)
    return read


def _check_size(name: str, content: bytes, facts: DataFacts, limits: Limits) -> None:
    """Raises Refusal for many more columns than the model has, since readers of tables look at each of them by name,
    and for lines that would be far too many rows even if some were parts of a quoted cell."""
    line = content.partition(b"\n")[0].partition(b"\r")[0]
    if line.lstrip().startswith(b"["):  # a list of rows may be one line
        return
    known = len(facts.inputs.columns) if isinstance(facts.inputs, TableInput) else len(column_names(facts))
    most = max(limits.columns, 2 * known)
    columns = 1 + max(map(line.count, _DELIMITERS))
    if line.count(b'"') % 2 and columns <= most:  # a name continues after the end of the line
        columns = max(_count_columns(content, chr(delimiter[0])) for delimiter in _DELIMITERS)
    if columns > most:
        raise Refusal(413, got=f"{name}: {columns:,} columns", expected=f"at most {most:,}")
    lines = max(content.count(b"\n"), content.count(b"\r"))
    if lines > (_LINES_OF_A_ROW if b'"' in content else 1) * limits.rows + 1:
        raise _too_many(limits)


def _count_columns(content: bytes, delimiter: str) -> int:
    """The cells of the first row of a CSV text; 0 where it is none."""
    try:
        return len(next(csv.reader(io.StringIO(content.decode("latin-1"), newline=""), delimiter=delimiter), []))
    except csv.Error:
        return 0


def read_rows(
    rows: Sequence[Any], facts: DataFacts, limits: Limits, *, name: str = UNNAMED, keep: bool = False
) -> list[Batch]:
    """Rows as JSON objects by column; for a run on images, arrays of pixels. Raises Refusal and DataError."""
    if not rows:
        raise Refusal(400, got="no rows", expected="at least one")
    if len(rows) > limits.rows:
        raise _too_many(limits)
    if isinstance(facts.inputs, ImageInput) and not isinstance(rows[0], Mapping):
        return [pixel_batch(rows, facts.inputs, name)]
    wrong = next((place for place, row in enumerate(rows) if not isinstance(row, Mapping)), None)
    if wrong is not None:
        raise Refusal(
            400,
            got=f"row {wrong + 1} as {_kind_of(rows[wrong])}",
            expected="an object with a value for each column",
            fix=f"columns: {', '.join(column_names(facts)[:12])}",
        )
    names = len(set().union(*rows))
    if names > max(limits.columns, 2 * len(column_names(facts))):
        raise Refusal(413, got=f"{names:,} columns", expected=f"at most {limits.columns:,}")
    nested = next((key for row in rows for key, value in row.items() if isinstance(value, dict | list)), None)
    if nested is not None:
        raise Refusal(400, got=f"{_kind_of([])} or object in column {nested[:60]!r}", expected="a number, text or null")
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return _read_table(Found(name, memoryview(lines.encode("utf-8", "replace"))), facts, limits, keep)


def pixel_batch(
    values: Sequence[Any], image: ImageInput, name: str = UNNAMED, *, shape: Sequence[int] | None = None
) -> Batch:
    """Arrays of pixels (rows, height, width[, channels]) in the range of the training images.

    `values` are nested lists, or flat ones of that `shape`. Raises Refusal.
    """
    try:
        pixels = np.asarray(values, np.float64)
    except (ValueError, TypeError, OverflowError):
        raise Refusal(
            400, got="values that are no array of numbers", expected="numbers, the same in each row"
        ) from None
    given = list(shape or pixels.shape)
    if given[1:] not in (list(image.shape), list(image.shape[:2]) if image.channels == 1 else None):
        fix = f"one image is [1, {', '.join(map(str, image.shape))}]"
        raise Refusal(
            400, got=f"pixels of shape {given}", expected=f"[rows, {', '.join(map(str, image.shape))}]", fix=fix
        )
    pixels = to_pixels(pixels.reshape(-1, *image.shape), image)
    return Batch(names=row_names(name, len(pixels)), inputs={"image": pixels})


def to_pixels(values: np.ndarray, image: ImageInput) -> np.ndarray:
    """The values in the dtype of the model. Raises Refusal for one outside the range of the training images."""
    most = 1 / image.scale
    if values.size and not (values.min() >= 0 and values.max() <= most * (1 + 1e-6)):  # NaN is in no range
        raise Refusal(
            400, got=f"pixels from {values.min():g} to {values.max():g}", expected=f"numbers from 0 to {most:g}"
        )
    return (np.round(values) if image.dtype == "uint8" else values).astype(image.dtype)


def row_names(name: str, count: int) -> list[str]:
    """The names of rows as `nncli predict` gives them."""
    return [f"{name}:row {place}" for place in range(1, count + 1)]


def column_names(facts: DataFacts) -> list[str]:
    """The columns that a row needs."""
    if isinstance(facts.inputs, ImageInput):
        return list(facts.pixels.names) if facts.pixels else ["image"]
    from nncli.data.tables.encoding import needed_columns

    needed = set(needed_columns(facts.inputs))
    return [name for name in facts.inputs.columns if name in needed] or sorted(needed)


def require_all(batches: Sequence[Batch]) -> None:
    """Raises Refusal where a row could not be read, for protocols whose answers have no names."""
    failures = [failure for batch in batches for failure in batch.failures]
    if failures:
        first = failures[0]
        raise Refusal(
            400,
            got=f"{first.name}: {first.message}",
            expected="rows that can all be read",
            fix=f"{len(failures)} cannot be read; POST /predict answers the others" if len(failures) > 1 else None,
        )


def _too_many(limits: Limits) -> Refusal:
    return Refusal(413, got=f"more than {limits.rows:,} rows", expected=f"at most {limits.rows:,} at a time")


def _kind_of(value: Any) -> str:
    if isinstance(value, list):
        return "an array"
    return "null" if value is None else "text" if isinstance(value, str) else "a number"
