"""What took how long: the parts of a command from its process's start, and how they are told."""

import time
from io import StringIO

import pytest

from nncli.cli.views.training import timing_lines
from nncli.console import Console
from nncli.engine.loop import stage_timing
from nncli.pipeline.training import stopwatch
from nncli.pipeline.training.stopwatch import PARTS, Stopwatch


def test_parts_add_up_to_the_total_and_an_inner_part_is_not_counted_twice() -> None:
    watch = Stopwatch()
    with watch.part("training"):
        watch.add("compile", 0.01)
        time.sleep(0.02)
    with pytest.raises(ValueError), watch.part("export"):
        raise ValueError
    told = watch.to_mapping()
    assert list(told["parts"]) == ["compile", "training", "other"]
    assert told["parts"]["compile"] == 0.01 and told["parts"]["training"] >= 0.009
    assert sum(told["parts"].values()) == pytest.approx(told["total"], abs=0.003)
    assert told["to_first_batch"] is None


def test_the_first_batch_gets_the_time_that_no_part_has_had_and_later_ones_nothing() -> None:
    watch = Stopwatch(time.perf_counter() - 5.0)
    watch.add("start", 1.0)
    assert [watch.reach_first_batch() for _ in range(3)] == [True, False, False]
    told = watch.to_mapping()
    assert told["to_first_batch"] == pytest.approx(5.0, abs=0.5)
    assert told["parts"]["first_batch"] == pytest.approx(4.0, abs=0.5)


def test_a_stopwatch_since_enter_has_the_start_of_python_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    used = time.process_time()
    assert Stopwatch.since_enter().elapsed >= used - 0.03
    monkeypatch.setattr(stopwatch.Path, "read_text", lambda self: "1 (a) S")  # a /proc of another kind
    assert Stopwatch.since_enter().elapsed == pytest.approx(time.process_time(), abs=0.5)


def test_stages_are_told_to_the_listener_of_their_own_context_only() -> None:
    told: list[str] = []
    with stage_timing.stage("trace"):
        pass
    with stage_timing.listening(lambda name, seconds: told.append(name)):
        with stage_timing.stage("compile"):
            pass
        with pytest.raises(ValueError), stage_timing.stage("build"):
            raise ValueError
    with stage_timing.stage("trace"):
        pass
    assert told == ["compile"]


def test_the_table_fits_80_columns_and_has_a_meaning_for_every_part() -> None:
    parts = dict.fromkeys(PARTS, 123.456)
    lines = timing_lines({"parts": parts, "to_first_batch": 4.0, "total": 99.0, "hidden": 0.8})
    out = StringIO()
    console = Console(stdout=out)
    console._stdout.width = 80
    console.answer({}, *lines)
    rows = out.getvalue().splitlines()
    assert len(rows) == 1 + len(PARTS) + 2
    assert max(map(len, rows)) <= 80 and all(len(row.split()) > 3 for row in rows[1:])
