"""Permutation importance against scikit-learn's own, occlusion on a model that looks at a single place."""

import numpy as np
import pytest
from sklearn.inspection import permutation_importance as theirs
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score

from nncli.evaluate.importance import pictures
from nncli.evaluate.importance.occlusion import occlusion_maps
from nncli.evaluate.importance.permutation import ColumnImportance, permutation_importance

pytestmark = pytest.mark.drawn


@pytest.fixture
def table() -> tuple[np.ndarray, np.ndarray, LinearRegression]:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(200, 3))
    targets = 3 * inputs[:, 0] + inputs[:, 1] + generator.normal(0, 0.1, 200)
    return inputs, targets, LinearRegression().fit(inputs[:, :], targets)


def test_it_is_that_of_scikit_learn(table: tuple[np.ndarray, np.ndarray, LinearRegression]) -> None:
    inputs, targets, model = table
    before = inputs.copy()
    found = permutation_importance(
        {name: [("numbers", index)] for index, name in enumerate("abc")},
        {"numbers": inputs},
        lambda arrays: model.predict(arrays["numbers"]),
        lambda answers: r2_score(targets, answers),
    )
    expected = theirs(model, inputs, targets, n_repeats=5, random_state=0)
    assert [column.name for column in found] == ["a", "b", "c"]
    for index, column in enumerate(found):
        assert column.importance == pytest.approx(expected.importances_mean[index], abs=1e-9)
        assert column.deviation == pytest.approx(expected.importances_std[index], abs=1e-9)
    assert found[0].is_clear and found[1].is_clear
    assert (inputs == before).all()


def test_places_of_a_column_move_together_and_a_column_that_is_not_read_has_none() -> None:
    generator = np.random.default_rng(1)
    angle = generator.uniform(0, 6, 300)
    inputs = {"numbers": np.stack([np.sin(angle), np.cos(angle), generator.normal(size=300)], axis=1)}

    def predict(arrays: dict[str, np.ndarray]) -> np.ndarray:
        radius = np.hypot(arrays["numbers"][:, 0], arrays["numbers"][:, 1])
        np.testing.assert_allclose(radius, 1.0)  # sine and cosine of one row
        return arrays["numbers"][:, 0]

    columns = {"day": [("numbers", 0), ("numbers", 1)], "random": [("numbers", 2)]}
    found = permutation_importance(columns, inputs, predict, lambda answers: r2_score(np.sin(angle), answers))
    assert found[0].name == "day" and found[0].importance > 0.5
    assert found[1] == ColumnImportance("random", 0.0, 0.0) and not found[1].is_clear


def test_occlusion_marks_the_place_that_is_looked_at() -> None:
    images = np.zeros((1, 14, 14, 1), np.uint8)
    images[0, 3, 10] = 200
    maps = occlusion_maps(images, np.zeros((14, 14, 1)), lambda _, covered: covered[:, 3, 10, 0] / 255)
    assert np.unravel_index(maps[0].argmax(), (14, 14)) == (3, 10)
    assert maps[0, 3, 10] == pytest.approx(200 / 255)
    assert not maps[0, 8:].any() and not maps[0, :, :8].any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (5, 3, 3), (20, 31, 1)])
def test_images_of_any_size_are_covered_everywhere(shape: tuple[int, int, int]) -> None:
    images = np.full((1, *shape), 255, np.uint8)
    maps = occlusion_maps(images, np.zeros(shape), lambda _, covered: covered.mean(axis=(1, 2, 3)))
    assert maps.shape == (1, *shape[:2]) and (maps > 0).all()


def test_the_pictures_can_be_drawn() -> None:
    columns = [ColumnImportance(f"column {index}", 1 / (index + 1), 0.1) for index in range(40)]
    assert pictures.importance_bars(columns, "r2_score").png.startswith(b"\x89PNG")
    images = np.zeros((2, 8, 8, 3), np.uint8)
    maps = {"occlusion": np.zeros((2, 8, 8)), "LayerCAM": np.ones((2, 4, 4))}
    assert pictures.importance_maps(images, ["a", "b"], maps).startswith(b"\x89PNG")
