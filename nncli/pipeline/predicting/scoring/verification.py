"""The proof that `predict` and `eval` agree: test rows go the whole way of a prediction and are compared with Keras."""

import io
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, TableInput
from nncli.config.sections import Config
from nncli.data.dataset import Inputs, Part
from nncli.data.inputs.reading import read_inputs
from nncli.data.splitting import path_of_test
from nncli.errors import NncliError
from nncli.pipeline.agreement import TOLERANCE, Agreement, compare_predictions
from nncli.pipeline.predicting.named_predictions import Answers
from nncli.pipeline.predicting.open_run import Predicts

_SHOWN = 3
_ROWS_AT_ONCE = 2048  # written as files at one time
_QUICK_BYTES = 20_000_000  # a larger table takes noticeable time to read, if it is packed


@dataclass(frozen=True)
class Verification:
    """What was compared: how many rows, what they were read from, and how far the predictions are apart."""

    rows: int
    through: str
    largest: float

    def to_mapping(self) -> dict[str, Any]:
        """For run.json and evaluation/metrics.json."""
        return {"rows": self.rows, "through": self.through, "largest_difference": self.largest}


class _OwnFile:
    """The rows of the file that the run was trained on, by their numbers."""

    def __init__(self, path: str) -> None:
        self.through, self._path = "the file of the data", path

    def read(self, part: Part, facts: DataFacts) -> Iterator[tuple[np.ndarray, Inputs]]:
        places = {int(row): place for place, row in enumerate(part.rows)}
        for names, inputs in _read([self._path], facts, fails=lambda name: _row_of(name) in places):
            rows = [_row_of(name) for name in names]
            kept = [index for index, row in enumerate(rows) if row in places]
            if kept:
                found = np.array([places.pop(rows[index]) for index in kept])
                yield found, {name: array[kept] for name, array in inputs.items()}
            if not places:
                return


class _OwnImages:
    """The image files that the run was trained on."""

    def __init__(self, folder: Path) -> None:
        self.through, self._folder = "the image files of the data", folder

    def read(self, part: Part, facts: DataFacts) -> Iterator[tuple[np.ndarray, Inputs]]:
        yield from _in_order(_read([str(self._folder / file) for file in part.files], facts))


class _Rewritten:
    """The rows written as PNG files, or as one CSV file, into a temporary folder."""

    def __init__(self, through: str, write: Callable[[Path, Inputs], None]) -> None:
        self.through, self._write = through, write

    def read(self, part: Part, facts: DataFacts) -> Iterator[tuple[np.ndarray, Inputs]]:
        for start in range(0, len(part), _ROWS_AT_ONCE):
            inputs = {name: array[start : start + _ROWS_AT_ONCE] for name, array in part.inputs.items()}
            with tempfile.TemporaryDirectory(prefix="nncli-", ignore_cleanup_errors=True) as folder:
                self._write(Path(folder), inputs)
                for places, found in _in_order(_read(_inputs_in(Path(folder)), facts)):
                    yield places + start, found


_Way = _OwnFile | _OwnImages | _Rewritten


def verify(
    config: Config, facts: DataFacts, part: Part, *, expect: Callable[[Inputs], np.ndarray], predictor: Predicts
) -> Verification | None:
    """Predicts rows the way `nncli predict` does, and compares them with `expect`, Keras on the same rows.

    The rows are read from the run's own data file or image files if there are any, otherwise written as PNG or CSV and
    read again. None if no file can hold such rows. Raises NncliError, naming the first rows that differ, if a
    probability differs by more than TOLERANCE, or a class differs.
    """
    way = _choose_way(config, facts, part)
    if way is None:
        return None
    part = _as_files_hold(facts, part)
    expected = expect(part.inputs)
    agreement = compare_predictions(facts, expected, found := _predict(way, part, facts, predictor, expected))
    if not agreement.is_complete:
        raise _disagreement(facts, part, agreement, expected, found)
    return Verification(agreement.rows, way.through, agreement.largest)


def verify_few(
    config: Config, facts: DataFacts, part: Part, expected: np.ndarray, predictor: Predicts, *, read_at: float
) -> dict[str, Any] | None:
    """The same for the first test rows, after a training, with Keras's predictions (rows, outputs) of them.

    Files that were changed after `read_at`, seconds since 1970, are not read again. Returns what is recorded, or None.
    Two classes that are equally probable up to rounding are no disagreement here, as a training is not to fail for
    them. Raises NncliError.
    """
    if isinstance(facts.inputs, ImageInput) and facts.inputs.dtype == "float32":
        return None  # a file holds 8 bits, so Keras would have to predict the rounded rows again
    way = _choose_way(config, facts, part, read_at, _QUICK_BYTES)
    if way is None:
        return None
    found = _predict(way, part, facts, predictor, expected)
    agreement = compare_predictions(facts, expected, found)
    if not agreement.largest <= TOLERANCE:
        raise _disagreement(facts, part, agreement, expected, found)
    return Verification(agreement.rows, way.through, agreement.largest).to_mapping()


def _choose_way(
    config: Config, facts: DataFacts, part: Part, read_at: float = math.inf, largest: float = math.inf
) -> _Way | None:
    """How rows of the test set reach `predict`; files that are newer than `read_at`, and a table of more than `largest`
    bytes, are not read again."""
    data = config.data
    own = Path(path_of_test(data) or "")

    def is_usable(file: Path) -> bool:
        return file.is_file() and file.stat().st_mtime <= read_at

    if data.source in ("csv", "parquet") and is_usable(own) and own.stat().st_size <= largest:
        return _OwnFile(str(own))
    if part.files and all(is_usable(own / file) for file in part.files):
        return _OwnImages(own)
    if isinstance(facts.inputs, ImageInput):
        return _png_way(facts.inputs)
    return _csv_way(facts.inputs)


def _png_way(image: ImageInput) -> _Rewritten | None:
    from nncli.data.images.encoding import CHANNELS, encode_png

    def write(folder: Path, inputs: Inputs) -> None:
        for place, pixels in enumerate(inputs["image"]):
            (folder / f"{place:08}.png").write_bytes(encode_png(pixels, image))

    return _Rewritten("PNG", write) if image.channels in CHANNELS else None


def _csv_way(table: TableInput) -> _Rewritten | None:
    from nncli.data.tables.rewriting import can_rewrite, rewrite_rows

    def write(folder: Path, inputs: Inputs) -> None:
        (folder / "rows.csv").write_bytes(rewrite_rows(inputs, table))

    return _Rewritten("CSV", write) if can_rewrite(table) else None


def _as_files_hold(facts: DataFacts, part: Part) -> Part:
    """The rows with the values that a file can hold: an image file has 8 bits."""
    if not isinstance(facts.inputs, ImageInput) or facts.inputs.dtype == "uint8":
        return part
    from nncli.data.images.encoding import round_pixels

    return Part({"image": round_pixels(part.inputs["image"], facts.inputs)}, part.targets, part.rows, part.files)


def _predict(way: _Way, part: Part, facts: DataFacts, predictor: Predicts, expected: np.ndarray) -> np.ndarray:
    """The predictions of the rows as they were read, in their order; NaN for one that was not found."""
    outputs = np.full_like(expected, np.nan)
    for places, inputs in way.read(part, facts):
        outputs[places] = predictor.predict(inputs)
    return outputs


def _read(
    names: list[str], facts: DataFacts, fails: Callable[[str], bool] = lambda name: True
) -> Iterator[tuple[list[str], Inputs]]:
    """What `predict` reads. Raises NncliError for an input that it cannot read and that `fails` counts."""
    for batch in read_inputs(names, facts, stdin=io.BytesIO()):
        for failure in batch.failures:
            if fails(failure.name):
                raise NncliError(
                    f"verification: predict cannot read {failure.name} of the test set: {failure.message}",
                    hint="this is a defect of nncli: evaluation did read it",
                )
        if batch.names:
            yield batch.names, batch.inputs


def _in_order(batches: Iterator[tuple[list[str], Inputs]]) -> Iterator[tuple[np.ndarray, Inputs]]:
    position = 0
    for names, inputs in batches:
        yield np.arange(position, position + len(names)), inputs
        position += len(names)


def _inputs_in(folder: Path) -> list[str]:
    table = folder / "rows.csv"
    return [str(table if table.exists() else folder)]


def _row_of(name: str) -> int:
    """The row in the name of an input, `FILE:row N`, counted from 0; -1 for the file itself."""
    _, found, number = name.rpartition(":row ")
    return int(number) - 1 if found else -1


def _disagreement(
    facts: DataFacts, part: Part, agreement: Agreement, expected: np.ndarray, found: np.ndarray
) -> NncliError:
    first = agreement.differing[:_SHOWN]
    names = [f"row {part.rows[place] + 1}" for place in first]
    told = [
        f"{name}: Keras {_answer(keras)}, predict {_answer(own)}"
        for name, keras, own in zip(
            names,
            Answers(facts, names, expected[first], 1).records(),
            Answers(facts, names, found[first], 1).records(),
            strict=True,
        )
    ]
    more = " ..." if len(agreement.differing) > _SHOWN else ""
    return NncliError(
        f"verification: predict disagrees with Keras on {len(agreement.differing):,} of {agreement.rows:,} test rows: "
        f"{'; '.join(told)}{more}",
        hint="do not trust the predictions of this run; train again, and if it happens again report it",
    )


def _answer(answer: dict[str, Any]) -> str:
    prediction = answer["prediction"]
    if "probability" in answer:
        return f"{prediction} ({answer['probability']:.6f})"
    return str(answer.get("probabilities", prediction))
