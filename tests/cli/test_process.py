"""Signals: raised where they arrive, but not while Python is importing."""

import signal
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from nncli.errors import StopRequest, Terminated


@pytest.fixture
def received() -> Iterator[list[int]]:
    """The signals that arrive again, in place of nncli's handler."""
    numbers: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGTERM, before)
    StopRequest.raised, StopRequest._deferrals = None, 0


def frame_in(file: str) -> Any:
    return SimpleNamespace(f_code=SimpleNamespace(co_filename=file))


def test_a_signal_is_raised_at_once(received: list[int]) -> None:
    with pytest.raises(Terminated):
        StopRequest.deliver(Terminated, signal.SIGTERM, frame_in("train.py"))
    assert StopRequest.raised is Terminated and received == []


def test_a_signal_while_python_is_importing_arrives_again(received: list[int]) -> None:
    StopRequest.deliver(Terminated, signal.SIGTERM, frame_in("<frozen importlib._bootstrap>"))
    assert StopRequest.raised is None
    for _ in range(500):
        if received:
            break
        time.sleep(0.01)
    assert received == [signal.SIGTERM]


def test_a_signal_does_not_wait_for_a_long_import(received: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StopRequest, "_deferrals", 100)
    with pytest.raises(Terminated):
        StopRequest.deliver(Terminated, signal.SIGTERM, frame_in("<frozen importlib._bootstrap>"))
