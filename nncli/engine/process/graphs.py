"""Functions that are traced before their first call, and whose graphs are freed."""

import weakref
from contextlib import suppress
from typing import Any


def trace(function: Any, *arguments: Any, **named: Any) -> Any:
    """The concrete function of a `tf.function` for such arguments, whose graph is taken apart once it is gone.

    A graph and its operations refer to each other in a way that Python's collector does not see. TensorFlow would take
    the graph apart, but calls that off for `get_concrete_function`, since a caller could keep the graph alone. Each
    would stay forever: some megabytes for each training of a process, and every further training a little slower.
    """
    traced = function.get_concrete_function(*arguments, **named)
    weakref.finalize(traced, _dismantle, traced.graph).atexit = False
    return traced


def _dismantle(graph: Any) -> None:
    """Takes a graph apart, the bodies of its loops and branches first."""
    from tensorflow.python.framework.func_graph import dismantle_func_graph  # not public

    with suppress(AttributeError):  # in another version of TensorFlow: the graph stays, and nothing else changes
        for inner in list(graph._functions.values()):
            body = inner._cached_graph  # `inner.graph` would make one where there is none
            if body is not None and body is not graph:
                _dismantle(body)
        dismantle_func_graph(graph)
