"""Power loss: the system calls of a scene are recorded, and the folder is rebuilt as a disk could hold it after each.

What was not synced may be there or not: of the changes of names the first k, for every k; of the content of files all,
nothing, or the first half. A name that points to a file whose content was never synced is the usual damage.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from faulting.injection import go_on, start_stopped
from faulting.scenes import Scene

_CALLS = (
    "openat,write,fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,rmdir,mkdir,mkdirat,"
    "ftruncate,fallocate"
)
_LINE = re.compile(r"^\d+\s+(\w+)\((.*)\)\s+= (-?\d+)")
_DESCRIPTOR = re.compile(r"^(\d+)<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
# What is left of content that was not synced.
CUTS = ("all", "nothing", "half")


@dataclass
class _File:
    """The content that was written, and how much of the current content is safe."""

    content: bytes
    safe: bytes | None


@dataclass
class Disk:
    """Files by their path inside the folder: the names that are safe, changes of names that are not, and contents."""

    names: dict[str, _File | None]
    pending: list[tuple[str, str, _File | None]] = field(default_factory=list)

    @property
    def now(self) -> dict[str, _File | None]:
        """The names as a process sees them; None stands for a folder."""
        return self.after(len(self.pending))

    def after(self, count: int) -> dict[str, _File | None]:
        """The names when the first `count` pending changes have reached the disk."""
        names = dict(self.names)
        for kind, path, file in self.pending[:count]:
            if kind == "add":
                names[path] = file
            else:
                names.pop(path, None)
        return names

    def sync_folder(self, folder: str) -> None:
        """The names in a folder are safe."""
        rest = []
        for change in self.pending:
            if str(Path(change[1]).parent) == folder:
                kind, path, file = change
                if kind == "add":
                    self.names[path] = file
                else:
                    self.names.pop(path, None)
            else:
                rest.append(change)
        self.pending = rest


@dataclass(frozen=True)
class Loss:
    """What is found after a power loss: after some `calls`, with some pending `names` on the disk, content cut."""

    scene: str
    calls: int
    names: int
    cut: str
    found: str

    @property
    def is_right(self) -> bool:
        """Whether the old or the new state can be read."""
        return self.found in ("old", "new")


def lose_power(scene: Scene, work: Path) -> Iterator[Loss]:
    """Every power loss of a scene, and what is found after it."""
    path = work / "run"
    scene.prepare(path)
    before = {entry: entry.read_bytes() if entry.is_file() else None for entry in path.rglob("*")}
    calls = _record(scene, path)
    if scene.read(path) != "new":
        raise RuntimeError(f"{scene.name} did not do what it should")
    start = {str(entry): None if content is None else _File(content, content) for entry, content in before.items()}
    disk = Disk({str(path): None, **start})
    seen = set()
    for done, call in enumerate([None, *calls]):
        if call is not None:
            _apply(disk, *call)
        for count in range(len(disk.pending) + 1):
            for cut in CUTS:
                state = _contents(disk.after(count), cut)
                key = tuple(sorted(state.items()))
                if key in seen:
                    continue
                seen.add(key)
                rebuilt = work / f"rebuilt-{len(seen)}"
                _write(state, path, rebuilt)
                yield Loss(scene.name, done, count, cut, _read(scene, rebuilt))


def _record(scene: Scene, path: Path) -> list[tuple[str, list[str], bytes, int]]:
    """The calls on the folder: name, paths, the content that is written, and what was returned."""
    log = path.parent / "trace"
    child = start_stopped(scene, path)
    words = ["strace", "-f", "-q", "-y", "-xx", "-s", "10000000", "-o", str(log), "-e", f"trace={_CALLS}"]
    if go_on(child, subprocess.Popen([*words, "-p", str(child)])):
        raise RuntimeError(f"{scene.name} failed under strace")
    calls = []
    for line in log.read_text().splitlines():
        found = _LINE.match(line)
        if found is None or int(found[3]) < 0:
            continue
        name, arguments, result = found[1], found[2], int(found[3])
        texts = [bytes.fromhex(text.replace("\\x", "")) for text in _TEXT.findall(arguments)]
        descriptor = _DESCRIPTOR.match(arguments)
        if name in ("write", "fsync", "fdatasync", "ftruncate", "fallocate"):
            owner = "" if descriptor is None else _plain(descriptor[2])
            paths, content = [owner], texts[0] if name == "write" else b""
        else:
            paths, content = [text.decode() for text in texts], b"" if "O_CREAT" not in arguments else b"create"
        if paths and paths[0].startswith(str(path)):
            calls.append((name, paths, content, result))
    return calls


def _plain(text: str) -> str:
    return bytes.fromhex(text.replace("\\x", "")).decode() if text.startswith("\\x") else text


def _apply(disk: Disk, name: str, paths: list[str], content: bytes, result: int) -> None:
    """What a call does to the disk; a lock and its reserve are no content."""
    now, path = disk.now, paths[0]
    if name == "openat" and content == b"create" and path not in now:
        disk.pending.append(("add", path, _File(b"", None)))
    elif name == "write":
        file = now[path]
        if file is not None:
            file.content += content[:result]
    elif name in ("fsync", "fdatasync"):
        file = now[path]
        if file is None:
            disk.sync_folder(path)
        else:
            file.safe = file.content
    elif name.startswith("rename"):
        disk.pending += [("add", paths[1], now[path]), ("remove", path, None)]
    elif name.startswith("link"):
        disk.pending.append(("add", paths[1], now[path]))
    elif name.startswith(("unlink", "rmdir")):
        disk.pending.append(("remove", path, None))
    elif name.startswith("mkdir"):
        disk.pending.append(("add", path, None))


def _contents(names: dict[str, _File | None], cut: str) -> dict[str, bytes | None]:
    def left(file: _File) -> bytes:
        if file.safe == file.content or cut == "all":
            return file.content
        return (file.safe or b"") if cut == "nothing" else file.content[: len(file.content) // 2]

    return {path: None if file is None else left(file) for path, file in names.items()}


def _write(state: dict[str, bytes | None], path: Path, target: Path) -> None:
    """The state as a folder; a file whose folder did not reach the disk is lost."""
    target.mkdir()
    for name, content in sorted(state.items()):
        place = target / Path(name).relative_to(path)
        if not place.parent.is_dir():
            continue
        if content is None:
            place.mkdir(exist_ok=True)
        else:
            place.write_bytes(content)


def _read(scene: Scene, path: Path) -> str:
    try:
        return scene.read(path)
    except Exception as error:  # whatever a reader would see is the finding
        return f"{type(error).__name__}: {error}"
