"""The model of a step's time, against a simulated ring and numbers worked out by hand."""

import numpy as np
import pytest

from nncli.engine.distributed import cost
from nncli.errors import UsageError


def test_a_ring_sends_what_the_model_says() -> None:
    """Passes parts around a ring as the algorithm does, and counts messages and numbers that one worker sends."""
    workers, generator = 4, np.random.default_rng(0)
    values = generator.normal(size=(workers, workers, 5))  # worker, part, numbers
    expected, sent, messages = values.sum(0), 0, 0
    for turn in range(2 * (workers - 1)):
        moved = [(worker, (worker - turn) % workers) for worker in range(workers)]
        copies = [values[worker, part].copy() for worker, part in moved]
        for (worker, part), copy in zip(moved, copies, strict=True):
            target = values[(worker + 1) % workers]
            target[part] = target[part] + copy if turn < workers - 1 else copy
        sent, messages = sent + copies[0].size, messages + 1
    np.testing.assert_allclose(values, np.broadcast_to(expected, values.shape))
    seconds = cost.exchange_seconds(workers, 8 * expected.size, 1e6, 0.003)
    assert seconds == pytest.approx(messages * 0.003 + 8 * sent / 1e6)


def test_one_worker_exchanges_nothing() -> None:
    assert cost.exchange_seconds(1, 10**9, 1e6, 1.0) == 0


def test_the_line_through_measured_steps_is_found() -> None:
    fitted = cost.fit_step_time({64: 0.074, 32: 0.042, 16: 0.026})
    assert (fitted.fixed, fitted.per_example) == (pytest.approx(0.01), pytest.approx(0.001))
    assert fitted.of(8) == pytest.approx(0.018)


def test_neither_part_of_a_step_is_negative() -> None:
    slower_when_small = cost.fit_step_time({64: 0.01, 16: 0.02})
    assert (slower_when_small.per_example, slower_when_small.fixed) == (0.0, pytest.approx(0.015))
    below_zero = cost.fit_step_time({40: 0.04, 20: 0.01})
    assert below_zero.fixed == 0.0 and below_zero.per_example == pytest.approx(
        (40 * 0.04 + 20 * 0.01) / (40**2 + 20**2)
    )
    assert cost.fit_step_time({10: 0.1}).of(5) == pytest.approx(0.05)


def test_workers_pay_as_long_as_they_save_a_tenth() -> None:
    assert cost.last_that_pays([(1, 10.0), (2, 6.0), (4, 5.5), (8, 5.0)]) == 8  # 5.0 is a tenth less than 5.5 and 6.0
    assert cost.last_that_pays([(1, 10.0), (2, 6.0), (4, 5.5), (8, 5.45)]) == 2
    assert cost.last_that_pays([(1, 1.0), (2, 3.0)]) == 1


@pytest.mark.parametrize(
    ("text", "size"), [("10Gb", 1.25e9), ("800Mb/s", 1e8), ("1.2GB", 1.2e9), ("25 Gbit/s", 3.125e9)]
)
def test_a_network_is_read_in_bits_or_bytes(text: str, size: float) -> None:
    assert cost.read_bandwidth(text) == pytest.approx(size)


@pytest.mark.parametrize("text", ["fast", "10", "0Gb", "-1Gb", "10gb"])
def test_another_network_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a number of bits"):
        cost.read_bandwidth(text)
