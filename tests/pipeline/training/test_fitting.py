"""Training that the machine is too small for ends with a sentence."""

import sys

import pytest

from nncli.errors import NncliError, StopRequest, Terminated
from nncli.pipeline.training.fitting import telling_exhaustion


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's."""


@pytest.mark.parametrize("error", [ResourceExhaustedError("OOM when allocating tensor"), MemoryError()])
def test_too_little_memory_is_told_with_what_to_make_smaller(error: Exception) -> None:
    with pytest.raises(NncliError, match="not enough memory") as caught, telling_exhaustion():
        raise error
    assert caught.value.exit_code == 1 and "batch_size" in str(caught.value.hint)


def test_other_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), telling_exhaustion():
        raise ZeroDivisionError


def test_a_stop_that_python_drops_in_a_finalizer_leaves_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Finalized:
        def __init__(self, error: type[BaseException]) -> None:
            self.error = error

        def __del__(self) -> None:
            raise self.error

    shown: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda dropped: shown.append(dropped.exc_type))
    StopRequest.silence_dropped()
    for error in (Terminated, KeyboardInterrupt, ZeroDivisionError):
        Finalized(error)
    assert shown == [ZeroDivisionError]
