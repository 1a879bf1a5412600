"""The process around the commands: its environment, signals, streams and exit code; does not depend on commands."""

import contextlib
import faulthandler
import gc
import io
import os
import signal
import sys
from typing import Any, TextIO

from nncli.console.encoding import ENCODING_ERRORS
from nncli.errors import StopRequest, Terminated

# New objects between two looks for garbage; Python's own 700 to 2000 mean hundreds of looks while modules are imported.
_COLLECT_EVERY = 50_000


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    _set_environment()
    StopRequest.silence_dropped()
    signal.signal(signal.SIGTERM, _stop)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else the caller wants it ignored
        signal.signal(signal.SIGINT, _stop)
    _mend_streams()
    # A crash of native code says so, and in which call, where what it wrote to descriptor 2 was being held back.
    faulthandler.enable(sys.stderr)
    code: Any = 0
    try:
        from nncli.cli.commands import app  # late: the collector, the signals and the streams are as they should be now

        app(prog_name="nncli")
    except SystemExit as end:
        code = end.code
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # it was told already, or nobody reads
            stream.flush()
    # Without waiting for a thread that may still import TensorFlow, and without tearing TensorFlow down.
    os._exit(code if isinstance(code, int) else 1)


def _set_environment() -> None:
    """Spares every command what only costs time, where the caller's shell does not ask for it.

    Nothing here multiplies matrices with numpy, whose import would start a thread on each core for that, 20 to 80
    milliseconds. Pydantic would look through all installed packages for plugins. And what imports make stays for good,
    so that looking through it for garbage finds none: the collector waits for a larger heap.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, *gc.get_threshold()[1:])


def _mend_streams() -> None:
    """Closed streams lead nowhere, not into files opened later; characters they cannot hold are spelled out."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))
    sys.stderr = _own_stderr()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ENCODING_ERRORS)


def _own_stderr() -> TextIO:
    """What Python says goes to a copy of descriptor 2, which nothing redirects.

    Descriptor 2 itself is held back while TensorFlow or LiteRT start, whose C++ code writes to it; in another thread
    messages of ours would be caught with that, and lost where the process ends meanwhile.
    """
    stream = sys.stderr
    return os.fdopen(os.dup(stream.fileno()), "w", buffering=1, encoding=stream.encoding, errors=ENCODING_ERRORS)


def _stop(number: int, frame: Any) -> None:
    StopRequest.raised = KeyboardInterrupt if number == signal.SIGINT else Terminated
    raise StopRequest.raised
