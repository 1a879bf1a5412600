"""Telling how long the stages of the engine's work take, to whoever listens; does not depend on who that is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# Told the name of a stage ("trace", "compile") and the seconds that it took.
Listener = Callable[[str, float], None]

# Of the context and not of the process: trainings in two threads have listeners of their own.
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Work in the body tells this listener of its stages."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def stage(name: str) -> Iterator[None]:
    """The body is a stage of that name; one that fails is not told."""
    start = time.perf_counter()
    yield
    listener = _listener.get()
    if listener is not None:
        listener(name, time.perf_counter() - start)
