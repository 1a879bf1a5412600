"""The bundled data sets: what they hold, without scikit-learn being imported, equal to what it gives."""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import sklearn.datasets

from nncli import data
from nncli.config.facts import ImageInput, TableInput, Task
from nncli.config.sections import BUNDLED, Data
from nncli.data.dataset import Dataset
from nncli.errors import DataError


def load(source: str, seed: int = 1, **options: Any) -> Dataset:
    section = Data(**{"source": source, **options})
    return data.load(section, seed=seed, data_dir=None, progress=lambda what, share: None)


def joined(dataset: Dataset, name: str) -> np.ndarray:
    parts = (dataset.train, dataset.validation, dataset.test)
    order = np.argsort(np.concatenate([part.rows for part in parts]))
    return np.concatenate([part.targets if name == "targets" else part.inputs[name] for part in parts])[order]


def test_digits_are_images_from_0_to_16() -> None:
    dataset = load("digits")
    image = dataset.facts.inputs
    assert isinstance(image, ImageInput)
    assert (image.shape, image.scale, image.border, image.dtype) == ((8, 8, 1), 1 / 16, 0.0, "uint8")
    expected = sklearn.datasets.load_digits()
    np.testing.assert_array_equal(joined(dataset, "image")[..., 0], expected.images)
    np.testing.assert_array_equal(joined(dataset, "targets"), expected.target)
    assert dataset.facts.target.classes == tuple("0123456789")


@pytest.mark.parametrize("source", ["iris", "wine", "breast_cancer", "diabetes"])
def test_tables_are_those_of_scikit_learn(source: str) -> None:
    options = {"scaled": False} if source == "diabetes" else {}
    expected = getattr(sklearn.datasets, f"load_{source}")(**options)
    dataset = load(source)
    inputs = dataset.facts.inputs
    assert isinstance(inputs, TableInput)
    assert [column.name for column in inputs.numbers] == list(expected.feature_names)
    np.testing.assert_array_equal(joined(dataset, "numbers"), expected.data.astype(np.float32))
    targets = joined(dataset, "targets").reshape(-1)
    if dataset.facts.target.classes:
        names = [dataset.facts.target.classes[int(index)] for index in targets]
        assert names == [str(expected.target_names[index]) for index in expected.target]
    else:
        np.testing.assert_array_equal(targets, expected.target.astype(np.float32))


def test_digit_attributes_are_one_or_several_labels() -> None:
    several = load("digit_attributes")
    assert several.facts.target.task is Task.MULTILABEL
    digits = sklearn.datasets.load_digits().target
    expected = np.stack([digits % 2 == 0, digits >= 5, np.isin(digits, [0, 6, 8, 9])], axis=1)
    np.testing.assert_array_equal(joined(several, "targets"), expected)
    one = load("digit_attributes", target="has_loop")
    assert (one.facts.target.task, one.facts.target.classes) == (Task.BINARY, ("no", "yes"))
    np.testing.assert_array_equal(joined(one, "targets")[:, 0], expected[:, 2])
    with pytest.raises(DataError, match='no target "odd"'):
        load("digit_attributes", target=["odd"])


def test_columns_can_be_chosen() -> None:
    inputs = load("diabetes", features=["bmi"]).facts.inputs
    assert isinstance(inputs, TableInput)
    assert [column.name for column in inputs.numbers] == ["bmi"]


def test_the_fingerprint_is_that_of_data_and_split() -> None:
    assert load("iris").fingerprint == load("iris").fingerprint
    assert load("iris").fingerprint != load("iris", seed=2).fingerprint


@pytest.mark.parametrize(
    ("source", "options"),
    [
        ("digits", {"target": "x"}),
        ("iris", {"target": "x"}),
        ("digits", {"drop": ["x"]}),
        ("iris", {"path": "/x"}),
        ("digits", {"test": "/x"}),
        ("digits", {"task": "regression"}),
        ("wine", {"task": "binary"}),
    ],
)
def test_an_option_that_does_not_apply_is_refused(source: str, options: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        load(source, **options)


def test_no_bundled_set_imports_scikit_learn_or_pyarrow() -> None:
    code = f"""
import sys
from nncli import data
from nncli.config.sections import Data
for source in {BUNDLED!r}:
    data.load(Data(source=source), seed=1, data_dir=None, progress=lambda what, share: None)
print([name for name in ("sklearn", "scipy", "pyarrow", "tensorflow") if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
