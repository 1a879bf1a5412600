"""How the caller looks after its workers, with actors that are not there."""

import signal
from typing import Any

import pytest

from nncli.pipeline.training.workers.clustered.order import Report
from nncli.pipeline.training.workers.clustered.supervision import Supervision


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
        report = Report(130 if self.stopped else None, 0.0, {}, [["say", "an epoch"]], None, ())
        asked, self.asked = self.asked, []
        return [(0, report if method == "poll" else None) for method in asked]


def test_a_chief_is_asked_for_its_end_when_ctrl_c_comes_while_its_answer_is_taken() -> None:
    taken: list[Report] = []

    def take(report: Report) -> None:
        taken.append(report)
        if len(taken) == 3:
            raise KeyboardInterrupt

    gang: Any = Gang()
    supervision = Supervision(gang, ["the chief"], 60.0, take)
    with pytest.raises(KeyboardInterrupt):
        supervision.wait()
    supervision.stop_chief(signal.SIGINT)
    assert gang.stopped and supervision.standings[0].code == 130 and supervision.hears_chief
    assert len(taken) == 4
