"""The configs that come with nncli, found by name from any folder."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

import nncli
from nncli.config.reading.document import show_text
from nncli.config.reading.mistaken import folder_error, refuse_data
from nncli.config.reading.spelling import did_you_mean, nearest_names
from nncli.errors import UserError

_PACKAGE = Path(nncli.__file__).parent


def shipped_folder() -> Path:
    """`configs/` of the checkout, or its copy inside an installed package."""
    installed = _PACKAGE / "configs"
    return installed if installed.is_dir() else _PACKAGE.parent / "configs"


def shipped_names() -> list[str]:
    """The names that `nncli train NAME` knows, sorted."""
    return sorted(path.stem for path in shipped_folder().glob("*.yaml"))


@dataclass(frozen=True)
class ShippedConfig:
    """A config that comes with nncli: its name, what it shows in one line, its file."""

    name: str
    summary: str
    path: Path


def list_shipped() -> list[ShippedConfig]:
    """The shipped configs by name; the second line of each is a comment that says what it shows."""
    paths = sorted(shipped_folder().glob("*.yaml"))
    return [ShippedConfig(path.stem, _second_line(path).removeprefix("# "), path) for path in paths]


def _second_line(path: Path) -> str:
    return path.read_text(encoding="utf-8").splitlines()[1]


def find_config(name: str) -> Path:
    """The file that `name` means: a path that exists, else a shipped config's name. Raises UserError."""
    path = Path(name)
    if os.path.isfile(name):  # noqa: PTH113  (Path.is_file raises for a name that is too long)
        refuse_data(path)
        return path
    shipped = find_shipped(name)
    if shipped is not None:
        return shipped
    if os.path.isdir(name):  # noqa: PTH112
        raise folder_error(path)
    if path.suffix.lower() in (".yaml", ".yml") and not os.path.lexists(name):
        raise _missing_file(path)
    raise UserError(
        f"no config {show_text(name)}: neither a file nor a shipped name{did_you_mean(name, shipped_names())}",
        hint="`nncli configs` lists the shipped ones",
    )


def _missing_file(path: Path) -> UserError:
    """The error for a config file that is not there, with the nearest name in its folder or among the shipped ones."""
    beside: list[Path] = []
    with contextlib.suppress(OSError):
        beside = sorted(path.parent.glob("*.yaml"))
    named = {other.stem: str(other) for other in beside}
    near = [named.get(name, name) for name in nearest_names(path.stem, [*named, *shipped_names()])]
    meant = f"; did you mean {' or '.join(map(show_text, dict.fromkeys(near)))}?" if near else ""
    hint = "write one with `nncli init DATA --target COLUMN`; `nncli configs` lists the shipped ones"
    return UserError(f"there is no file {show_text(str(path))}{meant}", hint=hint)


def find_shipped(name: str) -> Path | None:
    """The shipped config called `name`, `name.yaml` or, as the README writes it, `configs/name.yaml`."""
    path = Path(name)
    is_name = path.name == name and path.suffix in ("", ".yaml")
    if not (is_name or path.parent == Path("configs")) or path.stem not in shipped_names():
        return None
    return shipped_folder() / f"{path.stem}.yaml"
