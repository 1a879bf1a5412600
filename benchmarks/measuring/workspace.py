"""The temporary folder of a measurement: MNIST for the scripts, a trained run, and image files, created on demand."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from measuring.contest import ContenderError, Tell, last_lines
from nncli import data
from nncli.config.sections import Data
from nncli.data.dataset import Dataset

_UNTOLD = ("NNCLI_RUNS_DIR", "NNCLI_DATA_DIR", "NNCLI_DEBUG")


@dataclass
class Workspace:
    """`folder` is temporary, `data` contains `tfds` and `csv`, `tell` reports progress and can be replaced."""

    folder: Path
    data: Path
    tell: Tell

    @property
    def data_dir(self) -> Path | None:
        """The folder in which tensorflow-datasets has prepared MNIST; None for its default folder."""
        prepared = self.data / "tfds"
        return prepared.resolve() if prepared.is_dir() else None

    @property
    def data_options(self) -> list[str]:
        """The same as options for nncli's command line."""
        return ["--data-dir", str(self.data_dir)] if self.data_dir else []

    @cached_property
    def mnist(self) -> Dataset:
        """MNIST; loading it also fills nncli's cache. Raises NncliError."""
        return data.load(Data(source="mnist"), seed=1, data_dir=self.data_dir, progress=lambda what, share: None)

    @cached_property
    def archive(self) -> Path:
        """MNIST as an uncompressed archive with the arrays of `keras.datasets.mnist`."""
        self.tell("writing MNIST for the scripts")
        train, rest, test = self.mnist.train, self.mnist.validation, self.mnist.test
        file = self.folder / "mnist.npz"
        np.savez(
            file,
            x_train=np.concatenate([train.inputs["image"], rest.inputs["image"]])[..., 0],
            y_train=np.concatenate([train.targets, rest.targets]),
            x_test=test.inputs["image"][..., 0],
            y_test=test.targets,
        )
        return file

    @cached_property
    def run(self) -> Path:
        """A run of nncli to predict with, and the test images in the same folder."""
        self.tell("training a run to predict with")
        runs = self.folder / "runs-to-predict"
        _, answer = nncli_command(
            "train", "mnist_softmax", "--epochs", "3", "--json", "--runs-dir", str(runs), *self.data_options
        )
        run = Path(json.loads(answer)["run"])
        test = self.mnist.test
        np.savez(run / "images.npz", image=test.inputs["image"], targets=test.targets)
        return run

    @cached_property
    def pictures(self) -> Path:
        """The 10,000 test images as PNG files, each named after its digit and number."""
        self.tell("writing 10,000 image files")
        folder = self.folder / "pictures"
        folder.mkdir()
        test = self.mnist.test
        for number, (image, digit) in enumerate(zip(test.inputs["image"], test.targets, strict=True)):
            Image.fromarray(np.ascontiguousarray(image[..., 0])).save(folder / f"{digit}_{number:05}.png")
        return folder

    def fresh(self, name: str) -> Path:
        """A path in the folder that does not exist yet."""
        return self.folder / f"{name}-{time.monotonic_ns()}"


def run_command(command: Sequence[str]) -> tuple[float, str]:
    """The seconds a command takes, start-up included, and its stdout. Raises ContenderError."""
    env = {name: value for name, value in os.environ.items() if name not in _UNTOLD}
    start = time.perf_counter()
    done = subprocess.run(command, env=env, capture_output=True, stdin=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise ContenderError(f"{Path(command[0]).name} exited with code {done.returncode}: {last_lines(done.stderr)}")
    return seconds, done.stdout.decode()


def nncli_command(*arguments: str) -> tuple[float, str]:
    """Runs `nncli` with these arguments, in this interpreter's environment."""
    return run_command([sys.executable, "-m", "nncli", *arguments])


def script(name: str, *arguments: str) -> tuple[float, str]:
    """Runs a script from `benchmarks/scripts`."""
    path = Path(__file__).resolve().parent.parent / "scripts" / name
    return run_command([sys.executable, str(path), *arguments])
