"""Telling how long the stages of the engine's work take, to whoever listens; does not depend on who that is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Called with the name of a stage ("trace", "compile") and its duration in seconds.
Listener = Callable[[str, float], None]

# Per context rather than per process, so that training runs in two threads have separate listeners.
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Stages in the body are reported to this listener."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """The body is a stage of that name; a stage that fails is not reported."""
    start = time.perf_counter()
    yield
    listener = _listener.get()
    if listener is not None:
        listener(name, time.perf_counter() - start)
