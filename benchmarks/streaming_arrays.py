"""Archives of arrays that are larger than the memory nncli may have, written block by block and put to use."""

import zipfile
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

SIDE, BLOCK = 28, 10_000
# The numbers of a row; of wide ones there are fewer, so that they have as many numbers together.
COLUMNS, WIDE = 20, 4096
# What is written: stored as it is or compressed.
ARCHIVES = {
    "images stored": zipfile.ZIP_STORED,
    "images packed": zipfile.ZIP_DEFLATED,
    "rows stored": zipfile.ZIP_STORED,
    "wide stored": zipfile.ZIP_STORED,
}
CONFIG = """
name: arrays
data: {source: npz, path: PATH}
model: {layers: [{dense: {units: 32}}, output]}
train: {epochs: 2, batch_size: 1024}
"""

# Runs a command with these words and gives its seconds, those of the processor, peak bytes and stdout.
Run = Callable[[list[str]], tuple[float, float, int, str]]


def measure_arrays(folder: Path, rows: int, run: Run) -> list[dict[str, Any]]:
    """Seconds and peak bytes of `train`, `eval`, `eval --data` and `predict` on archives of images and of numbers."""
    print(f"{'arrays':<15}{'GB':>6}  {'command':<12}{'seconds':>9}{'processor':>12}{'rows/s':>12}{'peak, MiB':>11}")
    measured = []
    whole = rows
    for name, compression in ARCHIVES.items():
        path = folder / f"{name.replace(' ', '_')}.npz"
        shape = (SIDE, SIDE) if name.startswith("images") else (WIDE if name.startswith("wide") else COLUMNS,)
        rows = max(1000, whole * COLUMNS // WIDE) if name.startswith("wide") else whole
        write_archive(path, (rows, *shape), compression)
        config, runs = path.with_suffix(".yaml"), ["--runs-dir", str(folder / f"runs-{path.stem}")]
        config.write_text(CONFIG.replace("PATH", str(path.resolve())))
        commands = {
            "data": ["data", str(path)],
            "train": ["train", str(config), *runs],
            "eval": ["eval", *runs],
            "eval --data": ["eval", "--data", str(path), *runs],
            "predict": ["predict", str(path), *runs, "--output", str(folder / "answers.csv")],
        }
        for command, words in commands.items():
            seconds, processor, peak, _ = run(words)
            size = prod((rows, *shape)) * (1 if len(shape) > 1 else 4)
            measured.append({"arrays": name, "bytes": size, "command": command, "seconds": seconds, "peak": peak})
            measured[-1]["processor"] = processor
            told = (
                f"{name:<15}{size / 1e9:>6.2f}  {command:<12}{seconds:>9.1f}{processor:>12.1f}{rows / seconds:>12,.0f}"
            )
            print(f"{told}{peak / (1 << 20):>11.0f}", flush=True)
        path.unlink()
    return measured


def write_archive(path: Path, shape: tuple[int, ...], compression: int) -> None:
    """Writes x and y block by block, each from the same random numbers; one of ten classes is right nine times in
    ten."""
    kinds = {"x": (shape, np.uint8 if len(shape) > 2 else np.float32), "y": (shape[:1], np.int64)}
    with zipfile.ZipFile(path, "w", compression, compresslevel=1) as archive:
        for name, (full, kind) in kinds.items():
            header = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": full}
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array_header_2_0(file, header)  # type: ignore[arg-type]
                for x, y in _blocks(shape):
                    file.write(np.ascontiguousarray(x if name == "x" else y, kind).data.cast("B"))


def _blocks(shape: tuple[int, ...]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(0)
    block = BLOCK * COLUMNS // WIDE if shape[1:] == (WIDE,) else BLOCK
    for start in range(0, shape[0], block):
        size = min(block, shape[0] - start)
        labels = generator.integers(0, 10, size)
        if len(shape) > 2:
            x = np.zeros((size, SIDE, SIDE), np.uint8)
            x[:, 4:24, 4:24] = generator.integers(0, 60, (size, 20, 1), np.uint8)
            for label in range(10):
                x[labels == label, 4 + 2 * label : 6 + 2 * label, 8:20] += 150
        else:
            x = generator.normal(size=(size, *shape[1:])).astype(np.float32)
            x[np.arange(size), labels] += 3
        wrong = generator.random(size) < 0.1
        yield x, np.where(wrong, generator.integers(0, 10, size), labels)
