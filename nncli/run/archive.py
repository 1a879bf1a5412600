"""A run folder as one archive, and an archive as a run folder, whole or not at all."""

import io
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from nncli.errors import RunError
from nncli.run import files
from nncli.run.removal import hidden_twin

_DEEPEST = 4


def pack(folder: Path) -> bytes:
    """The files of a folder as a tar, without those whose name begins with a dot. Raises OSError."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if path.is_file() and not path.is_symlink() and not any(part.startswith(".") for part in relative.parts):
                archive.add(path, relative.as_posix(), recursive=False)
    return content.getvalue()


def unpack(content: bytes, path: Path) -> Path:
    """Writes an archive into a new hidden folder beside `path`, which `install` makes that of `path`.

    `removal.clear_removed` clears what an interruption leaves. Raises RunError for an archive that is damaged or names
    a file outside of the folder, and OSError.
    """
    hidden = hidden_twin(path.with_name(f"{path.name}-new"))
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            members = archive.getmembers()
            for member in members:
                _require_inside(member, path)
            hidden.mkdir()
            for member in members:
                _write(archive, member, hidden)
    except BaseException as error:  # Ctrl-C included: half a run may not stay
        shutil.rmtree(hidden, ignore_errors=True)
        if isinstance(error, tarfile.TarError):
            raise RunError(f"the archive for {path} is damaged: {error}") from None
        raise
    return hidden


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = folder.joinpath(*PurePosixPath(member.name).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    source = archive.extractfile(member)
    files.write_bytes(target, source.read() if source else b"")


def install(hidden: Path, path: Path) -> None:
    """Gives a folder that was unpacked its name, in place of the one that has it, in two steps with nothing between.

    Raises OSError.
    """
    aside = hidden_twin(path.with_name(f"{path.name}-old"))
    if path.exists():
        path.rename(aside)
    hidden.rename(path)
    files.sync_folder(path.parent)
    if aside.exists():
        shutil.rmtree(aside)


def _require_inside(member: tarfile.TarInfo, path: Path) -> None:
    """Raises RunError unless it is a plain file with a plain name."""
    parts = member.name.split("/")
    is_plain = all(part and not part.startswith(".") and not set(part) & set("\\:\0") for part in parts)
    if not member.isreg() or not is_plain or len(parts) > _DEEPEST:
        raise RunError(f"the archive for {path} has {member.name!r}, which is no file inside of it")
