"""The errors of nncli: what went wrong, in one clear message, and the exit code that says so.

NncliError                    1  it failed while working
├── UserError                 2  the user's command, config or data is wrong
│   ├── UsageError            2  a command's arguments
│   ├── ConfigError           2  a config; carries one line for each problem
│   ├── DataError             2  a table, image or array that cannot be used as it is
│   └── RunError              2  a run folder that is not there, not finished or damaged
├── UnreachableError          3  data that was not available (offline, not prepared)
├── TrainingDivergedError     4  the loss is no longer a finite number
└── ExportError               1  a model that a format cannot hold
"""

import _thread
import errno
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

# How much later a signal is delivered that came at a bad moment.
_LATER_SECONDS = 0.01
_MOST_DEFERRALS = 100


class NncliError(Exception):
    """Something nncli can explain: `message` says what was got and expected, `hint` how to fix it."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def how_to_install(extra: str) -> str:
    """The hint for packages that are optional. Never `pip install nncli`: an index has another program of that name."""
    pins = "" if extra == "mlflow" else "-c constraints.txt "  # MLflow wants an older pyarrow than the tested one
    return f"install the extra `{extra}`, in a checkout of nncli: pip install {pins}'.[{extra}]'"


class UserError(NncliError):
    """The command, the config or the data is wrong."""

    exit_code = 2


class UsageError(UserError):
    """The arguments of a command do not fit together."""


class ConfigError(UserError):
    """A config cannot be used; `problems` has one line for each reason, in the order of the file."""

    def __init__(self, problems: Sequence[str], *, hint: str | None = None) -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = tuple(problems)


class DataError(UserError):
    """A table, an image or an array cannot be used as it is."""


class RunError(UserError):
    """A run folder is missing, unfinished or damaged."""


class UnreachableError(NncliError):
    """Data was not available: no network, no prepared copy."""

    exit_code = 3


class TrainingDivergedError(NncliError):
    """The loss became NaN or infinite."""

    exit_code = 4


class ExportError(NncliError):
    """A model cannot be written in the format asked for."""


def unwritable(message: str, error: OSError, *, hint: str | None = None) -> NncliError:
    """The error for a file that a command was to write: its place is wrong, unless the disk is full or broken."""
    is_of_disk = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO)
    return (
        NncliError(message, hint=hint or "free space, or name another place")
        if is_of_disk
        else UsageError(message, hint=hint)
    )


class Terminated(BaseException):
    """SIGTERM arrived; like KeyboardInterrupt it is no Exception, so that nothing swallows it on its way."""


def _signal_again(number: int) -> None:
    time.sleep(_LATER_SECONDS)
    _thread.interrupt_main(signal.Signals(number))


class StopRequest:
    """What a signal asked for.

    Python drops an exception that is raised inside a finalizer, so work that takes long looks here, too.
    """

    raised: type[BaseException] | None = None
    _deferrals = 0

    @classmethod
    def deliver(cls, stop: type[BaseException], number: int, frame: FrameType | None) -> None:
        """Raises `stop` for a signal that interrupted `frame`; a moment later where Python is importing.

        The import holds locks for all threads, and an exception between taking one and the `try` that gives it back
        would leave a thread that imports TensorFlow waiting forever. It does not wait long, as this one may be waiting
        for the other's import.
        """
        is_importing = frame is not None and frame.f_code.co_filename.startswith("<frozen importlib")
        if is_importing and cls._deferrals < _MOST_DEFERRALS:
            cls._deferrals += 1
            _thread.start_new_thread(_signal_again, (number,))
            return
        cls.raised = stop
        raise stop

    @classmethod
    def silence_dropped(cls) -> None:
        """Python shows no traceback of a stop that it dropped: it is raised again, and told then."""
        show = sys.unraisablehook

        def hook(dropped: "sys.UnraisableHookArgs") -> None:
            if not isinstance(dropped.exc_value, (KeyboardInterrupt, Terminated)):
                show(dropped)

        sys.unraisablehook = hook

    @classmethod
    @contextmanager
    def recognized(cls) -> Iterator[None]:
        """Raises KeyboardInterrupt or Terminated again where native code made another error of it.

        TensorFlow's C++ code that calls Python code does not always look whether that failed: "SystemError: bad
        argument to internal function".
        """
        try:
            yield
        except NncliError:
            raise
        except Exception as error:  # any class: the C++ code chooses it
            if cls.raised is None:
                raise
            raise cls.raised from error

    @classmethod
    def check(cls) -> None:
        """Raises KeyboardInterrupt or Terminated again, if a signal raised it before."""
        if cls.raised is not None:
            raise cls.raised
