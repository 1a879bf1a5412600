"""Keeping packages out of an import that would load them only because they are installed; does not depend on Keras."""

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Absent:
    """A finder that makes some packages appear as not installed, for one thread only."""

    def __init__(self, packages: frozenset[str]) -> None:
        self._packages = packages
        self._thread = threading.get_ident()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name.partition(".")[0] in self._packages and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is blocked during this import", name=name)
        return None


@contextlib.contextmanager
def without(*packages: str) -> Iterator[None]:
    """Imports in the body, in this thread, do not find those packages; afterwards they can be imported as usual."""
    finder = _Absent(frozenset(packages))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
