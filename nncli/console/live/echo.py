"""Keys pressed while a bar is shown: kept from the screen, where they would move it, and left for the shell.

Ctrl-C would write ^C at the end of a full line, which begins a new one, and what the bar then erases is not its own.
"""

import contextlib
import os
import sys
from typing import IO, Any

if sys.platform == "win32":
    _termios: Any = None
else:
    import termios as _termios

_ECHO = 3  # the place of the local modes among the attributes of a terminal


class _Silenced:
    """The terminal's own attributes while it is silenced, and how many parts of the program want it to be."""

    wanted = 0
    descriptor = -1
    attributes: list[Any] | None = None


def silence(stream: IO[str]) -> None:
    """Keys are not shown until `restore` was called as often as this; only on a terminal that we are in front of."""
    _Silenced.wanted += 1
    if _Silenced.wanted > 1 or _termios is None:
        return
    with contextlib.suppress(OSError, ValueError, AttributeError, _termios.error):
        descriptor = stream.fileno()
        if not _is_ours(descriptor):
            return
        attributes = _termios.tcgetattr(descriptor)
        _Silenced.descriptor, _Silenced.attributes = descriptor, attributes
        changed = [*attributes]
        changed[_ECHO] &= ~(_termios.ECHO | _termios.ECHOCTL)
        _termios.tcsetattr(descriptor, _termios.TCSANOW, changed)


def restore(*, whole: bool = False) -> None:
    """Ends one call of `silence`, or the `whole` of them, as the end of the process does."""
    _Silenced.wanted = 0 if whole else max(0, _Silenced.wanted - 1)
    attributes = _Silenced.attributes
    if _Silenced.wanted or attributes is None:
        return
    _Silenced.attributes = None
    with contextlib.suppress(OSError, _termios.error):
        if _is_ours(_Silenced.descriptor):
            _termios.tcsetattr(_Silenced.descriptor, _termios.TCSANOW, attributes)


def _is_ours(descriptor: int) -> bool:
    """Whether it is a terminal with this process in front; one in the background would be stopped for setting it."""
    return os.isatty(descriptor) and os.tcgetpgrp(descriptor) == os.getpgrp()
