"""What somebody named instead of a config: a table, an image, a folder, a run; and the command that takes it."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from nncli.errors import UserError

_TABLES = frozenset((".csv", ".tsv", ".txt", ".data", ".parquet", ".pq", ".jsonl", ".ndjson", ".xlsx"))
_IMAGES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"))
_PACKED = frozenset((".gz", ".zip"))
_CONFIGS = ("*.yaml", "*.yml")
_LOOKED_AT = 200
# What files of well-known formats begin with.
_BEGINNINGS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"RIFF", "a RIFF file (WebP, WAV)"),
    (b"PAR1", "a Parquet table"),
    (b"PK\x03\x04", "a ZIP archive (.npz, .keras and .xlsx are such)"),
    (b"\x1f\x8b", "a gzip file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"%PDF", "a PDF"),
    (b"SQLite format", "an SQLite database"),
    (b"\x7fELF", "a program"),
    (b"\xff\xfe", "UTF-16 text (save it as UTF-8)"),
    (b"\xfe\xff", "UTF-16 text (save it as UTF-8)"),
)


def binary_kind(content: bytes) -> str | None:
    """What a file's bytes are where they are no text, with an article; None for what may be a config."""
    for beginning, kind in _BEGINNINGS:
        if content.startswith(beginning):
            return kind
    return "a binary file" if b"\0" in content else None


def refuse_data(path: Path) -> None:
    """Raises UserError where the file is data by its name and no config; says which command takes it."""
    named, suffixes = shlex.quote(str(path)), [suffix.lower() for suffix in path.suffixes]
    kind = next((suffix for suffix in reversed(suffixes) if suffix not in _PACKED), "")
    if kind in _TABLES:
        hint = f"write a config for it: nncli init {named} --target COLUMN"
        raise UserError(f"{path} is a table, not a config", hint=hint)
    if kind in _IMAGES:
        raise UserError(f"{path} is an image, not a config", hint=f"predict what it shows: nncli predict {named}")
    if kind == ".npz":
        hint = f"name it in a config: data: {{source: npz, path: {path}}}"
        raise UserError(f"{path} is an archive of arrays, not a config", hint=hint)


def folder_error(folder: Path) -> UserError:
    """The error for a folder where a config is expected; it names what is in it."""
    if (folder / "run.json").is_file() and (folder / "config.yaml").is_file():
        hint = f"the config of that run: {shlex.quote(str(folder / 'config.yaml'))}"
        return UserError(f"{folder} is a run folder, not a config", hint=hint)
    configs = sorted(path for pattern in _CONFIGS for path in folder.glob(pattern))
    if configs:
        return UserError(f"{folder} is a folder, not a config", hint=f"name a file in it: {configs[0]}")
    runs = sorted(path.parent for path in folder.glob("*/run.json") if (path.parent / "config.yaml").is_file())
    if runs:
        hint = f"the config of the newest: {shlex.quote(str(runs[-1] / 'config.yaml'))}"
        return UserError(f"{folder} is a folder of runs, not a config", hint=hint)
    files = [path for path, _ in zip(_below(folder), range(_LOOKED_AT), strict=False)]
    images = [path for path in files if path.suffix.lower() in _IMAGES]
    if images:
        return UserError(f"{folder} is a folder of images, not a config", hint=_image_hint(folder))
    table = next((path for path in files if path.suffix.lower() in _TABLES), None)
    if table is not None:
        hint = f"write a config for a table in it: nncli init {shlex.quote(str(table))} --target COLUMN"
        return UserError(f"{folder} is a folder, not a config", hint=hint)
    hint = "it holds no config; `nncli configs` lists those that come with nncli"
    return UserError(f"{folder} is a folder, not a config", hint=hint)


def _image_hint(folder: Path) -> str:
    """`init` for the folder, or the first one in it, that holds a folder of images for each class; else `predict`.

    Loose images, and folders of folders, are left to `predict`: `init` refuses them.
    """
    for candidate in (folder, *_folders(folder)):
        classes = [path for path in _folders(candidate) if _has_images(path)]
        loose = candidate == folder and _has_images(folder)
        if len(classes) > 1 and not loose:
            return f"write a config for it: nncli init {shlex.quote(str(candidate))}"
    return f"predict what they show: nncli predict {shlex.quote(str(folder))}"


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _has_images(folder: Path) -> bool:
    return any(path.suffix.lower() in _IMAGES for path in folder.iterdir())


def _below(folder: Path) -> Iterator[Path]:
    """The files below a folder; a folder that may not be read is passed over."""
    return (path for path in folder.rglob("*") if path.is_file())
