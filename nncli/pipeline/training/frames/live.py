"""What a page shows of a network while it learns: frames as lines of a file that grows, and how far an epoch is.

The first line is {"id"}, new for each training; the second says how frames are drawn, by film; each further one is a
frame, {"film", "epoch", "bytes"}. The progress is a file beside it that is replaced. `nncli serve` reads both.
"""

import base64
import contextlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nncli.console import Console
from nncli.console.training import TrainingView
from nncli.errors import UsageError
from nncli.pipeline.preparation import Prepared
from nncli.pipeline.training.frames.boundary import BoundaryFilm
from nncli.pipeline.training.frames.weights import WeightsFilm
from nncli.run.folder import RunFolder

# Each of the first epochs has a frame, then evenly spaced ones, and every epoch after which the training waits.
_EACH_UNTIL, _FRAMES = 20, 100
# A page keeps all of them: of large kernels there are fewer.
_MOST_BYTES = 8_000_000
# What an epoch must have lasted to be worth a bar of its own, and how often that moves.
_SLOW_SECONDS, _PROGRESS_SECONDS = 0.5, 0.25


def progress_file(live: Path) -> Path:
    """The file with the progress of the epoch that runs: {"epoch", "batch", "batches", "loss"}."""
    return live.with_suffix(".progress.json")


class LiveFilming:
    """Takes the place of `Filming`: frames of all that this network has pictures of, none where it has none."""

    pictures: Mapping[str, list[str]] = {}

    def __init__(self, path: Path, prepared: Prepared) -> None:
        """Raises UsageError for a file that cannot be written."""
        try:
            path.open("ab").close()
        except OSError as error:
            raise UsageError(f"--live {path}: cannot be written: {error.strerror}") from None
        self._path = path
        self._films = _choose_films(prepared)
        self._about = {film.name: film.describe() for film in self._films}
        self._last = prepared.config.train.epochs
        self._every, self._each_until = -(-self._last // _FRAMES), _EACH_UNTIL
        self._lines: list[bytes] = []  # of an earlier training of the run
        self._taken: set[int] = set()
        self._model: Any = None
        self._began = self._told = 0.0

    def recall(self, folder: RunFolder, done: int, console: Console) -> None:
        """Takes over the frames of `done` epochs, if the file has those of this network."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            _, about, *lines = self._path.read_bytes().splitlines()
            if json.loads(about) != json.loads(json.dumps(self._about)):
                return
            kept = [(json.loads(line)["epoch"], line) for line in lines]
            self._lines = [line for epoch, line in kept if epoch <= done]
            self._taken = {epoch for epoch, _ in kept if epoch <= done}

    def callback(self, view: TrainingView) -> Any:
        """The callback that takes the frames and writes the progress."""
        from nncli.engine.callbacks.frames import Follower

        beginning = [json.dumps({"id": secrets.token_hex(8)}).encode(), json.dumps(self._about).encode()]
        with contextlib.suppress(OSError):  # as for every frame
            self._path.write_bytes(b"".join(line + b"\n" for line in [*beginning, *self._lines]))
        return Follower(self._on_epoch, self._on_batch)

    def _on_epoch(self, epoch: int, model: Any) -> None:
        self._model, self._began = model, time.monotonic()
        if epoch % self._every == 0 or epoch <= self._each_until or epoch == self._last or model.stop_training:
            self._take(epoch)

    def _on_batch(self, epoch: int, batch: int, batches: int, loss: float | None) -> None:
        now = time.monotonic()
        if now - self._began < _SLOW_SECONDS or now - self._told < _PROGRESS_SECONDS:
            return
        self._told = now
        target = progress_file(self._path)
        written = target.with_suffix(".new")
        with contextlib.suppress(OSError):  # not worth a training: it goes on where the disk is full
            written.write_text(json.dumps({"epoch": epoch, "batch": batch, "batches": batches, "loss": loss}))
            written.replace(target)  # not synced: it is worth nothing after a crash

    def before_waiting(self, epochs: int) -> None:
        """A frame of every epoch that someone waits to see."""
        self._take(epochs)

    def _take(self, epoch: int) -> None:
        if epoch in self._taken or self._model is None:
            return
        self._taken.add(epoch)
        size = 0
        with contextlib.suppress(OSError), self._path.open("ab") as file:
            for film in self._films:
                values = film.pack(film.take(self._model))
                content = base64.b64encode(values.tobytes()).decode()
                line = {"film": film.name, "epoch": epoch, "shape": list(values.shape), "bytes": content}
                size += file.write(json.dumps(line).encode() + b"\n")
        most = max(1, _MOST_BYTES // max(size, 1))
        self._every, self._each_until = max(self._every, -(-self._last // most)), min(self._each_until, most // 4)

    def sketches(self, width: int) -> Sequence[str]:
        """None: the page shows it."""
        return []

    def save(self, folder: RunFolder, console: Console) -> None:
        """Nothing: the run is that of a training without it."""


def _choose_films(prepared: Prepared) -> list[BoundaryFilm | WeightsFilm]:
    """The plane of two inputs, or the first layer of a network on images."""
    films: list[BoundaryFilm | WeightsFilm] = []
    if prepared.dataset.is_streamed:  # points would be picked from all of it
        return films
    with contextlib.suppress(UsageError):
        films.append(BoundaryFilm(prepared))
    with contextlib.suppress(UsageError):
        weights = WeightsFilm(prepared)
        if weights.describe()["isImage"]:
            films.append(weights)
    return films
