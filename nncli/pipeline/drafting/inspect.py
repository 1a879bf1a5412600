"""The story of `nncli data`: what its argument means, the profile, the contact sheet."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from nncli.config.reading.document import require_unicode
from nncli.config.reading.loading import load_config
from nncli.config.reading.shipped import find_config, shipped_names
from nncli.config.reading.spelling import nearest_names
from nncli.config.sections import BUNDLED, SOURCES, Config, Data
from nncli.console import Console
from nncli.data.dataset import Progress
from nncli.data.images.labels.finding import image_section
from nncli.data.plurals import count
from nncli.data.profile.images.pixel_columns import pixel_section
from nncli.data.profile.profiling import ImageProfile, Profile, profile_data, profile_table
from nncli.data.streaming.excerpt import holds_tables
from nncli.data.streaming.memory import tell_zipped
from nncli.errors import UsageError, unwritable
from nncli.evaluate.plots.images.contact_sheet import Picture, Thumbnail, draw_sheet, make_thumbnails
from nncli.pipeline.drafting.images.augmentation import augmented_pictures
from nncli.pipeline.drafting.target_option import split_targets
from nncli.pipeline.folders import Folders
from nncli.run.files import write_output

TERMINAL = "-"
_CONFIG_SUFFIXES = (".yaml", ".yml")
_SEED = 1
# A few images with all of their versions; each image is a group.
_MOST_DRAWN = 32


@dataclass(frozen=True)
class InspectionRequest:
    """What to look at, which columns to predict, values for a config, and where the contact sheets go."""

    source: str
    targets: tuple[str, ...]
    assignments: tuple[str, ...]
    sheet: str | None
    augmented: str | None = None

    @classmethod
    def parse(
        cls,
        source: str,
        targets: Sequence[str] | None,
        assignments: Sequence[str] | None,
        sheet: str | None,
        augmented: str | None = None,
    ) -> "InspectionRequest":
        """From the options as given: `--target a,b` is the same as giving it twice. Raises UsageError."""
        return cls(source, split_targets(targets or ()), tuple(assignments or ()), sheet, augmented)


@dataclass(frozen=True)
class Inspection:
    """A profile, its pictures for a terminal (none for a table), the file of its contact sheet if one was made.

    `following` are the commands that make something of the data.
    """

    profile: Profile
    thumbnails: tuple[Thumbnail, ...]
    sheet: Path | None
    augmented: Path | None = None
    following: tuple[str, ...] = ()

    def to_mapping(self) -> dict[str, Any]:
        """The profile as plain values for JSON."""
        names = [field.name for field in fields(self.profile) if field.name != "tiles"]
        kind = "images" if isinstance(self.profile, ImageProfile) else "table"
        values = {name: _plain(getattr(self.profile, name)) for name in names}
        sheets = {"sheet": self.sheet, "augmented": self.augmented}
        return {"kind": kind, **values, **{name: str(path) for name, path in sheets.items() if path}}


def inspect(request: InspectionRequest, *, folders: Folders, console: Console) -> Inspection:
    """Examines a data set. Raises UsageError, ConfigError, DataError, UnreachableError."""
    require_unicode(Path(request.source))
    with console.step("looking at the data") as progress:
        config = _config(request)
        data, seed = (config.data, config.seed) if config else (_section(request), _SEED)
        versions = _augmented(request, config, folders, progress)
        if data is None or (data.source in ("csv", "parquet") and data.image is None):
            tell_zipped(Path(request.source if data is None else str(data.path)), console.say)
        if data is None:
            data = pixel_section(Path(request.source), request.targets)
        if data is None:
            profile: Profile = profile_table(Path(request.source), request.targets)
        else:
            profile = profile_data(data, seed=seed, data_dir=folders.data_dir, progress=progress, say=console.say)
    if not isinstance(profile, ImageProfile):
        if request.sheet is not None:
            raise UsageError("--sheet is for images, but this is a table", hint="leave --sheet out")
        return Inspection(profile, (), None, following=_next_command(request))
    named = data is not None and (data.labels or data.image or data.source == "digit_attributes")
    if request.targets and data is not None and not named:
        raise UsageError("--target names columns of a table, but these are images", hint="leave --target out")
    pictures = [Picture(tile.group, tile.caption, tile.pixels) for tile in profile.tiles]
    title = f"{profile.path or profile.source}: {count(profile.rows, 'image')}"
    sheet = _write_sheet("--sheet", request.sheet, title, pictures)
    title = f"{profile.path or profile.source}: training images, and what augmentation makes of them"
    augmented = _write_sheet("--augmented", request.augmented, title, versions)
    drawn, most = (versions, _MOST_DRAWN) if request.augmented == TERMINAL else (pictures, 12)
    return Inspection(
        profile, tuple(make_thumbnails(drawn, most=most, side=16)), sheet, augmented, _next_command(request)
    )


def _next_command(request: InspectionRequest) -> tuple[str, ...]:
    """`init` for data of one's own, `train` for a config."""
    path = Path(request.source)
    if path.suffix.lower() in _CONFIG_SUFFIXES or request.source in shipped_names():
        return (f"nncli train {shlex.quote(request.source)}",)
    if not path.exists():
        return ()
    target = ",".join(request.targets) or "COLUMN"
    option = (
        "" if path.is_dir() and not request.targets and not holds_tables(path) else f" --target {shlex.quote(target)}"
    )
    return (f"nncli init {shlex.quote(request.source)}{option}",) if path.suffix.lower() != ".npz" else ()


def _write_sheet(option: str, file: str | None, title: str, pictures: Sequence[Picture]) -> Path | None:
    if file in (None, TERMINAL) or not pictures:
        return None
    path = Path(str(file))
    try:
        write_output(path, draw_sheet(title, pictures))
    except OSError as error:
        raise unwritable(f"{option} {path} cannot be written: {error.strerror or error}", error) from None
    return path


def _augmented(
    request: InspectionRequest, config: Config | None, folders: Folders, progress: Progress
) -> list[Picture]:
    if request.augmented is None:
        return []
    if config is None:
        raise UsageError(
            f"--augmented shows a config's augmentation layers, and {request.source} is no config",
            hint="write one with `nncli init`, or name a shipped one",
        )
    return augmented_pictures(config, folders=folders, progress=progress)


def _config(request: InspectionRequest) -> Config | None:
    """The config that the source names; None for data."""
    path = Path(request.source).expanduser()
    is_config = path.suffix.lower() in _CONFIG_SUFFIXES
    if _is_source(request) or not (is_config or (not path.exists() and request.source in shipped_names())):
        return None
    option = [(("data", "target"), list(request.targets), "--target")] if request.targets else []
    return load_config(str(find_config(request.source)), request.assignments, option).config


def _is_source(request: InspectionRequest) -> bool:
    return request.source in BUNDLED or request.source == "mnist" or request.source.startswith("tfds:")


def _section(request: InspectionRequest) -> Data | None:
    """The `data` section that a source means which is no config; None for a table by its path."""
    path = Path(request.source).expanduser()
    if request.assignments:
        raise UsageError("--set changes a config, and this is none", hint="name a config, or leave --set out")
    target = request.targets or None
    if _is_source(request) and not path.exists():
        return Data(source=request.source, target=target)
    if path.is_dir() and not holds_tables(path):
        return image_section(path, request.targets)
    if path.suffix.lower() == ".npz":
        return Data(source="npz", path=str(path), target=target)
    if path.exists() or any(mark in path.name for mark in "*?["):
        return None
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
