"""Faults at the calls of whole commands, a few of those that `benchmarks/faults.py commands` does by the hundred."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "benchmarks"))

from faulting import commands, injection

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
WITHOUT_STRACE = injection.missing()


@pytest.mark.long
@pytest.mark.skipif(WITHOUT_STRACE is not None, reason=str(WITHOUT_STRACE))
def test_commands_that_are_hit_leave_what_the_next_one_can_use() -> None:
    # In a process of its own: children are forked, which must not have the threads of TensorFlow.
    words = [sys.executable, str(BENCHMARKS / "faults.py"), "commands", "--of", "rm", "export", "--count", "6"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "wrong: 0" in done.stdout, done.stdout + done.stderr
    assert "rm, " in done.stdout and "export, " in done.stdout


def test_the_calls_that_name_a_file_of_the_place_are_numbered_for_each_thread() -> None:
    log = "\n".join(
        (
            '7 openat(AT_FDCWD</place>, "/etc/hosts", O_RDONLY) = 3</etc/hosts>',
            '7 openat(AT_FDCWD</place>, "runs/net/run.json", O_RDONLY <unfinished ...>',
            '8 openat(AT_FDCWD</place>, "/place/rows.csv", O_RDONLY) = 4</place/rows.csv>',
            "7 <... openat resumed>) = 5</place/runs/net/run.json>",
            "7 close(5</place/runs/net/run.json>) = 0",
            '7 write(1</tmp/stdout>, "runs", 4) = 4',
        )
    )
    found = [(each.call, each.position) for each in commands.places_in(log, "/place")]
    assert found == [("openat", 2), ("openat", 1), ("close", 1)]


@pytest.mark.parametrize(
    ("ended", "wrong"),
    [
        (commands.Ended(0, '{"run": 1}', "a note\n"), []),
        (commands.Ended(1, "", "error: no room\nfix: free space\n"), []),
        (commands.Ended(1, "", "Traceback (most recent call last)\nerror: x\n"), ["it says"]),
        (commands.Ended(1, "", "error: KeyError: 1\nfix: this is a defect of nncli\n"), ["it says"]),
        (commands.Ended(2, "", ""), ["exit code 2 without a word"]),
        (commands.Ended(0, '{"run": ', ""), ["half an answer"]),
    ],
)
def test_an_end_that_is_not_in_order_is_noticed(ended: "commands.Ended", wrong: list[str]) -> None:
    assert [told.partition(":")[0] for told in ended.wrong] == wrong
