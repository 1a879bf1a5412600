"""NumPy archives as data sets, and what is wrong with those that are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nncli import data
from nncli.config.facts import ImageInput, Task
from nncli.config.sections import Data
from nncli.data.dataset import Dataset
from nncli.errors import DataError

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (40, 6, 5), dtype=np.uint8)
LABELS = np.arange(40) % 3


def load(path: Path, **options: Any) -> Dataset:
    section = Data(**{"source": "npz", "path": str(path), **options})
    return data.load(section, seed=1, data_dir=None, progress=lambda what, share: None)


def save(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "data.npz", **arrays)
    return folder / "data.npz"


def test_uint8_images_are_split_and_keep_their_values(tmp_path: Path) -> None:
    dataset = load(save(tmp_path, x=GREY, y=LABELS, class_names=["a", "b", "c"]))
    assert dataset.facts.inputs.shape == (6, 5, 1)
    assert dataset.facts.target.classes == ("a", "b", "c")
    np.testing.assert_array_equal(dataset.train.inputs["image"][..., 0], GREY[dataset.train.rows])
    np.testing.assert_array_equal(dataset.test.targets, LABELS[dataset.test.rows])


def test_a_test_part_is_respected(tmp_path: Path) -> None:
    path = save(tmp_path, x_train=GREY, y_train=LABELS, x_test=GREY[:7], y_test=LABELS[:7])
    assert load(path).facts.rows == {"train": 36, "validation": 4, "test": 7}


@pytest.mark.parametrize(
    ("images", "dtype", "scale"),
    [
        (GREY / 255, "float32", 1.0),
        (GREY.astype(np.int64), "uint8", 1 / 255),
        (GREY.astype(np.float64), "uint8", 1 / 255),
        (GREY // 16, "uint8", 1 / 16),
        (GREY > 100, "uint8", 1.0),
    ],
)
def test_the_range_of_images_is_recognized(tmp_path: Path, images: np.ndarray, dtype: str, scale: float) -> None:
    inputs = load(save(tmp_path, x=images, y=LABELS)).facts.inputs
    assert isinstance(inputs, ImageInput)
    assert (inputs.dtype, inputs.scale) == (dtype, scale)


def test_rows_of_numbers_are_a_table(tmp_path: Path) -> None:
    x = RANDOM.normal(size=(40, 3))
    x[5, 1] = np.nan
    dataset = load(save(tmp_path, x=x, y=x[:, 0] * 2))
    assert [column.name for column in dataset.facts.inputs.numbers] == ["x0", "x1", "x2"]  # type: ignore[union-attr]
    assert dataset.facts.target.task is Task.REGRESSION
    part = data.load_labelled(str(tmp_path / "data.npz"), dataset.facts)
    np.testing.assert_allclose(part.inputs["numbers"], x, rtol=1e-6)


def test_targets_of_several_columns(tmp_path: Path) -> None:
    labels = (RANDOM.random((40, 3)) < 0.5).astype(int)
    labels[0] = 1
    assert load(save(tmp_path, x=GREY, y=labels)).facts.target.task is Task.MULTILABEL
    one_hot = np.eye(3, dtype=int)[LABELS]
    dataset = load(save(tmp_path, x=GREY, y=one_hot))
    assert dataset.facts.target.task is Task.MULTICLASS
    np.testing.assert_array_equal(dataset.train.targets, LABELS[dataset.train.rows])
    assert load(tmp_path / "data.npz", task="multilabel").facts.target.outputs == 3


def test_an_archive_can_be_evaluated(tmp_path: Path) -> None:
    path = save(tmp_path, x=GREY, y=LABELS)
    facts = load(path).facts
    np.testing.assert_array_equal(data.load_labelled(str(path), facts).targets, LABELS)
    with pytest.raises(DataError, match="classes that the training data does not have"):
        data.load_labelled(str(save(tmp_path, x=GREY, y=LABELS + 1)), facts)
    with pytest.raises(DataError, match="the model takes"):
        data.load_labelled(str(save(tmp_path, x=GREY[:, :3], y=LABELS)), facts)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"a": GREY}, "has the arrays a"),
        ({"x": GREY, "y": LABELS[:5]}, "the numbers of rows differ"),
        ({"x": GREY, "y": np.where(LABELS, np.nan, 0)}, "NaN"),
        ({"x": GREY, "y": np.array([{}] * 40)}, "Python objects"),
        ({"x": GREY / 100 - 1, "y": LABELS}, "values from -1"),
        ({"x": np.zeros((40, 3, 9, 9), np.uint8), "y": LABELS}, "with the channels first"),
        ({"x": GREY, "y": LABELS, "class_names": ["a"]}, "class_names has 1"),
        ({"x": np.array(["a"] * 40), "y": LABELS}, "x is <U1"),
        ({"x": np.full((40, 2), np.inf), "y": LABELS}, "infinite"),
    ],
)
def test_arrays_that_do_not_fit_are_explained(tmp_path: Path, arrays: dict[str, np.ndarray], told: str) -> None:
    with pytest.raises(DataError, match=told):
        load(save(tmp_path, **arrays))


def test_a_file_that_is_no_archive_is_explained(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(DataError, match=r"not an \.npz archive"):
        load(tmp_path / "text.npz")
    whole = save(tmp_path, x=GREY, y=LABELS).read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read"):
        load(tmp_path / "cut.npz")
    np.save(tmp_path / "one.npy", GREY)
    with pytest.raises(DataError, match="one array"):
        load(tmp_path / "one.npy")
