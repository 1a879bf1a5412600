"""The configs that come with nncli, found by name from any folder."""

from pathlib import Path

import nncli
from nncli.config.problems import did_you_mean
from nncli.errors import UserError

_PACKAGE = Path(nncli.__file__).parent


def shipped_folder() -> Path:
    """`configs/` of the checkout, or its copy inside an installed package."""
    installed = _PACKAGE / "configs"
    return installed if installed.is_dir() else _PACKAGE.parent / "configs"


def shipped_names() -> list[str]:
    """The names that `nncli train NAME` knows, sorted."""
    return sorted(path.stem for path in shipped_folder().glob("*.yaml"))


def find_config(name: str) -> Path:
    """The file that `name` means: a path that exists, else a shipped config's name. Raises UserError."""
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_folder() / f"{path.stem}.yaml"
    # `configs/mnist_softmax.yaml` names the shipped one from any folder, as the README writes it.
    is_name = path.name == name and path.suffix in ("", ".yaml")
    if (is_name or path.parent == Path("configs")) and shipped.is_file():
        return shipped
    if path.is_dir():
        raise UserError(f"{name} is a folder, not a config", hint=f"name a file in it: {name}/config.yaml")
    raise UserError(f"no config {name!r}: neither a file nor a shipped name{did_you_mean(name, shipped_names())}")
