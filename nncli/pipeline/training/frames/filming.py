"""Takes frames of a network while it learns, shows sketches of them, and writes them into the run folder."""

import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Protocol

import numpy as np

from nncli.console import Console
from nncli.console.training import TrainingView
from nncli.evaluate.plots.frames.animation import Frame, Scene
from nncli.evaluate.plots.frames.sketches import side_by_side
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.frames.boundary import BoundaryFilm
from nncli.pipeline.training.frames.live import LiveFilming
from nncli.pipeline.training.frames.request import ShowRequest, frame_epochs
from nncli.pipeline.training.frames.weights import WeightsFilm
from nncli.pipeline.weights import npz_bytes
from nncli.run import files
from nncli.run.folder import RunFolder

_SKETCH_COLUMNS, _SKETCH_ROWS = 24, 11
_FIRST_FRAMES = 1  # the untrained network


def make_filming(request: ShowRequest | None, prepared: Prepared) -> "Filming | LiveFilming | None":
    """What looks at a network while it learns, None if that was not asked for. Raises UsageError for what cannot be."""
    if request is not None and request.live is not None:
        return LiveFilming(request.live, prepared)
    return Filming(request, prepared) if request is not None and request.what else None


class Film(Protocol):
    """What frames are taken of, by name, and how they are drawn.

    `note` is what a picture leaves out, `key` what the characters of a sketch mean.
    """

    name: str
    note: str
    key: str

    def take(self, model: Any) -> np.ndarray:
        """A frame of the model."""
        ...

    def sketch(self, values: np.ndarray, columns: int, rows: int) -> list[str]:
        """A frame as characters."""
        ...

    def scene(self, frames: Sequence[Frame]) -> Scene:
        """How the frames are drawn."""
        ...

    def marks(self) -> dict[str, np.ndarray]:
        """What frames of another training must share to stand beside these."""
        ...


class Filming:
    """The films of one training and their frames so far."""

    def __init__(self, request: ShowRequest, prepared: Prepared) -> None:
        """Raises UsageError where something that is asked for cannot be shown of this network."""
        makers: dict[str, Any] = {"weights": WeightsFilm, "boundary": BoundaryFilm}
        self._films: list[Film] = [makers[name](prepared) for name in request.what]
        self._frames: dict[str, list[Frame]] = {film.name: [] for film in self._films}
        self._most, self._epochs, self._done = request.frames, prepared.config.train.epochs, 0
        self.pictures: dict[str, list[str]] = {}

    def recall(self, folder: RunFolder, done: int, console: Console) -> None:
        """Takes over the frames of `done` epochs that an earlier training of the run left; says if there are none."""
        self._done = done
        for film in self._films:
            self._frames[film.name] = _read(folder, film, done)
            if done and not any(frame.epoch for frame in self._frames[film.name]):
                console.say(f"--show {film.name}: epochs 1 to {done:,} were trained without it and have no frames")

    def callback(self, view: TrainingView) -> Any:
        """The callback that takes the frames; the view shows the last one."""
        from nncli.engine.callbacks.frames import Frames

        have = max((len(frames) for frames in self._frames.values()), default=0)
        chosen = frame_epochs(self._done, self._epochs, max(2, self._most - max(have, _FIRST_FRAMES)))
        return Frames((0, *chosen), lambda epoch, model: self._take(epoch, model, view))

    def _take(self, epoch: int, model: Any, view: TrainingView) -> None:
        for film in self._films:
            frames = self._frames[film.name]
            if any(frame.epoch == epoch for frame in frames):
                continue
            frames.append(Frame(epoch, film.take(model)))
            frames.sort(key=lambda frame: frame.epoch)
        view.show_sketch([line for film in self._films for line in self._sketch(film, view.width, 1)])

    def before_waiting(self, epochs: int) -> None:
        """A training that waits shows its last frame: there are only so many."""

    def sketches(self, width: int) -> list[str]:
        """The first, some and the last frames of each film as characters, side by side."""
        lines: list[str] = []
        for film in self._films:
            lines += [*([""] if lines else []), *self._sketch(film, width, len(self._frames[film.name])), film.key]
        return lines

    def _sketch(self, film: Film, width: int, count: int) -> list[str]:
        """The last `count` frames of a film, as many as there is room for."""
        frames = self._frames[film.name][-count:]
        columns = min(_SKETCH_COLUMNS, width)
        blocks = [(frame.caption, film.sketch(frame.values, columns, _SKETCH_ROWS)) for frame in frames]
        return side_by_side(blocks, width) if blocks else []

    def save(self, folder: RunFolder, console: Console) -> None:
        """plots/NAME.png, .gif and .npz of each film with at least one frame."""
        for film in self._films:
            frames = self._frames[film.name]
            if not frames:
                continue
            path = f"{files.PLOTS}/{film.name}"
            arrays = {"epochs": np.array([frame.epoch for frame in frames]), **film.marks()}
            folder.write(f"{path}.npz", npz_bytes({**arrays, "frames": np.stack([frame.values for frame in frames])}))
            scene = film.scene(frames)
            folder.write(f"{path}.png", scene.to_png(frames))
            folder.write(f"{path}.gif", scene.to_gif(frames))
            self.pictures[film.name] = [str(folder.file(f"{path}.{ending}")) for ending in ("png", "gif")]
            if film.note:
                console.say(film.note)


def _read(folder: RunFolder, film: Film, done: int) -> list[Frame]:
    """The frames of at most `done` epochs in the folder; none without such a file of the same plane."""
    try:
        with np.load(
            BytesIO(files.read_bytes(folder.file(f"{files.PLOTS}/{film.name}.npz"))), allow_pickle=False
        ) as stored:
            arrays: Mapping[str, np.ndarray] = dict(stored)
        if any(not np.array_equal(arrays[name], mark) for name, mark in film.marks().items()):
            return []
        taken = zip(arrays["epochs"].tolist(), arrays["frames"], strict=True)
        return [Frame(int(epoch), values) for epoch, values in taken if epoch <= done]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return []
