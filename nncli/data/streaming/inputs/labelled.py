"""The rows of labelled data for a trained model, piece by piece: tables, arrays, images; keeps none of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nncli.config.facts import DataFacts, ImageInput, TableInput
from nncli.data.archives import form_of, label_block, labelled_pair
from nncli.data.arrays.archive import is_one_hot, make_archive
from nncli.data.arrays.files import ArrayFile, is_archive, list_arrays
from nncli.data.dataset import Part
from nncli.data.images.files import images_below
from nncli.data.images.folders import decode_each
from nncli.data.images.labels.loading import find_labelled, unreadable
from nncli.data.streaming.inputs.arrays import mapped
from nncli.data.streaming.mapping import let_go
from nncli.data.tables.inputs import label_pieces, table_rows

# Rows of an archive, bytes of them, and images that are encoded together.
_PIECE_BYTES = 1 << 23
_PIECE_IMAGES = 256

# A piece with the share (0 to 1) of the data that is read with it.
Pieces = Iterator[tuple[float, Part]]


@dataclass(frozen=True)
class Labelled:
    """Labelled data at a path, as the user gave it, for a model of these facts."""

    path: str
    facts: DataFacts

    @property
    def size(self) -> int:
        """About how many bytes its encoded rows have; 0 of what is always read into memory."""
        file, inputs = Path(self.path), self.facts.inputs
        if is_archive(file):
            return sum(each.bytes for each in self._arrays().values())
        if isinstance(inputs, TableInput):
            return table_rows(file) * (4 * (len(inputs.numbers) + len(inputs.categories) + 1) + 8)
        if not file.is_dir() or self.facts.pixels is not None:
            return 0
        return len(images_below(file)) * int(np.prod(inputs.shape)) * np.dtype(inputs.dtype).itemsize

    def pieces(self) -> Pieces:
        """All rows in order. Raises DataError for data that does not match the model."""
        file, inputs = Path(self.path), self.facts.inputs
        if is_archive(file):
            return self._archive(file)
        if isinstance(inputs, ImageInput):
            return self._images(file, inputs)
        return label_pieces(file, self.path, self.facts, inputs)

    def _arrays(self) -> dict[str, ArrayFile]:
        """The arrays that are measured on."""
        found = list_arrays(Path(self.path))
        pairs = [("x_test", "y_test"), ("x_train", "y_train"), ("x", "y")]
        chosen = next((pair for pair in pairs if all(name in found for name in pair)), tuple(found))
        return {name: found[name] for name in (*chosen, "class_names") if name in found}

    def _archive(self, file: Path) -> Pieces:
        with mapped(file, self._arrays()) as arrays:
            archive = make_archive(file, arrays, is_trained=False)
            inputs, values = labelled_pair(archive)
            form, one_hot = form_of(file, inputs, self.facts), is_one_hot(values, self.facts.target)
            size = max(1, _PIECE_BYTES // max(1, inputs[:1].nbytes))
            for start in range(0, len(inputs), size):
                pair = (np.asarray(inputs[start : start + size]), np.asarray(values[start : start + size]))
                part = label_block(archive, pair, self.facts, form, one_hot, start)
                yield min(1.0, (start + size) / len(inputs)), part
                let_go([inputs, values])

    def _images(self, folder: Path, image: ImageInput) -> Pieces:
        found = find_labelled(folder, self.facts)
        for start in range(0, len(found.files), _PIECE_IMAGES):
            places = slice(start, start + _PIECE_IMAGES)
            pixels = []
            for file, result in zip(found.files[places], decode_each(found.files[places], image), strict=True):
                if isinstance(result, str):
                    raise unreadable(folder, f"{file.name} {result}")
                pixels.append(result)
            yield min(1.0, (start + _PIECE_IMAGES) / len(found.files)), found.part(np.stack(pixels), places)
