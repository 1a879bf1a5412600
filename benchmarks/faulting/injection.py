"""Faults at system calls: the n-th call of a kind fails, or the process is killed at it, as `strace --inject` does it.

The scene runs in a forked child that stops itself before it begins, so that strace counts no calls but its own.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from faulting.scenes import Scene
from nncli.errors import NncliError

CALLS = {
    "openat": "openat",
    "write": "write",
    "fsync": "fsync",
    "close": "close",
    "rename": "rename,renameat,renameat2",
    "link": "link,linkat",
    "unlink": "unlink,unlinkat",
    "mkdir": "mkdir,mkdirat",
}
FAULTS = {
    "SIGKILL": "signal=SIGKILL",
    "ENOSPC": "error=ENOSPC",
    "EIO": "error=EIO",
    "EINTR": "error=EINTR",
}
# A scene makes some dozens of calls of a kind; one that never ends is a defect.
_MOST_CALLS = 500
_ATTACH_SECONDS = 10.0
# How a scene ended.
DONE, TOLD, DEFECT = 0, 1, 2


@dataclass(frozen=True)
class Injected:
    """One fault: how the process ended (DONE, TOLD, DEFECT or -SIGKILL) and what is found: "old", "new" or an error."""

    scene: str
    call: str
    fault: str
    position: int
    ended: int
    found: str

    @property
    def is_right(self) -> bool:
        """Whether the old or the new state can be read, the new one at any rate if the scene says that it is done."""
        return self.ended != DEFECT and self.found in (("new",) if self.ended == DONE else ("old", "new"))


def missing() -> str | None:
    """Why faults cannot be injected here; None if they can."""
    if shutil.which("strace") is None:
        return "strace is not installed (Debian: apt install strace)"
    allowed = subprocess.run(["strace", "-o", os.devnull, "true"], capture_output=True, text=True, check=False)
    return None if allowed.returncode == 0 else f"strace may not trace here: {allowed.stderr.strip()[:100]}"


def inject_everywhere(scene: Scene, call: str, fault: str, work: Path) -> Iterator[Injected]:
    """The fault at the first call of that kind in a scene, at the second, and so on, until there is no further call."""
    for position in range(1, _MOST_CALLS):
        path = work / "run"
        shutil.rmtree(path, ignore_errors=True)
        scene.prepare(path)
        ended, hit = _run(scene, path, [f"inject={CALLS[call]}:{FAULTS[fault]}:when={position}"], CALLS[call])
        if not hit:
            return
        yield Injected(scene.name, call, fault, position, ended, _read(scene, path))
    raise RuntimeError(f"{scene.name}: more than {_MOST_CALLS} calls of {call}")


def _run(scene: Scene, path: Path, options: list[str], calls: str) -> tuple[int, bool]:
    """Acts in a child under strace; how it ended, and whether the fault was injected."""
    log = path.parent / "trace"
    child = start_stopped(scene, path)
    words = ["strace", "-f", "-q", "-o", str(log), "-e", f"trace={calls}"]
    tracer = subprocess.Popen([*words, *(word for each in options for word in ("-e", each)), "-p", str(child)])
    ended = go_on(child, tracer)
    return ended, "(INJECTED)" in (told := log.read_text()) or "killed by SIGKILL" in told


def start_stopped(scene: Scene, path: Path) -> int:
    """A child that acts once it gets SIGCONT; its number."""
    child = os.fork()
    if child:
        os.waitpid(child, os.WUNTRACED)
        return child
    code = DEFECT
    try:
        os.kill(os.getpid(), signal.SIGSTOP)
        scene.act(path)
        code = DONE
    except NncliError:
        code = TOLD
    finally:
        os._exit(code)


def go_on(child: int, tracer: "subprocess.Popen[bytes]") -> int:
    """Lets the child act once it is traced; its exit code, or the negative number of the signal that killed it."""
    await_tracer(child, tracer)
    os.kill(child, signal.SIGCONT)
    _, status = os.waitpid(child, 0)
    tracer.wait()
    return os.waitstatus_to_exitcode(status)


def await_tracer(child: int, tracer: "subprocess.Popen[bytes]") -> None:
    """Returns when the child is traced. Raises RuntimeError, after which the child is gone, where that fails."""
    deadline = time.monotonic() + _ATTACH_SECONDS
    while f"TracerPid:\t{tracer.pid}" not in Path(f"/proc/{child}/status").read_text():
        if time.monotonic() > deadline or tracer.poll() is not None:
            os.kill(child, signal.SIGKILL)
            raise RuntimeError("strace could not be attached")
        time.sleep(0.001)


def _read(scene: Scene, path: Path) -> str:
    try:
        return scene.read(path)
    except Exception as error:  # whatever a reader would see is the finding
        return f"{type(error).__name__}: {error}"
