"""Measures `nncli init` and `nncli train` on small folders of images that this script draws, over several seeds.

    python benchmarks/images.py                    # all folders, seeds 1 to 3
    python benchmarks/images.py shapes few --seeds 1
    python benchmarks/images.py few few_textures few_digits --seeds 5 --each 10 --data DATA

`shapes`: 360 colour JPEGs of circles, squares and triangles in mixed sizes and aspect ratios; `textures`: stripes,
checks, dots and noise in random colours; `hundred`: ten shapes in ten colours. With `--data`, a folder with MNIST in
tfds/ as prepared by tensorflow-datasets: `digits`, 60 PNG files of each digit, and `tinted`, in colour on noise.

`few`, `few_textures`, `few_digits`: `--each` images per class (5), different ones for each seed. Their test sets are
too small to be useful, so the accuracy is measured on 60 other images per class.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from nncli import data
from nncli.config.sections import Data

Make = Callable[[np.random.Generator, Path], None]
_COLOURS = ("red", "green", "blue", "yellow", "magenta", "cyan", "white", "black", "orange", "gray")
_SIDES = (0, 3, 4, 5, 6)

FEW = ("few", "few_textures", "few_digits")
_UNSEEN, _UNSEEN_EACH = 99, 60


def _canvas(rng: np.random.Generator) -> Image.Image:
    height, width = (int(rng.integers(80, 200)) for _ in range(2))
    colour = tuple(int(value) for value in rng.integers(0, 256, 3))
    return Image.new("RGB", (width, height), colour)


def _contrast(rng: np.random.Generator, picture: Image.Image) -> tuple[int, ...]:
    background = np.array(picture.getpixel((0, 0)), int)
    while True:
        colour = rng.integers(0, 256, 3)
        if np.abs(colour - background).sum() > 150:
            return tuple(int(value) for value in colour)


def _draw(rng: np.random.Generator, picture: Image.Image, sides: int, fill: object, hollow: bool = False) -> None:
    """Draws a regular polygon, or a circle for 0 sides, of random size, position and angle, inside the image."""
    short = min(picture.size)
    radius = rng.uniform(0.25, 0.45) * short
    x, y = (rng.uniform(radius, side - radius) for side in picture.size)
    draw = ImageDraw.Draw(picture)
    angles = rng.uniform(-0.25, 0.25) + np.arange(sides or 60) * 2 * np.pi / (sides or 60)
    angles += -np.pi / 2 if sides == 3 else np.pi / 4
    points = [(x + radius * np.cos(a), y + radius * np.sin(a)) for a in angles]
    draw.polygon(points, fill=fill)  # type: ignore[arg-type]
    if hollow:
        middle = [(x + radius / 2 * np.cos(a), y + radius / 2 * np.sin(a)) for a in angles]
        draw.polygon(middle, fill=picture.getpixel((0, 0)))


def _save(picture: Image.Image, folder: Path, index: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    picture.save(folder / f"{index:04d}.jpg", quality=90)


def make_shapes(rng: np.random.Generator, folder: Path, each: int = 120) -> None:
    """Circles, squares and triangles."""
    for name, sides in (("circle", 0), ("square", 4), ("triangle", 3)):
        for index in range(each):
            picture = _canvas(rng)
            _draw(rng, picture, sides, _contrast(rng, picture))
            _save(picture, folder / name, index)


def make_textures(rng: np.random.Generator, folder: Path, each: int = 100) -> None:
    """Stripes, checks, dots and noise, in two random colours and at a random scale."""
    for name in ("stripes", "checks", "dots", "noise"):
        for index in range(each):
            picture = _canvas(rng)
            y, x = np.mgrid[: picture.height, : picture.width]
            period, phase = rng.uniform(14, 36), rng.uniform(0, 30)
            if name == "stripes":
                angle = rng.uniform(0, np.pi)
                mask = np.sin((x * np.cos(angle) + y * np.sin(angle) + phase) * 2 * np.pi / period) > 0
            elif name == "checks":
                mask = (((x + phase) // (period / 2)).astype(int) + ((y + phase) // (period / 2)).astype(int)) % 2 == 0
            elif name == "dots":
                mask = ((x + phase) % period - period / 2) ** 2 + ((y + phase) % period - period / 2) ** 2 < (
                    period / 3.2
                ) ** 2
            else:
                mask = rng.random(y.shape) > 0.5
            pixels = np.where(mask[..., None], _contrast(rng, picture), np.asarray(picture))
            _save(Image.fromarray(pixels.astype(np.uint8)), folder / name, index)


def make_hundred(rng: np.random.Generator, folder: Path, each: int = 20) -> None:
    """Ten shapes (five, each filled or hollow) in ten colours, 20 images of each."""
    for colour in _COLOURS:
        for hollow in (False, True):
            for sides in _SIDES:
                for index in range(each):
                    picture = Image.new("RGB", _canvas(rng).size, (70, 40, 90))
                    _draw(rng, picture, sides, colour, hollow)
                    _save(picture, folder / f"{colour}_{sides}{'_hollow' if hollow else ''}", index)


def make_digits(folder: Path, data_dir: Path, each: int = 60, start: int = 0) -> None:
    """Real digits as grey PNG files of 28 × 28 pixels; the first `start` of each digit are skipped."""
    for digit, pictures in enumerate(_real_digits(data_dir, each, start)):
        (folder / str(digit)).mkdir(parents=True, exist_ok=True)
        for index, pixels in enumerate(pictures):
            Image.fromarray(pixels).save(folder / str(digit) / f"{index:04d}.png")


def make_tinted(rng: np.random.Generator, folder: Path, data_dir: Path, each: int = 60) -> None:
    """Real digits in a random colour on noise of a random colour."""
    for digit, pictures in enumerate(_real_digits(data_dir, each)):
        for index, pixels in enumerate(pictures):
            picture = _canvas(rng)
            side = int(min(picture.size) * rng.uniform(0.6, 1.0))
            mask = np.zeros((picture.height, picture.width), np.uint8)
            top, left = (int(rng.integers(0, length - side + 1)) for length in mask.shape)
            mask[top : top + side, left : left + side] = np.asarray(Image.fromarray(pixels).resize((side, side)))
            background = np.asarray(picture) + rng.normal(0, 20, (*mask.shape, 3))
            share = mask[..., None] / 255
            mixed = background * (1 - share) + np.array(_contrast(rng, picture)) * share
            _save(Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8)), folder / str(digit), index)


def _real_digits(data_dir: Path, each: int, start: int = 0) -> list[np.ndarray]:
    """`each` test images of each digit from number `start` on, uint8 (each, 28, 28)."""
    test = data.load(Data(source="mnist"), seed=1, data_dir=data_dir, progress=lambda said, done: None).test
    return [test.inputs["image"][test.targets == digit][start : start + each, :, :, 0] for digit in range(10)]


MAKERS: dict[str, Make] = {
    "shapes": make_shapes,
    "textures": make_textures,
    "hundred": make_hundred,
}


def draw_few(name: str, root: Path, seed: int, each: int, data_dir: Path | None) -> Path:
    """A folder with `each` images per class, different ones for each seed; no two seeds share a digit image."""
    folder = root / f"{name}_{seed}_{each}"
    if folder.exists():
        return folder
    if name == "few_digits":
        if data_dir is None:
            raise SystemExit("few_digits needs --data")
        make_digits(folder, data_dir, each, 0 if seed == _UNSEEN else _UNSEEN_EACH + (seed - 1) * each)
        return folder
    (make_shapes if name == "few" else make_textures)(np.random.default_rng(seed), folder, each)
    return folder


def measure(folder: Path, seed: int, unseen: Path | None = None) -> tuple[float, float, float]:
    """Accuracy on the test set or another folder, accuracy of guessing, and the seconds of init and train together."""
    config = folder.parent / f"{folder.name}.yaml"
    nncli = [sys.executable, "-m", "nncli"]
    start = time.perf_counter()
    subprocess.run([*nncli, "init", str(folder), "--output", str(config), "--force"], check=True, capture_output=True)
    runs = folder.parent / "runs"
    settings = ["--set", f"seed={seed}", "--runs-dir", str(runs)]
    subprocess.run([*nncli, "train", str(config), *settings], check=True, capture_output=True)
    seconds = time.perf_counter() - start
    environment = {**os.environ, "COLUMNS": "100"}
    other = ["--data", str(unseen)] if unseen is not None else []
    answer = subprocess.run(
        [*nncli, "eval", "--json", "--runs-dir", str(runs), *other], check=True, stdout=subprocess.PIPE, env=environment
    )
    result = json.loads(answer.stdout)
    return result["metrics"]["accuracy"], result["baseline"]["metrics"]["accuracy"], seconds


def measure_few(name: str, root: Path, seeds: int, each: int, data_dir: Path | None) -> None:
    """Prints a line for each seed, and the mean."""
    unseen = draw_few(name, root, _UNSEEN, _UNSEEN_EACH, data_dir)
    accuracies = []
    for seed in range(1, seeds + 1):
        accuracy, guessing, seconds = measure(draw_few(name, root, seed, each, data_dir), seed, unseen)
        _print(name, seed, accuracy, guessing, seconds)
        accuracies.append(accuracy)
    print(f"{name:<13} mean{np.mean(accuracies):>9.3f} of {each} images a class", flush=True)


def _print(name: str, seed: int, accuracy: float, guessing: float, seconds: float) -> None:
    print(f"{name:<13}{seed:>5}{accuracy:>10.3f}{guessing:>10.3f}{seconds:>9.1f}", flush=True)


def main() -> None:
    """Draws the requested folders, trains on each with each seed, and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", help=f"some of {', '.join((*MAKERS, 'digits', 'tinted', *FEW))}")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--each", type=int, default=5, help="images per class in the folders called few")
    parser.add_argument("--data", type=Path, help="folder that contains tfds/mnist")
    parser.add_argument("--keep", type=Path, help="keep the drawn folders here")
    asked = parser.parse_args()
    makers = dict(MAKERS)
    if asked.data:
        makers["digits"] = lambda rng, folder: make_digits(folder, asked.data / "tfds")
        makers["tinted"] = lambda rng, folder: make_tinted(rng, folder, asked.data / "tfds")
    with tempfile.TemporaryDirectory() as temporary:
        root = asked.keep or Path(temporary)
        print(f"{'folder':<13}{'seed':>5}{'accuracy':>10}{'guessing':>10}{'seconds':>9}", flush=True)
        for name in asked.folders or (*makers, "few", "few_textures"):
            if name in FEW:
                measure_few(name, root, asked.seeds, asked.each, asked.data / "tfds" if asked.data else None)
                continue
            folder = root / name
            if not folder.exists():
                makers[name](np.random.default_rng(1), folder)
            for seed in range(1, asked.seeds + 1):
                accuracy, guessing, seconds = measure(folder, seed)
                _print(name, seed, accuracy, guessing, seconds)


if __name__ == "__main__":
    main()
