"""The exported model without TensorFlow: batches, checks of inputs, a quiet and light process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nncli.errors import DataError, RunError
from nncli.runtime import Predictor
from nncli.runtime.predictor import LARGEST_CHUNK


@pytest.fixture(scope="module")
def model_bytes() -> bytes:
    """Two inputs, so that names matter: outputs (sum of numbers + category, 2 * category)."""
    import keras
    import tensorflow as tf

    numbers = keras.Input((3,), name="numbers")
    categories = keras.Input((1,), name="categories", dtype="int32")
    category = keras.ops.cast(categories, "float32")
    total = keras.ops.sum(numbers, axis=1, keepdims=True) + category
    model = keras.Model([numbers, categories], keras.layers.Concatenate()([total, 2 * category]))
    return bytes(tf.lite.TFLiteConverter.from_keras_model(model).convert())


def rows(count: int) -> dict[str, np.ndarray]:
    return {
        "numbers": np.arange(3 * count, dtype="float32").reshape(count, 3),
        "categories": np.arange(count, dtype="int32")[:, None],
    }


def expected(count: int) -> np.ndarray:
    index = np.arange(count, dtype="float32")
    return np.stack([9 * index + 3 + index, 2 * index], axis=1)


@pytest.mark.parametrize("count", [1, 2, LARGEST_CHUNK, LARGEST_CHUNK + 1, 0, 5])
def test_any_number_of_rows_is_predicted_in_order(model_bytes: bytes, count: int) -> None:
    outputs = Predictor(model_bytes).predict(rows(count))

    assert outputs.dtype == np.float32
    assert np.array_equal(outputs, expected(count).reshape(count, 2))


def test_one_predictor_takes_batches_of_changing_size_from_a_file(model_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(model_bytes)
    predictor = Predictor(path, threads=1)

    assert predictor.input_names == ("categories", "numbers")
    for count in (4, 1, 3, 4):
        assert np.array_equal(predictor.predict(rows(count)), expected(count))


def test_arrays_of_higher_precision_and_other_strides_are_taken(model_bytes: bytes) -> None:
    inputs = {name: np.repeat(array, 2, axis=0)[::2] for name, array in rows(3).items()}
    inputs = {"numbers": inputs["numbers"].astype("float64"), "categories": inputs["categories"].astype("int64")}

    assert np.array_equal(Predictor(model_bytes).predict(inputs), expected(3))


def test_wrong_names_shapes_types_and_lengths_are_refused_with_what_was_expected(model_bytes: bytes) -> None:
    predictor, good = Predictor(model_bytes), rows(2)

    with pytest.raises(DataError, match=r"takes the inputs \['categories', 'numbers'\], got \['image'\]"):
        predictor.predict({"image": good["numbers"]})
    with pytest.raises(DataError, match=r"rows of shape \(3,\), got an array of shape \(2, 2\)"):
        predictor.predict({**good, "numbers": good["numbers"][:, :2]})
    with pytest.raises(DataError, match="takes int32, got float32"):
        predictor.predict({**good, "categories": good["categories"].astype("float32")})
    with pytest.raises(DataError, match="same number of rows"):
        predictor.predict({**good, "numbers": rows(3)["numbers"]})


def test_a_file_that_is_no_model_is_an_error_of_the_run(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"no model at all" * 10)

    with pytest.raises(RunError, match="cannot be loaded"):
        Predictor(path)
    with pytest.raises(RunError, match="cannot be loaded"):
        Predictor(tmp_path / "absent.tflite")


def run_program(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    program = f"import sys; sys.path.insert(0, {str(root)!r})\n{program}"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)


def test_a_prediction_says_nothing_and_loads_no_tensorflow(model_bytes: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(model_bytes)

    finished = run_program(
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from nncli.runtime import Predictor\n"
        "assert 'ai_edge_litert' not in sys.modules\n"
        "inputs = {'numbers': np.ones((1, 3), 'float32'), 'categories': np.ones((1, 1), 'int32')}\n"
        "assert Predictor(Path('model.tflite')).predict(inputs).tolist() == [[4.0, 2.0]]\n"
        "assert not {'tensorflow', 'keras', 'matplotlib', 'sklearn'} & set(sys.modules)\n",
        tmp_path,
    )

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_other_lines_written_to_stderr_while_loading_still_reach_the_user(tmp_path: Path) -> None:
    finished = run_program(
        "import os\n"
        "from nncli.runtime.quiet import without_delegate_notice\n"
        "with without_delegate_notice():\n"
        "    os.write(2, b'INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\nERROR: something else\\n')\n"
        "os.write(2, b'after\\n')\n",
        tmp_path,
    )

    assert finished.stderr.splitlines() == ["ERROR: something else", "after"]


def test_a_closed_stderr_is_no_obstacle(model_bytes: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(model_bytes)

    finished = run_program(
        "import os; os.close(2)\n"
        "from pathlib import Path\n"
        "from nncli.runtime import Predictor\n"
        "print(Predictor(Path('model.tflite')).input_names)\n",
        tmp_path,
    )

    assert finished.returncode == 0
    assert "numbers" in finished.stdout
