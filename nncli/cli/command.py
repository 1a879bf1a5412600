"""How a command runs: its console, and how each way of ending is reported and numbered."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from nncli.console import Console
from nncli.errors import NncliError, StopRequest, Terminated, UsageError

_FIXES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free space, or name another place"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "ask for the permission, or name another place"),
}


@contextmanager
def command(*, json_mode: bool = False, quiet: bool = False, verbose: bool = False) -> Iterator[Console]:
    """Gives a command its console, and turns every way of ending into one message and the documented exit code."""
    console = Console(json_mode=json_mode, quiet=quiet, verbose=verbose)
    try:
        if quiet and verbose:
            raise UsageError("got --quiet and --verbose", hint="leave one out")
        with StopRequest.recognized():
            yield console
    except typer.Exit:
        raise
    except NncliError as error:
        console.fail(error)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        console.say("interrupted")
        raise typer.Exit(130) from None
    except Terminated:
        console.say("terminated")
        raise typer.Exit(143) from None
    except BrokenPipeError:  # the reader of stdout has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except Exception as error:  # a person needs a sentence, a developer the traceback
        if os.environ.get("NNCLI_DEBUG"):
            raise
        console.fail(_of_system(error) or _defect(error))
        raise typer.Exit(1) from None


def _of_system(error: Exception) -> NncliError | None:
    """The error for a call of the system that failed, with the file where it names one; None for any other."""
    if isinstance(error, OSError) and error.errno:
        named = "" if error.filename is None else f"{error.filename}: "
        return NncliError(f"{named}{error.strerror}", hint=_FIXES.get(error.errno, "try again"))
    if isinstance(error, MemoryError) or (isinstance(error, ImportError) and "failed to map" in str(error)):
        return NncliError(
            "there is not enough memory", hint="end other programs, or use less data or a smaller network"
        )
    if isinstance(error, RuntimeError) and "start new thread" in str(error):  # Python has no error of its own for it
        return NncliError("no more threads can be started", hint="end other programs, or raise the limit: ulimit -u")
    return None


def _defect(error: Exception) -> NncliError:
    hint = "this is a defect of nncli; NNCLI_DEBUG=1 shows where it happened"
    return NncliError(f"{type(error).__name__}: {error}", hint=hint)
