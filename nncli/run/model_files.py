"""The files of a trained model: replaced as one, and read only if they are what was written; does not know records.

`manifest.json` names them with their sha256 and is written last: with it, the new model takes the place of the old one.
Until then, the files that it names lie in `.previous` too, where they are found when their own places have been taken.
So a reader always sees one whole model, also after a kill, a power cut or a full disk in between.
"""

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from nncli.errors import NncliError, RunError
from nncli.run import files

PREVIOUS = ".previous"
# Runs of earlier versions have those of the second line without a sum.
NAMES = (
    files.CONFIG, files.INPUTS, files.WEIGHTS, files.KERAS_MODEL, files.LITE_MODEL, files.NOVELTY,
    files.SPLITS, files.METRICS, files.HEALTH, files.SUMMARY, files.ANSWERS,
    files.FOLDS, files.OUT_OF_FOLD,
)  # fmt: skip
_SUM = re.compile(r"[0-9a-f]{64}")
_HINT = "its predictions could be wrong; restore the file or train again"


def read_sums(folder: Path) -> dict[str, str]:
    """The sha256 of each file of the model, empty where there is none yet. Raises RunError if the manifest is damaged.

    A manifest without a name it should have would let a damaged file pass, so that unknown names are refused.
    """
    path = folder / files.MANIFEST
    try:
        value = json.loads(files.read_bytes(path))
        sums = dict(value["sha256"])
        if set(sums) - set(NAMES) or not all(_SUM.fullmatch(each) for each in sums.values()):
            raise ValueError("it names what no run has")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, OSError) and not files.is_replaced(error):
            raise files.unreadable(path, error) from None
        told = " ".join(str(error).split())[:100]
        raise RunError(f"{path} is damaged ({told})", hint=_HINT) from None
    return sums


def find(folder: Path, name: str) -> bytes | None:
    """The content of a file of the model, None if it has no such file.

    Raises RunError if the file is damaged, NncliError if it cannot be read.
    """
    expected = read_sums(folder).get(name)
    if expected is None:
        return None
    path = folder / name
    for place in (path, folder / PREVIOUS / name, path):  # the last again: it may have been replaced in the meantime
        content = _read(place)
        if content is not None and _sum(content) == expected:
            return content
    if read_sums(folder).get(name) != expected:
        return find(folder, name)
    if not path.exists():
        raise RunError(f"{folder} has no {name}", hint="train again, or name another run")
    raise RunError(f"{path} is damaged: its sha256 is not the one in {files.MANIFEST}", hint=_HINT)


def keep_previous(folder: Path) -> None:
    """Makes sure that each file of the model lies in `.previous` before one is replaced. Raises OSError."""
    sums, place = read_sums(folder), folder / PREVIOUS
    if not sums:
        return
    place.mkdir(exist_ok=True)
    for name, expected in sums.items():
        own, kept = _read_present(folder / name), _read_present(place / name)
        if own is None or _sum(own) != expected or (kept is not None and _sum(kept) == expected):
            continue  # replaced already, or kept already
        (place / name).unlink(missing_ok=True)
        try:
            os.link(folder / name, place / name)
        except OSError:  # a file system without links
            files.write_bytes(place / name, own)
    files.sync_folder(place)
    files.sync_folder(folder)


def replace(
    folder: Path, contents: Mapping[str, bytes], *, written: Iterable[str] = (), without: Iterable[str] = ()
) -> None:
    """Gives the model new files, all at once for a reader.

    `contents` are written here, those of the names `written` were before, after `keep_previous`; those of `without` are
    no longer part of the model; all others stay. Raises OSError, after which the old model is still there.
    """
    keep_previous(folder)
    sums = {name: known for name, known in read_sums(folder).items() if name not in set(without)}
    for name, content in contents.items():
        files.write_bytes(folder / name, content)
        sums[name] = _sum(content)
    for name in written:
        present = _read_present(folder / name)
        if present is not None:
            sums[name] = _sum(present)
    files.write_json(folder / files.MANIFEST, {"sha256": sums})
    for name in without:
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError, NncliError):  # what stays behind is ignored
        _clear_previous(folder, sums)


def _clear_previous(folder: Path, sums: Mapping[str, str]) -> None:
    """Removes what no reader needs; a training that was killed may have left others in the places of some files."""
    place = folder / PREVIOUS
    for path in place.iterdir():
        own = _read(folder / path.name)
        if path.name not in sums or (own is not None and _sum(own) == sums[path.name]):
            path.unlink()
    place.rmdir()


def _read(path: Path) -> bytes | None:
    """The content of a file; None if there is none, so that another place is tried.

    Raises NncliError where it cannot be read, which says nothing of its content.
    """
    try:
        return files.read_bytes(path)
    except OSError as error:
        if isinstance(error, FileNotFoundError) or files.is_replaced(error):
            return None
        raise files.unreadable(path, error) from None


def _read_present(path: Path) -> bytes | None:
    """The content of a file, None if there is none. Raises OSError: what is written must not rest on a guess."""
    try:
        return files.read_bytes(path)
    except FileNotFoundError:
        return None


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
