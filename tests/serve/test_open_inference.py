"""The Open Inference Protocol: tensors in, the outputs of Keras out."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sklearn.datasets import load_digits

IMAGES = load_digits().images[:4].astype(int)


def tensor(data: Any = None, **changes: Any) -> dict[str, Any]:
    """One input of a request, for the first images of digits."""
    values = IMAGES.reshape(-1).tolist() if data is None else data
    return {"name": "image", "shape": [4, 8, 8, 1], "datatype": "UINT8", "data": values, **changes}


def test_the_server_and_its_models_describe_themselves(client: TestClient, digits: Path, shops: Path) -> None:
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True}
    assert client.get("/v2").json()["name"] == "nncli"
    images = client.get("/v2/models/digits_softmax").json()
    assert images["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, 8, 8, 1]}]
    assert images["outputs"][0] == {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}
    assert images["versions"] == [digits.name]
    table = client.get(f"/v2/models/shops/versions/{shops.name}").json()
    assert table["inputs"] == [
        {"name": "size", "datatype": "FP64", "shape": [-1, 1]}, {"name": "shop", "datatype": "BYTES", "shape": [-1, 1]},
    ]  # fmt: skip
    assert client.get("/v2/models/shops/ready").json()["ready"] is True
    assert client.get("/v2/models/none").status_code == 404
    assert client.get("/v2/models/shops/versions/1/ready").status_code == 404


@pytest.mark.parametrize("data", [IMAGES.reshape(-1).tolist(), IMAGES.tolist(), IMAGES[..., None].tolist()])
def test_probabilities_are_those_of_the_saved_keras_model(client: TestClient, digits: Path, data: Any) -> None:
    model = keras.models.load_model(digits / "model.keras")
    expected = np.asarray(model.predict(IMAGES[..., None].astype(np.uint8), verbose=0))
    answer = client.post("/v2/models/digits_softmax/infer", json={"id": "seven", "inputs": [tensor(data)]}).json()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("seven", "digits_softmax", digits.name)
    by_name = {each["name"]: each for each in answer["outputs"]}
    assert by_name["probabilities"]["shape"] == [4, 10]
    np.testing.assert_allclose(np.reshape(by_name["probabilities"]["data"], (4, 10)), expected, atol=1e-5)
    assert by_name["prediction"]["data"] == [str(place) for place in expected.argmax(axis=1)]


def test_a_table_is_given_by_its_columns(client: TestClient, shops: Path) -> None:
    body = {
        "inputs": [
            {"name": "shop", "shape": [2], "datatype": "BYTES", "data": ["east", "west"]},
            {"name": "size", "shape": [2, 1], "datatype": "FP32", "data": [0.9, None]},
        ],
        "outputs": [{"name": "probabilities"}],
    }
    [output] = client.post("/v2/models/shops/infer", json=body).json()["outputs"]
    assert output["shape"] == [2, 2]
    rows = [{"shop": "east", "size": 0.9}, {"shop": "west", "size": None}]
    told = client.post("/predict?model=shops", json=rows).json()["predictions"]
    names = client.get("/v2/models/shops").json()["parameters"]["names"]
    expected = [[each["probabilities"][name] for name in names] for each in told]
    np.testing.assert_allclose(np.reshape(output["data"], (2, 2)), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "`inputs`"),
        ([], "`inputs`"),
        ({"inputs": [{}]}, "without a name"),
        ({"inputs": [tensor(shape=[4, 8, 8])]}, None),
        ({"inputs": [tensor(shape=[4, 64])]}, "[rows, 8, 8, 1]"),
        ({"inputs": [tensor(shape=[5, 8, 8, 1])]}, "320"),
        ({"inputs": [tensor(shape=[-1, 8, 8, 1])]}, "list of sizes"),
        ({"inputs": [tensor(shape=[10**9] * 4)]}, "as its shape says"),
        ({"inputs": [tensor(datatype="INT4")]}, "INT4"),
        ({"inputs": [tensor(["x"] * 256)]}, "numbers"),
        ({"inputs": [tensor([[1, 2], 3])]}, "nested unevenly"),
        ({"inputs": [tensor([300] * 256)]}, "0 to 16"),
        ({"inputs": [tensor(name="picture")]}, "also image"),
        ({"inputs": []}, "got no inputs, expected image"),
        ({"inputs": [{"name": "image", "shape": [1], "datatype": "UINT8"}]}, "without data"),
        ({"inputs": [tensor()], "outputs": [{"name": "logits"}]}, "logits"),
        ({"inputs": [tensor()], "outputs": 3}, "outputs"),
    ],
)
def test_a_wrong_request_gets_one_clear_error(client: TestClient, body: Any, told: str | None) -> None:
    answer = client.post("/v2/models/digits_softmax/infer", json=body)
    if told is None:  # the axis of a single channel may be left out
        assert answer.status_code == 200
    else:
        assert answer.status_code == 400, answer.text
        assert told in answer.json()["error"]


def test_a_row_that_cannot_be_read_refuses_the_request(client: TestClient) -> None:
    body = {
        "inputs": [
            {"name": "shop", "shape": [2], "datatype": "BYTES", "data": ["east", "west"]},
            {"name": "size", "shape": [2], "datatype": "BYTES", "data": ["1", "big"]},
        ]
    }
    answer = client.post("/v2/models/shops/infer", json=body)
    assert answer.status_code == 400 and '"big" is not a number' in answer.json()["error"]
