"""Measures which images are marked as unlike MNIST: its own test images, and images that are no digits.

    python benchmarks/novelty.py --data ../shared/data

Each line is the share of images that score above 1. The letters are drawn with the fonts that come with Matplotlib,
scaled into 20 × 20 pixels and centred by mass as MNIST's digits are; letters that look like a digit are left out. The
photos are parts of the two that come with scikit-learn.
"""

import argparse
import string
import time
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from sklearn.datasets import load_sample_images

from nncli.config.sections import Data
from nncli.data import load
from nncli.runtime.novelty import fit_novelty

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
FONTS = ("DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Italic", "DejaVuSansMono")
LIKE_DIGITS = "IlOoSsZzBbGgqDiLjJ"
GREEK = "αβγδεζηθλμξπφψωΓΔΘΛΞΠΣΦΨΩ"


def main() -> None:
    """Prints a line for each kind of image."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=SHARED)
    folder = parser.parse_args().data.resolve() / "tfds"
    dataset = load(Data(source="mnist"), seed=1, data_dir=folder, progress=lambda *_: None)
    training, validation, test = (part.inputs["image"] for part in (dataset.train, dataset.validation, dataset.test))
    start = time.perf_counter()
    novelty = fit_novelty(training, validation, 1 / 255)
    fitted = time.perf_counter() - start
    assert novelty is not None
    print(f"{'images':20}{'number':>8}{'marked':>9}{'median score':>14}")
    for name, images in kinds(np.asarray(test)).items():
        scores = novelty.score(images, 1 / 255)
        print(f"{name:20}{len(images):>8,}{(scores > 1).mean():>9.3f}{np.median(scores):>14.2f}")
    print(f"fitted in {fitted:.2f} s")


def kinds(test: np.ndarray) -> dict[str, np.ndarray]:
    """Images by kind, uint8 (n, 28, 28, 1)."""
    generator = np.random.default_rng(0)
    letters = "".join(letter for letter in string.ascii_letters if letter not in LIKE_DIGITS)
    order = generator.permutation(784)
    return {
        "MNIST's test set": test,
        "printed digits": drawn(string.digits),
        "printed letters": drawn(letters),
        "Greek letters": drawn(GREEK),
        "inverted digits": 255 - test[:1000],
        "shuffled pixels": test[:1000].reshape(-1, 784)[:, order].reshape(-1, 28, 28, 1),
        "parts of photos": photos(generator),
        "noise": generator.integers(0, 256, (1000, 28, 28, 1), dtype=np.uint8),
        "black, white": np.stack([np.zeros_like(test[0]), np.full_like(test[0], 255)]),
    }


def drawn(letters: str) -> np.ndarray:
    """Each letter in each font."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    fonts = [ImageFont.truetype(str(folder / f"{name}.ttf"), 80) for name in FONTS]
    return np.stack([centred(letter, font) for font in fonts for letter in letters])[..., None]


def centred(letter: str, font: ImageFont.FreeTypeFont) -> np.ndarray:
    """A letter, white on black, as MNIST's makers placed their digits."""
    canvas = Image.new("L", (200, 200))
    ImageDraw.Draw(canvas).text((50, 40), letter, fill=255, font=font)
    ink = canvas.crop(canvas.getbbox())
    share = 20 / max(ink.size)
    ink = ink.resize((max(1, round(ink.width * share)), max(1, round(ink.height * share))), Image.Resampling.LANCZOS)
    values = np.asarray(ink, np.float64)
    rows, columns = np.mgrid[: values.shape[0], : values.shape[1]]
    top = round(13.5 - (values * rows).sum() / values.sum())
    left = round(13.5 - (values * columns).sum() / values.sum())
    image = Image.new("L", (28, 28))
    image.paste(ink, (left, top))
    return np.asarray(image)


def photos(generator: np.random.Generator) -> np.ndarray:
    """Square parts of photos in grey."""
    parts = []
    for photo in load_sample_images().images:
        grey = Image.fromarray(photo).convert("L")
        for _ in range(100):
            side = int(generator.integers(100, 400))
            left, top = generator.integers(0, grey.width - side), generator.integers(0, grey.height - side)
            parts.append(np.asarray(grey.crop((left, top, left + side, top + side)).resize((28, 28))))
    return np.stack(parts)[..., None]


if __name__ == "__main__":
    main()
