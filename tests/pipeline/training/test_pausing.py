"""A training that waits between epochs: what each word lets it do."""

import io
import os
import queue
from collections.abc import Iterator
from typing import TextIO

import pytest

from nncli.console import Console
from nncli.pipeline.training.continuing.pausing import Pauses

QUIET = Console(quiet=True)


@pytest.fixture
def pipe() -> Iterator[tuple[TextIO, TextIO]]:
    """What is written to the second comes out of the first."""
    out, into = os.pipe()
    with os.fdopen(out) as words, os.fdopen(into, "w", buffering=1) as hand:
        yield words, hand


@pytest.mark.parametrize(
    ("told", "epochs"),
    [
        *[
            ("", 1),
            ("\n", 2),
            ("3\n", 4),
            ("to 5\n", 5),
            ("to 5\nto 0\n", 1),
            ("all\n", 20),
            ("3\nall\n", 20),
            ("all\npause\n", 1),
            ("all\n\n", 1),
        ],
        *[("7\n2\n", 3), ("nonsense\n", 1), ("-1\n0\n", 1), ("stop\n", 1), ("all\nstop\n", 1), ("²\n", 1)],
    ],
)
def test_the_last_word_says_how_many_epochs_are_trained(told: str, epochs: int) -> None:
    pauses = Pauses(QUIET, io.StringIO())
    pauses._told = queue.SimpleQueue()  # as if the reader had had its turn
    for line in [*told.splitlines(keepends=True), None]:
        pauses._told.put(line)
    done = 0
    try:
        while done < 20:
            done += 1
            pauses(done, list)
    except KeyboardInterrupt:
        pass
    assert done == epochs


def test_words_that_come_while_it_waits_let_it_go_on(pipe: tuple[TextIO, TextIO]) -> None:
    words, hand = pipe
    pauses = Pauses(QUIET, words)
    hand.write("2\n")
    waits: list[int] = []
    pauses(1, lambda: waits.append(1))
    pauses(2, lambda: waits.append(2))
    hand.write("\n")
    pauses(3, lambda: waits.append(3))
    hand.close()
    with pytest.raises(KeyboardInterrupt):
        pauses(4, lambda: waits.append(4))
    assert 2 not in waits and waits[-1] == 4
