"""A rate is named where the smoothed loss is least, divided by ten."""

import numpy as np
import pytest

from nncli.evaluate.health.rates import choose_rate, smooth


def test_smoothing_is_a_weighted_mean_of_all_losses_so_far() -> None:
    losses = np.random.default_rng(1).normal(size=20)
    for count, value in enumerate(smooth(losses.tolist()), 1):
        weights = 0.9 ** np.arange(count)[::-1]
        assert value == pytest.approx((weights * losses[:count]).sum() / weights.sum())


def test_the_rate_is_a_tenth_of_that_with_the_least_loss() -> None:
    rates = np.geomspace(1e-6, 10, 150)
    losses = np.where(np.arange(150) < 100, 2.0 - np.arange(150) / 100, 5.0)
    rate = choose_rate(rates.tolist(), losses.tolist())
    assert rate == pytest.approx(rates[99] / 10, rel=0.05)


def test_a_loss_that_does_not_fall_shows_no_rate() -> None:
    rates = np.geomspace(1e-6, 10, 50).tolist()
    assert choose_rate(rates, [2.3] * 50) is None
    assert choose_rate(rates, np.linspace(2.0, 9.0, 50).tolist()) is None
    assert choose_rate(rates[:2], [2.3, 1.0]) is None


def test_a_loss_that_is_no_number_does_not_count() -> None:
    rates = np.geomspace(1e-6, 1e-3, 31).tolist()
    losses = np.linspace(2.0, 1.0, 30).tolist()
    assert choose_rate(rates, [*losses, float("nan")]) == choose_rate(rates, losses)
