"""The points of `shapes`: where they lie, that the seed decides on them, which options they take."""

from typing import Any

import numpy as np
import pytest
import sklearn.datasets
import sklearn.neighbors

from nncli import data
from nncli.config.facts import TableInput, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.errors import DataError


def load(seed: int = 1, **options: Any) -> Dataset:
    section = Data(**{"source": "shapes", **options})
    return data.load(section, seed=seed, data_dir=None, progress=lambda what, share: None)


def points_of(dataset: Dataset) -> tuple[np.ndarray, np.ndarray]:
    parts = (dataset.train, dataset.validation, dataset.test)
    points = np.concatenate([part.inputs["numbers"] for part in parts])
    return points.astype(float), np.concatenate([part.targets.reshape(-1) for part in parts]).astype(int)


def test_circles_are_a_disc_within_a_ring() -> None:
    dataset = load(noise=0)
    points, classes = points_of(dataset)
    radius = np.linalg.norm(points, axis=1)
    assert dataset.facts.target.classes == ("inner", "outer")
    assert (len(points), int(classes.sum())) == (500, 250)
    assert radius[classes == 0].max() <= 0.5
    assert 0.7 <= radius[classes == 1].min() <= 0.72
    assert 0.98 <= radius.max() <= 1.0001


def test_moons_are_those_of_scikit_learn_centred() -> None:
    dataset = load(shape="moons", noise=0, samples=2000)
    points, classes = points_of(dataset)
    assert dataset.facts.target.classes == ("lower", "upper")
    expected, truth = sklearn.datasets.make_moons(2000, noise=None)
    for number in (0, 1):
        curve = expected[truth == number] - (0.5, 0.25)
        apart = np.linalg.norm(points[classes != number][:, None] - curve[None], axis=2).min(axis=1)
        assert apart.max() < 0.002  # no point is off the curve
        assert np.linalg.norm(curve[:, None] - points[classes != number][None], axis=2).min(axis=1).max() < 0.05


def test_the_class_of_xor_is_the_sign_of_the_product() -> None:
    dataset = load(shape="xor", noise=0)
    points, classes = points_of(dataset)
    assert dataset.facts.target.classes == ("different", "same")
    np.testing.assert_array_equal(classes, points.prod(axis=1) > 0)
    assert np.abs(points).min() >= 0.06
    assert {tuple(row) for row in np.sign(points).tolist()} == {(1, 1), (1, -1), (-1, 1), (-1, -1)}


@pytest.mark.parametrize(("arms", "task"), [(2, Task.BINARY), (3, Task.MULTICLASS), (5, Task.MULTICLASS)])
def test_spirals_are_one_arm_turned_and_no_line_separates_them(arms: int, task: Task) -> None:
    dataset = load(shape="spirals", arms=arms, samples=300 * arms, noise=0)
    points, classes = points_of(dataset)
    assert (dataset.facts.target.task, dataset.facts.target.classes[-1]) == (task, f"arm_{arms}")
    np.testing.assert_array_equal(np.bincount(classes), [300] * arms)
    turned = (points[:, 0] + 1j * points[:, 1]) * np.exp(-2j * np.pi * classes / arms)
    radius = np.abs(turned)
    np.testing.assert_allclose(turned, radius * np.exp(2j * np.pi * 3.5 / arms * radius), atol=1e-5)
    neighbours = sklearn.neighbors.KNeighborsClassifier(1).fit(points[::2], classes[::2])
    assert neighbours.score(points[1::2], classes[1::2]) > 0.97


def test_noise_is_normal_with_the_standard_deviation_that_is_given() -> None:
    clean, _ = points_of(load(samples=4000, noise=0))
    noisy, _ = points_of(load(samples=4000, noise=0.2))
    assert (noisy - clean).std(axis=0) == pytest.approx([0.2, 0.2], rel=0.05)
    assert abs((noisy - clean).mean()) < 0.01


def test_the_seed_decides_on_the_points() -> None:
    assert load().fingerprint == load().fingerprint
    assert load(shape="moons").fingerprint != load().fingerprint
    assert load(seed=2).fingerprint != load().fingerprint
    one, other = points_of(load()), points_of(load(seed=2))
    assert not np.isin(one[0][:, 0], other[0][:, 0]).any()


def test_all_options_can_be_left_out_and_columns_chosen() -> None:
    inputs = load().facts.inputs
    assert isinstance(inputs, TableInput)
    assert [column.name for column in inputs.numbers] == ["x1", "x2"]
    only = load(features=["x2"]).facts.inputs
    assert isinstance(only, TableInput)
    assert [column.name for column in only.numbers] == ["x2"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"arms": 3}, "data.arms: expected shape spirals, got circles"),
        ({"target": "x1"}, 'has the target "class"'),
        ({"path": "/x"}, "takes no `path`"),
        (
            {"source": "iris", "shape": "moons", "noise": 0.0},
            "data.shape: expected source shapes, got iris\ndata.noise",
        ),
        ({"size": 3}, "expected source images, got shapes"),
    ],
)
def test_an_option_that_does_not_apply_is_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(DataError, match=told):
        load(**options)
