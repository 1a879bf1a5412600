"""How the caller looks after its workers, with actors that are not there."""

import shutil
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from nncli.pipeline.training.workers.clustered import agent, supervision
from nncli.pipeline.training.workers.clustered.order import Report, Sent
from nncli.pipeline.training.workers.clustered.supervision import Supervision
from nncli.run import files
from nncli.run.archive import pack


class Gang:
    """One chief, which trains until it is told to stop."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stopped = False

    def call(self, place: int, method: str, *arguments: Any) -> None:
        assert place == 0
        self.asked.append(method)
        self.stopped = self.stopped or (method, arguments) == ("stop", (signal.SIGINT,))

    def wait(self, seconds: float) -> list[tuple[int, Any]]:
        """The answer to each question, once."""
        report = Report(130 if self.stopped else None, 0.0, {}, [["say", "an epoch"]])
        asked, self.asked = self.asked, []
        return [(0, report if method == "poll" else None) for method in asked]


def test_a_chief_is_asked_for_its_end_when_ctrl_c_comes_while_its_answer_is_taken() -> None:
    taken: list[Report | Sent] = []

    def take(report: Report | Sent) -> None:
        taken.append(report)
        if len(taken) == 3:
            raise KeyboardInterrupt

    gang: Any = Gang()
    ours = Supervision(gang, ["the chief"], 60.0, take)
    with pytest.raises(KeyboardInterrupt):
        ours.wait()
    ours.stop_chief(signal.SIGINT)
    assert gang.stopped and ours.standings[0].code == 130 and ours.hears_chief
    assert len(taken) == 4


class SendingGang:
    """A chief that answers how it is, while what it has packed is on its way for ten answers, and then ends."""

    def __init__(self, clock: list[float]) -> None:
        self.asked: list[str] = []
        self.answered = 0
        self.clock = clock

    def call(self, place: int, method: str, *arguments: Any) -> None:
        self.asked.append(method)

    def wait(self, seconds: float) -> list[tuple[int, Any]]:
        self.clock[0] += 1
        self.asked.remove("poll")
        self.answered += 1
        report = Report(0 if self.answered == 12 else None, 0.0, {}, has_packed=self.answered == 1)
        if self.answered == 11:
            self.asked.remove("send")
            return [(0, Sent(b"all", is_last=False)), (0, report)]
        return [(0, report)]


def test_a_chief_whose_checkpoint_is_long_on_its_way_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(supervision, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    taken: list[Report | Sent] = []
    gang: Any = SendingGang(clock)
    assert Supervision(gang, ["the chief"], 3.0, taken.append).wait() is None
    assert [each for each in taken if isinstance(each, Sent)] == [Sent(b"all", is_last=False)]


class Process:
    """A worker that runs."""

    code: int | None = None
    said: ClassVar[list[Any]] = []
    messages: ClassVar[dict[str, Any]] = {}
    sign = 0.0


@pytest.fixture
def packing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[tuple[Any, threading.Event]]:
    """The actor of a chief with a checkpoint that cannot be packed before the event."""
    goes_on = threading.Event()
    monkeypatch.setattr(agent, "node_address", lambda: "127.0.0.1")
    monkeypatch.setattr(agent, "pack", lambda folder: goes_on.wait(60) and pack(folder))
    ours = agent.Agent()
    for name in (files.CONFIG, files.CHECKPOINT):
        (tmp_path / name).write_text(name)
    ours._folder, ours._worker = tmp_path, Process()
    yield ours, goes_on
    goes_on.set()
    ours._output.close()
    shutil.rmtree(ours._place)


def polled(ours: Any) -> Report:
    """The report once something is packed."""
    while not (report := ours.poll(0.1)).has_packed:
        pass
    return report


def test_a_chief_answers_while_its_checkpoint_is_packed(packing: tuple[Any, threading.Event]) -> None:
    ours, goes_on = packing
    assert [ours.poll(0.0).has_packed for _ in range(3)] == [False] * 3
    assert ours.send() is None
    goes_on.set()
    assert polled(ours).code is None
    sent = ours.send()
    assert not sent.is_last and files.CHECKPOINT.encode() in sent.archive
    assert ours.send() is None and not ours.poll(0.0).has_packed, "it was sent"


def test_what_is_packed_when_all_is_asked_for_is_dropped(packing: tuple[Any, threading.Event]) -> None:
    ours, goes_on = packing
    ours.poll(0.0)
    (ours._folder / "last").write_text("more")
    ours.collect()
    goes_on.set()
    polled(ours)
    sent = ours.send()
    assert sent.is_last and b"more" in sent.archive
    assert ours.send() is None
