"""The story of a look at data: what the word on the command line means, the profile of it, its contact sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import find_config, shipped_names
from nncli.config.reading.spelling import nearest_names
from nncli.config.sections import BUNDLED, SOURCES, Data
from nncli.console import Console
from nncli.data.plurals import count
from nncli.data.profile.profiling import ImageProfile, Profile, profile_data, profile_table
from nncli.errors import UsageError
from nncli.evaluate.plots.contact_sheet import Picture, Thumbnail, draw_sheet, make_thumbnails
from nncli.pipeline.drafting.target_option import split_targets
from nncli.pipeline.folders import Folders
from nncli.run.files import write_bytes

TERMINAL = "-"
_CONFIG_SUFFIXES = (".yaml", ".yml")
_SEED = 1


@dataclass(frozen=True)
class InspectionRequest:
    """What to look at, which columns to predict, values for a config, and where a contact sheet goes."""

    source: str
    targets: tuple[str, ...]
    assignments: tuple[str, ...]
    sheet: str | None

    @classmethod
    def parse(
        cls, source: str, targets: Sequence[str] | None, assignments: Sequence[str] | None, sheet: str | None
    ) -> "InspectionRequest":
        """From the options as given: `--target a,b` is the same as giving it twice. Raises UsageError."""
        return cls(source, split_targets(targets or ()), tuple(assignments or ()), sheet)


@dataclass(frozen=True)
class Inspection:
    """A profile, its pictures for a terminal (none for a table), and the file of its contact sheet if one was made."""

    profile: Profile
    thumbnails: tuple[Thumbnail, ...]
    sheet: Path | None

    def to_mapping(self) -> dict[str, Any]:
        """The profile as plain values for JSON."""
        names = [field.name for field in fields(self.profile) if field.name != "tiles"]
        kind = "images" if isinstance(self.profile, ImageProfile) else "table"
        values = {name: _plain(getattr(self.profile, name)) for name in names}
        return {"kind": kind, **values, **({"sheet": str(self.sheet)} if self.sheet else {})}


def inspect(request: InspectionRequest, *, folders: Folders, console: Console) -> Inspection:
    """Looks a data set over. Raises UsageError, ConfigError, DataError, UnreachableError."""
    with console.step("looking at the data") as progress:
        data, seed = _section(request)
        if data is None:
            profile: Profile = profile_table(Path(request.source), request.targets)
        else:
            profile = profile_data(data, seed=seed, data_dir=folders.data_dir, progress=progress)
    if not isinstance(profile, ImageProfile):
        if request.sheet is not None:
            raise UsageError("--sheet is for images, and this is a table", hint="leave --sheet out")
        return Inspection(profile, (), None)
    if request.targets and data is not None and data.source not in ("digit_attributes",):
        raise UsageError("--target names columns of a table, and these are images", hint="leave --target out")
    pictures = [Picture(tile.group, tile.caption, tile.pixels) for tile in profile.tiles]
    path = None
    if request.sheet not in (None, TERMINAL) and pictures:
        path = Path(str(request.sheet))
        title = f"{profile.path or profile.source}: {count(profile.rows, 'image')}"
        try:
            write_bytes(path, draw_sheet(title, pictures))
        except OSError as error:
            raise UsageError(f"--sheet {path} cannot be written: {error.strerror or error}") from None
    return Inspection(profile, tuple(make_thumbnails(pictures, most=12, side=16)), path)


def _section(request: InspectionRequest) -> tuple[Data | None, int]:
    """The `data` section that the source means, None for a table by its path; and the seed of the split."""
    path = Path(request.source).expanduser()
    is_config = path.suffix.lower() in _CONFIG_SUFFIXES
    is_source = request.source in BUNDLED or request.source == "mnist" or request.source.startswith("tfds:")
    if not is_source and (is_config or (not path.exists() and request.source in shipped_names())):
        option = [(("data", "target"), list(request.targets), "--target")] if request.targets else []
        config = load_config(str(find_config(request.source)), request.assignments, option).config
        return config.data, config.seed
    if request.assignments:
        raise UsageError("--set changes a config, and this is none", hint="name a config, or leave --set out")
    target = request.targets or None
    if is_source and not path.exists():
        return Data(source=request.source, target=target), _SEED
    if path.is_dir():
        return Data(source="images", path=str(path)), _SEED
    if path.suffix.lower() == ".npz":
        return Data(source="npz", path=str(path), target=target), _SEED
    if path.exists() or any(mark in path.name for mark in "*?["):
        return None, _SEED
    sources = [name for name in SOURCES if name in BUNDLED or name == "mnist"]
    near = nearest_names(request.source, [*sources, *shipped_names()])
    raise UsageError(
        f"no data {request.source!r}: neither a file, a folder, a source nor a config"
        + (f'; did you mean "{near[0]}"?' if near else ""),
        hint=f"a path, a config, tfds:<name>, or one of {', '.join(sources)}",
    )


def _plain(value: Any) -> Any:
    """Frozen values as mappings and lists."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
