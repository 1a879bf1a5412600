"""Temperature scaling, on probabilities that are known to be too sure."""

import numpy as np
import pytest

from nncli.evaluate.adjusting.temperature import fit_temperature, logits_of, scaled


def overconfident(task: str, factor: float, rows: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Targets drawn by their logits, and those logits times `factor`."""
    generator = np.random.default_rng(4)
    logits = generator.normal(0, 1.5, (rows, 4 if task == "multiclass" else 2))
    if task == "multiclass":
        targets = np.array([generator.choice(4, p=row) for row in scaled(task, logits, 1.0)])
    else:
        targets = (generator.random(logits.shape) < scaled(task, logits, 1.0)).astype(float)
    return targets, logits * factor


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
@pytest.mark.parametrize("factor", [0.4, 3.0])
def test_it_finds_the_factor_that_was_put_in(task: str, factor: float) -> None:
    targets, logits = overconfident(task, factor)
    found = fit_temperature(task, targets, logits)
    assert found.temperature == pytest.approx(factor, rel=0.06)
    assert found.is_clear


def test_calibrated_probabilities_need_none() -> None:
    targets, logits = overconfident("multiclass", 1.0)
    found = fit_temperature("multiclass", targets, logits)
    assert found.temperature == pytest.approx(1.0, abs=0.06) and not found.is_clear


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_probabilities_and_logits_are_the_same_and_the_order_stays(task: str) -> None:
    _, logits = overconfident(task, 1.0, 50)
    probabilities = scaled(task, logits, 1.0)
    np.testing.assert_allclose(scaled(task, logits_of(task, probabilities), 2.0), scaled(task, logits, 2.0), atol=1e-9)
    softer = scaled(task, logits, 3.0)
    if task == "multiclass":
        assert (softer.argmax(1) == probabilities.argmax(1)).all()
        np.testing.assert_allclose(softer.sum(1), 1.0)
    else:
        assert ((softer > 0.5) == (probabilities > 0.5)).all()


def test_an_ensemble_is_the_mean_of_its_members_and_sure_ones_stay_finite() -> None:
    logits = np.array([[[2.0], [-1.0]]])
    assert scaled("binary", logits, 1.0)[0, 0] == pytest.approx((1 / (1 + np.exp(-2)) + 1 / (1 + np.exp(1))) / 2)
    assert np.isfinite(logits_of("binary", np.array([[0.0], [1.0]]))).all()
    assert np.isfinite(scaled("binary", np.array([[1e6], [-1e6]]), 0.1)).all()
