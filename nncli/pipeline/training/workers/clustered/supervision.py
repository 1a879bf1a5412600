"""Watches the workers of one attempt from the caller: which one has ended, hangs or is lost; does not try again."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from nncli.cluster.gang import Gang
from nncli.cluster.tasks import Failure
from nncli.pipeline.training.workers.clustered.order import Report, Sent
from nncli.pipeline.training.workers.watchdog import START_SECONDS, describe_code, first_to_fail

# How long an actor waits for news before it answers.
_POLL_SECONDS = 0.5
# How long the others may take to end by themselves after one has; see `watchdog`.
_GRACE_SECONDS = 5.0
# For the rows to reach a node.
_FETCH_SECONDS = 600.0
# For a chief that is asked to stop, to record its run.
_STOP_SECONDS = 15.0


@dataclass
class Standing:
    """What is known about a worker: `is_silent` if it gives no sign of life, `is_unanswered` if its actor does not
    answer."""

    name: str
    sign: float = field(default_factory=time.monotonic)
    report: Report | None = None
    lost: str | None = None
    is_silent: bool = False
    is_unanswered: bool = False

    @property
    def messages(self) -> dict[str, Any]:
        """The messages of the worker by name."""
        return {} if self.report is None else self.report.messages

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal and for one that is lost; None while it runs."""
        return -9 if self.lost is not None else None if self.report is None else self.report.code

    @property
    def failed(self) -> bool:
        """Whether it ended with an error or was killed."""
        return self.code not in (None, 0)

    def describe_end(self, seconds: float) -> str:
        """How it ended, in words."""
        if self.is_silent or self.is_unanswered:
            return f"{self.name} gave no sign of life for {seconds:g} s"
        if self.lost is not None:
            return f"{self.name}: {self.lost}" if self.lost else self.name
        words = "" if self.report is None else "".join(f"\n  {each}" for each in self.report.last_words)
        return f"{self.name} {describe_code(self.code)}{words if (self.code or 0) > 0 else ''}"


class Supervision:
    """Waits for the workers of a gang, the first of which is the chief.

    `seconds` without a sign of life mean that one hangs; `take` gets each report of the chief, and what it sends.
    """

    def __init__(self, gang: Gang, names: Sequence[str], seconds: float, take: Callable[[Report | Sent], None]) -> None:
        self._gang, self._seconds, self._take = gang, seconds, take
        self._is_sending = False
        self.standings = [Standing(name) for name in names]
        self._looked = time.monotonic()

    @property
    def silent(self) -> list[int]:
        """The workers whose actors do not answer."""
        return [place for place, each in enumerate(self.standings) if each.is_unanswered]

    def await_start(self) -> Standing | None:
        """Waits until all have their rows, or for the first that is lost; which one it was."""
        deadline = time.monotonic() + _FETCH_SECONDS
        while waiting := self._gang.waiting:
            for place, answer in self._gang.wait(_POLL_SECONDS):
                if isinstance(answer, Failure):
                    self.standings[place].lost = answer.text
                    return self.standings[place]
            if time.monotonic() > deadline:
                late = self.standings[min(waiting)]
                late.is_unanswered = True
                return late
        return None

    def wait(self) -> Standing | None:
        """Waits for the chief to end in order, or for the first trouble; which worker it was, None for none."""
        self._looked = time.monotonic()
        for place, standing in enumerate(self.standings):
            standing.sign = self._looked
            self._ask(place)
        while self.standings[0].code != 0:
            self._receive()
            if (silent := self._find_silent()) is not None:
                return silent
            if any(standing.failed for standing in self.standings):
                return self._find_culprit()
        return None

    @property
    def hears_chief(self) -> bool:
        """Whether the actor of the chief has answered recently."""
        chief = self.standings[0]
        return chief.lost is None and time.monotonic() - chief.sign < _GRACE_SECONDS

    def stop_chief(self, number: int) -> None:
        """Asks the chief to stop and to record its run, and gives it the time to."""
        if self.standings[0].code is None and not self.standings[0].is_unanswered:
            self._gang.call(0, "stop", number)
            self._ask(0)  # Ctrl-C may have come between an answer and the next question
            self._wait_for_chief(_STOP_SECONDS)

    def _ask(self, place: int) -> None:
        self._gang.call(place, "poll", _POLL_SECONDS)

    def _receive(self) -> None:
        """Handles the answers that have arrived, and asks again."""
        answers = self._gang.wait(_POLL_SECONDS)
        now = time.monotonic()
        if now - self._looked > 2 * _POLL_SECONDS + 1:  # this process was suspended, as by Ctrl-Z
            for standing in self.standings:
                standing.sign = now
        self._looked = now
        for place, answer in answers:
            standing = self.standings[place]
            standing.sign = now
            if isinstance(answer, Failure):
                standing.lost = answer.text
            elif isinstance(answer, Report):
                standing.report = answer
                if place == 0:
                    self._take(answer)
                    self._fetch(answer)
                if answer.code is None:
                    self._ask(place)
            elif isinstance(answer, Sent):
                self._is_sending = False
                self._take(answer)

    def _fetch(self, report: Report) -> None:
        """Asks for what the chief has packed; it is asked how it is while that is on its way."""
        if report.has_packed and report.code is None and not self._is_sending:
            self._is_sending = True
            self._gang.call(0, "send")

    def _find_silent(self) -> Standing | None:
        now = time.monotonic()
        for standing in self.standings:
            if standing.code is not None:
                continue
            longest = self._seconds if "joined" in standing.messages else max(self._seconds, START_SECONDS)
            # An actor answers after a while, also where its worker is well.
            standing.is_unanswered = now - standing.sign > self._seconds + 2 * _POLL_SECONDS + 1
            standing.is_silent = standing.report is not None and standing.report.silence > longest
            if standing.is_unanswered or standing.is_silent:
                return standing
        return None

    def _find_culprit(self) -> Standing:
        """Among several that ended the one that lost no other; a chief that has an error of its own goes first."""
        first = self._failed
        self._wait_for_chief(_GRACE_SECONDS)
        chief = self.standings[0]
        if "error" in chief.messages:
            return chief
        end = time.monotonic() + self._seconds
        while all("lost" in standing.messages for standing in self._failed) and time.monotonic() < end:
            self._receive()  # the loss of a node is known here later than to the other workers
            if (silent := self._find_silent()) is not None:
                return silent
        return first_to_fail(self.standings, first)

    @property
    def _failed(self) -> list[Standing]:
        return [standing for standing in self.standings if standing.failed]

    def _wait_for_chief(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.standings[0].code is None and time.monotonic() < end:
            self._receive()
