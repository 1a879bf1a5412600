"""What follows from measured exchanges, against numbers worked out by hand."""

import pytest

from nncli.engine.distributed.cost import exchange_seconds
from nncli.pipeline.training.workers.exchanging import fit_exchange

LEAST = [0.002, 0.001, 0.009]
WHOLE = [0.012, 0.010, 0.014, 0.011, 0.050]


def test_two_messages_and_the_bytes_of_a_gradient_are_told_apart() -> None:
    found = fit_exchange(LEAST, WHOLE, 4_000_000)
    assert (found.seconds, found.quartiles) == (0.012, (0.011, 0.014))
    assert found.message_seconds == 0.001  # half of 2 ms
    assert found.bandwidth == pytest.approx(4e8)  # 4 MB in the 10 ms that are left


def test_the_model_gives_back_for_two_workers_what_was_measured() -> None:
    found = fit_exchange(LEAST, WHOLE, 4_000_000)
    assert found.bandwidth is not None
    assert exchange_seconds(2, 4_000_000, found.bandwidth, found.message_seconds) == pytest.approx(0.012)


def test_bytes_that_take_no_time_have_no_bandwidth() -> None:
    found = fit_exchange([0.004], [0.003], 8)
    assert found.bandwidth is None and found.message_seconds == 0.0015
