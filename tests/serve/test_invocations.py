"""MLflow's four shapes, and CSV, mean the same rows."""

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sklearn.datasets import load_digits

ROWS = [{"size": 0.9, "shop": "east"}, {"size": None, "shop": "west"}]
SHAPES: dict[str, Any] = {
    "dataframe_split": {"dataframe_split": {"columns": ["shop", "size"], "data": [["east", 0.9], ["west", None]]}},
    "with an index": {
        "dataframe_split": {"index": [7, 8], "columns": ["size", "shop"], "data": [[0.9, "east"], [None, "west"]]}
    },
    "dataframe_records": {"dataframe_records": ROWS},
    "instances": {"instances": ROWS},
    "instances in the order of the columns": {"instances": [[0.9, "east"], [None, "west"]]},
    "inputs": {"inputs": {"size": [0.9, None], "shop": ["east", "west"]}},
    "inputs of one column each": {"inputs": {"size": [[0.9], [None]], "shop": [["east"], ["west"]]}},
}


@pytest.fixture
def expected(client: TestClient) -> Any:
    return client.post("/predict?model=shops", json=ROWS).json()["predictions"]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_answered_as_the_same_rows(client: TestClient, expected: Any, shape: str) -> None:
    answer = client.post("/invocations?model=shops", json=SHAPES[shape])
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"predictions": expected}


def test_a_csv_is_answered_as_the_same_rows(client: TestClient, expected: Any) -> None:
    content = b"size,shop\n0.9,east\n,west\n"
    answer = client.post("/invocations?model=shops", content=content, headers={"Content-Type": "text/csv"})
    assert answer.json() == {"predictions": expected}


def test_images_are_instances_or_one_input(client: TestClient) -> None:
    images = load_digits().images[:3].tolist()
    expected = client.post("/predict", json=images).json()["predictions"]
    for body in ({"instances": images}, {"inputs": images}, {"inputs": {"image": images}}):
        assert client.post("/invocations", json=body).json() == {"predictions": expected}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ([], "without inputs"),
        ({"rows": []}, "without inputs"),
        ({"instances": [], "inputs": []}, "instances and inputs"),
        ({"instances": []}, "no rows"),
        ({"instances": "x"}, "instances"),
        ({"inputs": {"size": [1, 2], "shop": ["east"]}}, "same length"),
        ({"inputs": {}}, "same length"),
        ({"instances": [[1]]}, "rows of 2 values"),
        ({"dataframe_split": {"columns": ["size"]}}, "dataframe_split"),
        ({"dataframe_split": {"columns": ["size", "shop"], "data": [[1]]}}, "data[0] with 1 values"),
        ({"dataframe_records": {"size": 1}}, "a list of objects"),
        ({"dataframe_records": [{"size": 1, "shop": "east"}, {"size": "x", "shop": "east"}]}, "is not a number"),
    ],
)
def test_a_wrong_request_gets_one_clear_error(client: TestClient, body: Any, told: str) -> None:
    answer = client.post("/invocations?model=shops", json=body)
    assert answer.status_code == 400, answer.text
    assert told in answer.json()["error"]
