"""Commands in processes of their own that need not import TensorFlow: forks of a process that has done so.

Importing takes 2 to 4 seconds of processor time, more than most commands that tests start. A fork is like a new process
in its arguments, environment, folder, streams and signals, and is ended and killed like one. What is tested about the
start itself needs `subprocess`.

    tests ── socket ──▶ the warm process ── fork ──▶ a keeper, who waits for it ── fork ──▶ the command
"""

import atexit
import concurrent.futures
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODULE = ("from nncli.cli.process import main", "main()")
_MOST_BYTES = 1 << 20


class WarmProcess:
    """A running command, with those methods of `subprocess.Popen` that tests use; its streams are text.

    `words` are its arguments after `nncli`, `program` the lines of Python that it runs in place of `python -m nncli`.
    """

    def __init__(
        self,
        *words: object,
        program: str = "\n".join(MODULE),
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        start_new_session: bool = False,
    ) -> None:
        self.args, self.returncode = ["nncli", *map(str, words)], None
        asked = {
            "argv": self.args, "program": program, "cwd": str(cwd or Path.cwd()), "env": dict(env or os.environ),
            "session": start_new_session,
        }  # fmt: skip
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        self._keeper, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            socket.send_fds(_warm_process(), [json.dumps(asked).encode()], [out_end, err_end, theirs.fileno()])
        os.close(out_end)
        os.close(err_end)
        self.stdout, self.stderr = open(out), open(err)  # noqa: SIM115, PTH123
        self.pid = int(self._keeper.recv(100))

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._keeper.settimeout(timeout)
            try:
                self.returncode = int(self._keeper.recv(100))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        with concurrent.futures.ThreadPoolExecutor(2) as both:
            reading = [both.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                out, err = (each.result(timeout) for each in reading)
            except TimeoutError:
                self.kill()
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
        self.wait(timeout)
        self.stdout.close(), self.stderr.close(), self._keeper.close()
        return out, err

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def run(*words: object, timeout: float, **options: Any) -> "subprocess.CompletedProcess[str]":
    """A command that is waited for; `options` are those of WarmProcess."""
    process = WarmProcess(*words, **options)
    out, err = process.communicate(timeout)
    return subprocess.CompletedProcess(process.args, process.wait(), out, err)


@functools.cache
def _warm_process() -> socket.socket:
    """Starts the process that is forked; it ends when this end of its socket is closed, with the tests."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    nowhere = subprocess.DEVNULL
    words = [sys.executable, __file__, str(theirs.fileno())]
    process = subprocess.Popen(words, stdin=nowhere, stdout=nowhere, stderr=nowhere, pass_fds=[theirs.fileno()])
    theirs.close()
    atexit.register(lambda: (ours.close(), process.wait()))
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _MOST_BYTES)
    return ours


def _serve(requests: socket.socket) -> None:
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    while True:
        content, descriptors, *_ = socket.recv_fds(requests, _MOST_BYTES, 3)
        if not content:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            requests.close()
            _keep(json.loads(content), *descriptors)
        for each in descriptors:
            os.close(each)


def _import_everything() -> None:
    """What a training imports; no tensor is made, so TensorFlow has no threads that a fork would lose."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from nncli.engine.process import environment

    environment.prepare()
    import sklearn.datasets  # noqa: F401

    import nncli.cli.commands
    import nncli.pipeline.training.train  # noqa: F401
    from nncli.evaluate.plots.canvas import load_matplotlib

    load_matplotlib()


def _keep(asked: dict[str, Any], out: int, err: int, tests: int) -> None:
    """Forks the command, and tells the tests its number and then how it ended, as `Popen.returncode` does."""
    pid = os.fork()
    if pid == 0:
        os.close(tests)
        _become(asked, out, err)
    os.close(out)
    os.close(err)
    told = socket.socket(fileno=tests)
    with contextlib.suppress(OSError):  # the tests are gone
        told.send(str(pid).encode())
        _, status = os.waitpid(pid, 0)
        told.send(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(asked: dict[str, Any], out: int, err: int) -> None:
    """Runs the command here, as a new process would."""
    code = 1
    try:
        for descriptor, number in ((out, 1), (err, 2)):
            os.dup2(descriptor, number)
            os.close(descriptor)
        # Made anew: the old ones know what their descriptors were before.
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        if asked["session"]:
            os.setsid()
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        sys.argv = asked["argv"]
        exec(compile(asked["program"], "<string>", "exec"), {"__name__": "__main__"})
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
