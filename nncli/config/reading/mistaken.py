"""Recognizes what was named instead of a config (a table, an image, a folder, a run) and the command that takes it."""

import shlex
from pathlib import Path

from nncli.errors import UserError

_TABLES = frozenset((".csv", ".tsv", ".txt", ".data", ".parquet", ".pq", ".jsonl", ".ndjson", ".xlsx"))
_IMAGES = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp"))
_PACKED = frozenset((".gz", ".zip"))
_MODELS = frozenset((".keras", ".tflite", ".h5"))
_CONFIGS = ("*.yaml", "*.yml")
_LOOKED_AT = 200
_BYTES_LOOKED_AT = 4096


def refuse_data(path: Path) -> None:
    """Raises UserError if the file name is that of data and not of a config; names the command that takes it."""
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
    if kind in _MODELS:
        raise UserError(f"{path} is a model, not a config", hint="use its run: nncli predict INPUT --run RUN")
    if kind not in (".yaml", ".yml") and _is_binary(path):
        hint = "a config is a YAML file; `nncli configs` lists those that come with nncli"
        raise UserError(f"{path} is a binary file, not a config", hint=hint)


def _is_binary(path: Path) -> bool:
    """Whether the file has a zero byte, as no text in UTF-8 has."""
    try:
        with path.open("rb") as file:
            return b"\0" in file.read(_BYTES_LOOKED_AT)
    except OSError:
        return False  # whoever reads it says what is wrong with it


def _class_folders(files: list[Path]) -> set[Path]:
    """The folders of images with the same parent, of the parent with the most; one folder if there are no others."""
    parents = {path.parent for path in files if path.suffix.lower() in _IMAGES}
    beside = [{other for other in parents if other.parent == parent.parent} for parent in parents]
    return max(beside, key=len, default=set())


def folder_error(folder: Path) -> UserError:
    """The error for a folder where a config is expected; it names what is in it."""
    if (folder / "run.json").is_file() and (folder / "config.yaml").is_file():
        hint = f"the config of that run: {shlex.quote(str(folder / 'config.yaml'))}"
        return UserError(f"{folder} is a run folder, not a config", hint=hint)
    runs = sorted(path.parent for path in folder.glob("*/run.json"))
    if runs:
        hint = f"measure one of its runs: nncli eval {shlex.quote(str(runs[-1]))}"
        return UserError(f"{folder} is a folder of runs, not a config", hint=hint)
    configs = sorted(path for pattern in _CONFIGS for path in folder.glob(pattern))
    if configs:
        return UserError(f"{folder} is a folder, not a config", hint=f"name a file in it: {configs[0]}")
    files = [path for path, _ in zip(folder.rglob("*"), range(_LOOKED_AT), strict=False)]
    classes = _class_folders(files)
    if len(classes) == 1 and len(files) < _LOOKED_AT:
        hint = f"predict what they show: nncli predict {shlex.quote(str(folder))}"
        return UserError(f"{folder} is a folder of images, not a config", hint=hint)
    if classes:
        parent = next(iter(classes)).parent
        hint = f"write a config for it: nncli init {shlex.quote(str(parent))}"
        return UserError(f"{folder} is a folder of images, not a config", hint=hint)
    table = next((path for path in files if path.suffix.lower() in _TABLES), None)
    if table is not None:
        hint = f"write a config for a table in it: nncli init {shlex.quote(str(table))} --target COLUMN"
        return UserError(f"{folder} is a folder, not a config", hint=hint)
    hint = "there is no config in it; `nncli configs` lists those that come with nncli"
    return UserError(f"{folder} is a folder, not a config", hint=hint)
