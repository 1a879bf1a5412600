"""What the network saw: input, prepared image and prediction, for a terminal or as a sheet."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nncli.config.facts import DataFacts, ImageInput
from nncli.data.batches import Batch
from nncli.errors import UsageError, unwritable
from nncli.pipeline.predicting.named_predictions import Answer, Answers
from nncli.run.files import begins_with, write_output

# Enough to look at; more pictures would fill the memory.
MOST_SHOWN = 64
MOST_IN_TERMINAL = 12
_MOST_PROBABILITIES = 5
_INPUT_SIDE = 160  # pixels of an input's picture on the sheet
# Marks a sheet, so that only a sheet is ever replaced by one.
_MARK = b"what the network saw"


@dataclass(frozen=True)
class SeenImage:
    """An input's name and file, the image the network saw, uint8 (height, width, channels), and what it predicted."""

    name: str
    file: Path | bytes
    pixels: np.ndarray
    prediction: str
    probabilities: tuple[tuple[str, float], ...]


@dataclass
class Seen:
    """The first images that were predicted; `count` counts all."""

    facts: DataFacts
    images: list[SeenImage] = field(default_factory=list)
    count: int = 0

    def add(self, batch: Batch, answers: Answers) -> None:
        """Keeps the images of a batch with their answers, as long as there is room."""
        self.count += len(batch.names)
        image = self.facts.inputs
        scale = image.scale if isinstance(image, ImageInput) else 1.0
        room = min(len(batch.files), MOST_SHOWN - len(self.images))
        for place, record in enumerate(answers.first(room).records()):
            pixels = np.clip(batch.inputs["image"][place] * scale * 255, 0, 255).round().astype(np.uint8)
            ranked = tuple(record.get("probabilities", {}).items())[:_MOST_PROBABILITIES]
            self.images.append(
                SeenImage(batch.names[place], batch.files[place], pixels, _format_answer(record), ranked)
            )

    def thumbnails(self) -> list[object]:
        """The first images for a terminal, each with its name and prediction as the caption."""
        from nncli.evaluate.plots.images.contact_sheet import Picture, make_thumbnails  # late: only --show draws

        pictures = [
            Picture("", f"{each.prediction}: {Path(each.name).name}", each.pixels)
            for each in self.images[:MOST_IN_TERMINAL]
        ]
        side = max(max(picture.pixels.shape[:2]) for picture in pictures) if pictures else 1
        return [thumbnail for each in pictures for thumbnail in make_thumbnails([each], most=1, side=min(side, 32))]

    def write_sheet(self, path: Path) -> None:
        """A PNG with each input, the image the network saw, its prediction and the largest probabilities.

        Raises:
            UsageError: the file cannot be written, or is a picture that is not such a sheet.
        """
        from nncli.data.images.decoding import LOOK, open_picture  # late: only --show draws
        from nncli.evaluate.plots.images.seen import SeenRow, draw_seen

        require_sheet(path)
        rows = []
        for each in self.images:
            picture, _ = open_picture(each.file, 3, dark_border=None, fit=LOOK)
            picture.thumbnail((_INPUT_SIDE, _INPUT_SIDE))
            rows.append(SeenRow(each.name, np.asarray(picture), each.pixels, each.prediction, each.probabilities))
        try:
            write_output(path, draw_seen(rows, title=_MARK.decode()))
        except OSError as error:
            raise unwritable(f"--show {path}: cannot be written ({error.strerror})", error) from None


def require_images(facts: DataFacts) -> DataFacts:
    """The facts themselves, if the run was trained on images. Raises UsageError."""
    if isinstance(facts.inputs, ImageInput):
        return facts
    raise UsageError("--show: this run was trained on a table", hint="leave it out; it draws images")


def require_sheet(path: Path) -> None:
    """Refuses to replace a picture that is no sheet, such as an input named after --show. Raises UsageError."""
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"--show {path}: cannot be written, there is no such folder or it is one")
    if path.exists() and not begins_with(path, _MARK, within=400):
        raise UsageError(
            f"--show {path}: this file exists and is not a sheet of `nncli predict`",
            hint="name a new file, or put --show at the end to draw in the terminal",
        )


def _format_answer(answer: Answer) -> str:
    """The prediction in a few words."""
    prediction = answer["prediction"]
    if isinstance(prediction, list):
        return ", ".join(prediction) or "(none)"
    if isinstance(prediction, dict):
        return ", ".join(f"{value:.4g}" for value in prediction.values())
    return f"{prediction} ({100 * answer['probability']:.0f} %)" if "probability" in answer else f"{prediction:.4g}"
