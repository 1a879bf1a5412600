"""The process around the commands: its environment, signals, streams and exit code; does not depend on commands."""

import contextlib
import faulthandler
import gc
import io
import os
import signal
import sys
import time
from typing import Any, TextIO

from nncli.console.encoding import ENCODING_ERRORS
from nncli.console.live import echo
from nncli.errors import StopRequest, Terminated

# Allocations between two garbage collections; Python's 700 to 2000 would mean hundreds during imports.
_COLLECT_EVERY = 50_000
_TWICE_SECONDS = 0.3
_SHOW_CURSOR = b"\x1b[?25h\n"


def main() -> None:
    """Runs the command line and ends the process with its exit code."""
    try:
        code = _run()
    except (KeyboardInterrupt, Terminated) as stop:  # before a command had begun, or after it had ended
        is_interrupt = isinstance(stop, KeyboardInterrupt)
        code = 130 if is_interrupt else 143
        with contextlib.suppress(OSError):
            sys.stderr.write("interrupted\n" if is_interrupt else "terminated\n")
            sys.stderr.flush()
    echo.restore(whole=True)
    # Does not wait for a thread that may still be importing TensorFlow, and does not shut TensorFlow down.
    os._exit(code)


def _run() -> int:
    StopRequest.silence_dropped()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    _set_environment()
    _mend_streams()
    # Reports a crash of native code with its Python stack, even while descriptor 2 is held back.
    faulthandler.enable(sys.stderr)
    code: Any = 0
    try:
        from nncli.cli import completion
        from nncli.cli.commands import app  # late: the collector, the signals and the streams are as they should be now

        completion.join_words(os.environ)
        app(prog_name="nncli")
    except SystemExit as end:
        code = end.code
    except OSError as error:  # help and versions, which typer prints by itself
        if os.environ.get("NNCLI_DEBUG"):
            raise
        code = 1
        with contextlib.suppress(OSError):
            sys.stderr.write(f"error: {error.filename or 'stdout'} cannot be written: {error.strerror}\n")
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # it was told already, or nobody reads
            stream.flush()
    return code if isinstance(code, int) else 1


def _set_environment() -> None:
    """Turns off start-up work that no command needs, unless the caller's shell asks for it.

    No command multiplies matrices with numpy, whose import would start a thread per core for it (20 to 80 ms).
    Pydantic would search all installed packages for plugins. Objects made by imports are never freed, so the garbage
    collector ignores them and runs less often.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    gc.freeze()
    gc.set_threshold(_COLLECT_EVERY, *gc.get_threshold()[1:])


def _mend_streams() -> None:
    """Gives closed streams a descriptor, so that they cannot lead into a file opened later; replaces characters that a
    stream cannot encode.

    A closed stdout cannot be written, as for other programs: an answer that nobody gets is no success. Talk may be
    lost, so a closed stderr becomes the null device.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDONLY if name == "stdout" else os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))
    sys.stderr = _own_stderr()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ENCODING_ERRORS)


def _own_stderr() -> TextIO:
    """Python's stderr becomes a copy of descriptor 2 that is never redirected.

    Descriptor 2 itself is held back while TensorFlow or LiteRT start, whose C++ code writes to it; messages of another
    thread would be held back with it, and lost if the process ended meanwhile.
    """
    stream = sys.stderr
    return os.fdopen(os.dup(stream.fileno()), "w", buffering=1, encoding=stream.encoding, errors=ENCODING_ERRORS)


class _Stops:
    """When the last signal came, in seconds of time.monotonic()."""

    last = 0.0


def _stop(number: int, frame: Any) -> None:
    """The first signal ends the command in order; a second one ends the process at once.

    A signal that a program such as `timeout` passes on arrives twice in a moment, which means no more than once.
    """
    before, _Stops.last = _Stops.last, time.monotonic()
    if StopRequest.raised is not None:
        if _Stops.last - before < _TWICE_SECONDS:
            return
        echo.restore(whole=True)
        with contextlib.suppress(OSError):
            if sys.stderr.isatty():  # a progress bar hides the cursor
                os.write(sys.stderr.fileno(), _SHOW_CURSOR)
        os._exit(128 + number)
    StopRequest.deliver(KeyboardInterrupt if number == signal.SIGINT else Terminated, number, frame)
