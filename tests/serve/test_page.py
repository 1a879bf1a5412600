"""The page asks for what it draws; the numbers are those of the network, computed again with Keras and numpy."""

import base64
import hashlib
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from fastapi.testclient import TestClient
from sklearn.datasets import load_digits

from nncli.console import Console
from nncli.pipeline.folders import Folders
from nncli.pipeline.predicting.open_run import open_run
from nncli.pipeline.serving.answering import make_model
from nncli.pipeline.serving.serve import _make_model
from nncli.pipeline.serving.watching import find_newer
from nncli.run.folder import RunFolder
from nncli.run.listing import ListedRun
from nncli.serve.app import Settings, make_app
from nncli.serve.metrics import Metrics
from nncli.serve.registry import Registry

ZERO = [(0.5 + 0.2 * np.cos(turn), 0.5 + 0.32 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 40)]


def floats(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), "<f4")


def picture(packed: dict[str, Any]) -> np.ndarray:
    """The values of packed bytes, as exact as 255 steps are."""
    values = np.frombuffer(base64.b64decode(packed["bytes"]), np.uint8).reshape(packed["drawn"]).astype(float)
    return packed["low"] + values / 255 * (packed["high"] - packed["low"])


def test_the_page_is_one_file_that_may_run_nothing_else(client: TestClient) -> None:
    answer = client.get("/")
    html = answer.text
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    for tag in ("script", "style"):
        [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert policy[f"{tag}-src"] == f"'sha256-{digest}'"
        assert html.count(f"<{tag}") == 1
    assert policy["default-src"] == "'none'" and policy["connect-src"] == "'self'"
    assert (
        policy["frame-ancestors"] == "'none'" and policy["base-uri"] == "'none'" and policy["form-action"] == "'none'"
    )
    assert not re.search(r"https?://(?!127\.0\.0\.1)", html), "it loads nothing from elsewhere"
    assert not re.search(r"\s(on[a-z]+|style)=", html.partition("<script>")[0])
    assert "innerHTML" not in html and "insertAdjacentHTML" not in html and "eval(" not in html


def test_models_are_described_for_a_canvas_or_a_form(client: TestClient) -> None:
    digits, shops = client.get("/page/models").json()
    assert digits["image"] == {"shape": [8, 8, 1], "isDark": True, "isPrepared": True}
    assert digits["score"].startswith("test accuracy 0.")
    size, shop = shops["columns"]
    assert (size["name"], size["kind"], size["canLack"]) == ("size", "number", True)
    assert 0 <= size["low"] < 0.1 and 0.9 < size["high"] <= 1
    assert shop == {"name": "shop", "kind": "category", "values": ["east", "west"]}


def test_an_image_is_answered_with_what_was_seen_and_every_layer(
    client: TestClient, digits: Path, draw: Callable[..., bytes]
) -> None:
    drawn = draw(ZERO)
    told = client.post("/page/image", content=drawn).json()
    assert told["predictions"] == client.post("/predict", content=drawn).json()["predictions"]
    seen = np.round(picture(told["seen"]) * 16).astype(np.uint8)
    model = keras.models.load_model(digits / "model.keras")
    probabilities = model.predict({"image": seen[None]}, verbose=0)[0]
    layers = {each["name"]: each for each in told["layers"]}
    assert list(layers) == ["dense_1", "dense_2", "output", "probabilities"]
    np.testing.assert_allclose(floats(layers["probabilities"]["values"]), probabilities, atol=1e-5)
    hidden = keras.Model(model.input, model.get_layer("dense_1").output).predict({"image": seen[None]}, verbose=0)
    np.testing.assert_allclose(floats(layers["dense_1"]["values"]), hidden[0], atol=1e-4)


def test_the_weights_are_those_of_the_network(client: TestClient, digits: Path) -> None:
    told = client.get("/page/network").json()
    model = keras.models.load_model(digits / "model.keras")
    assert [each["name"] for each in told["layers"]] == ["flatten_1", "dense_1", "dense_2", "output"]
    for name in ("dense_1", "dense_2", "output"):
        kernel, bias = model.get_layer(name).get_weights()
        packed = told["weights"][f"{name}/kernel"]
        np.testing.assert_array_equal(floats(packed["values"]).reshape(packed["shape"]), kernel)
        np.testing.assert_array_equal(floats(told["weights"][f"{name}/bias"]["values"]), bias)
    assert told["layers"][-1]["parameters"] == sum(each.size for each in model.get_layer("output").get_weights())


def test_occlusion_shows_the_fall_of_the_probability(client: TestClient, digits: Path) -> None:
    """Covering every place of a blank image with the mean changes what covering says, and a digit's ink matters."""
    pixels = load_digits().images[0].astype(np.uint8)
    image = client.post("/predict", json=[pixels.tolist()]).json()["predictions"][0]
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels * 15).save(buffer, "PNG")
    told = client.post("/page/occlusion?as_is=1", content=buffer.getvalue()).json()
    assert told["of"] == image["prediction"]
    assert told["drawn"] == [8, 8] and told["high"] > 0


@pytest.fixture(scope="module")
def looking(shops: Path) -> Any:
    """A client that has the run's own data for comparison, and that data's encoded rows."""
    run = open_run(str(shops), Folders(), Console(quiet=True))
    model = _make_model("shops", run, Folders())
    client = TestClient(make_app(Registry([model], Metrics()), Settings()), base_url="http://127.0.0.1")
    return client, model.look()._background_rows(run.facts.inputs), keras.models.load_model(shops / "model.keras")


def test_contributions_are_the_answer_less_its_mean_over_other_values(looking: Any) -> None:
    client, others, model = looking
    told = client.post("/page/row", json=[{"size": 0.9, "shop": "west"}]).json()
    assert told["of"] == "dear"
    rows = len(others["numbers"])
    assert rows == 100

    def probability(sizes: np.ndarray, shops: np.ndarray) -> np.ndarray:
        inputs = {"numbers": sizes[:, None].astype(np.float32), "categories": shops[:, None].astype(np.int32)}
        return np.asarray(model.predict(inputs, verbose=0))[:, 0].astype(float)

    own = probability(np.array([0.9]), np.array([2]))[0]
    assert own == pytest.approx(told["predictions"][0]["probabilities"]["dear"], abs=1e-5)
    by_size = own - probability(others["numbers"][:, 0], np.full(rows, 2)).mean()
    by_shop = own - probability(np.full(rows, 0.9), others["categories"][:, 0]).mean()
    found = {each["column"]: each["contribution"] for each in told["contributions"]}
    assert found == pytest.approx({"size": by_size, "shop": by_shop}, abs=1e-4)
    move = told["moves"]["size"]
    expected = probability(np.array(move["values"]), np.full(len(move["values"]), 2))
    np.testing.assert_allclose(move["outputs"], expected, atol=1e-5)
    assert told["moves"]["shop"]["values"] == ["east", "west"]


def test_without_the_runs_own_data_contributions_rest_on_what_the_run_knows(client: TestClient) -> None:
    told = client.post("/page/row?model=shops", json=[{"size": 0.95, "shop": "west"}]).json()
    found = {each["column"]: each["contribution"] for each in told["contributions"]}
    assert set(found) == {"size", "shop"} and found["size"] > 0.1


def test_two_numbers_have_a_surface_with_the_runs_own_points(tmp_path: Path) -> None:
    import json

    import typer.testing

    from nncli.cli import app

    generator = np.random.default_rng(5)
    points = generator.uniform(-1, 1, (120, 2))
    lines = [f"{a:.3f},{b:.3f},{'up' if a > b else 'down'}" for a, b in points]
    (tmp_path / "plane.csv").write_text("\n".join(["a,b,side", *lines]) + "\n")
    (tmp_path / "plane.yaml").write_text(
        "data: {source: csv, path: plane.csv, target: side}\nmodel: {layers: [output]}\ntrain: {epochs: 3}\n"
    )
    arguments = ["train", str(tmp_path / "plane.yaml"), "--runs-dir", str(tmp_path / "runs"), "--json"]
    run = Path(json.loads(typer.testing.CliRunner().invoke(app, arguments).stdout)["run"])
    opened = open_run(str(run), Folders(), Console(quiet=True))
    client = TestClient(
        make_app(Registry([_make_model("plane", opened, Folders())], Metrics()), Settings()),
        base_url="http://127.0.0.1",
    )
    told = client.get("/page/surface").json()
    assert client.get("/page/models").json()[0]["hasSurface"] and told["columns"] == ["a", "b"]
    (left, right), (low, high) = told["ranges"]
    assert -1.3 < left < -1 and 1 < right < 1.3
    side = told["side"]
    model = keras.models.load_model(run / "model.keras")
    for row, column in ((0, 0), (0, side - 1), (side // 2, 3)):
        a, b = left + column / (side - 1) * (right - left), low + row / (side - 1) * (high - low)
        expected = float(model.predict({"numbers": np.array([[a, b]], np.float32)}, verbose=0)[0, 0])
        assert told["outputs"][row * side + column][0] == pytest.approx(expected, abs=1e-3)
    known = {(round(a, 3), round(b, 3), "up" if a > b else "down") for a, b in points}
    names = opened.facts.target.classes
    assert len(told["points"]) > 60
    assert {(round(a, 3), round(b, 3), names[int(c)]) for a, b, c in told["points"]} <= known


def test_a_newer_run_of_the_same_name_takes_the_place(shops: Path, tmp_path: Path) -> None:
    first = tmp_path / "20261127-000001-shops"
    shutil.copytree(shops, first)
    opened = open_run(str(first), Folders(), Console(quiet=True))
    registry = Registry([make_model(opened, "shops", lambda: None)], Metrics())
    client = TestClient(make_app(registry, Settings()), base_url="http://127.0.0.1")
    assert find_newer(ListedRun.read(first)) is None
    for name, status in (("20261127-000002-shops", "running"), ("20261127-000003-other", "finished")):
        shutil.copytree(shops, tmp_path / name)
        RunFolder(tmp_path / name).write_record(status=status, ended="2030-01-01T00:00:00+00:00")
    assert find_newer(ListedRun.read(first)) is None, "it is not finished, or has another name"
    newer = tmp_path / "20261127-000004-shops"
    shutil.copytree(shops, newer)
    RunFolder(newer).write_record(ended="2030-01-01T00:00:00+00:00")
    assert find_newer(ListedRun.read(first)) == newer
    before = client.post("/predict", json=[{"size": 0.5, "shop": "east"}]).json()
    registry.replace(make_model(open_run(str(newer), Folders(), Console(quiet=True)), "shops", lambda: None))
    after = client.post("/predict", json=[{"size": 0.5, "shop": "east"}]).json()
    assert (before["run"], after["run"]) == (first.name, newer.name)
    assert find_newer(ListedRun.read(newer)) is None


@pytest.fixture
def copied(digits: Path, shops: Path, tmp_path: Path) -> tuple[Path, Path, TestClient]:
    """Copies of the runs on shops and on digits that are served, and may be removed."""
    paths = tuple(tmp_path / f"20261127-00000{place}-{name}" for place, name in enumerate(("shops", "digits")))
    for source, path in zip((shops, digits), paths, strict=True):
        shutil.copytree(source, path)
    opened = [open_run(str(path), Folders(), Console(quiet=True)) for path in paths]
    models = [_make_model(path.name[16:], run, Folders()) for path, run in zip(paths, opened, strict=True)]
    app = make_app(Registry(models, Metrics()), Settings())
    return *paths, TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.mark.parametrize("is_replaced", [False, True])
def test_the_network_of_a_run_that_is_gone_answers_on_and_shows_no_other(
    copied: tuple[Path, Path, TestClient], draw: Callable[..., bytes], is_replaced: bool
) -> None:
    shops, digits, client = copied
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/predict?model=shops", {"json": [{"size": 0.5, "shop": "east"}]}),
        ("/predict?model=digits", {"content": draw(ZERO)}),
        ("/page/occlusion?model=digits", {"content": draw(ZERO)}),
    ]
    before = [client.post(path, **given).json() for path, given in asked]
    moved = shops.with_name("20261127-000009-shops")
    shops.rename(moved)
    digits.rename(shops) if is_replaced else shutil.rmtree(digits)
    assert [client.post(path, **given).json() for path, given in asked] == before
    for name in ("shops", "digits"):
        answer = client.get(f"/page/network?model={name}")
        assert answer.status_code == 410 and "is gone or has changed" in answer.json()["error"]
    answer = client.post("/page/row?model=shops", json={"size": 0.5, "shop": "east"})
    assert answer.status_code == 200 and len(answer.json()["contributions"]) == 2
    if is_replaced:
        shops.rename(digits)
    moved.rename(shops)
    assert client.get("/page/network?model=shops").status_code == 200


def test_a_run_that_is_gone_gives_place_to_newer_ones_alone(shops: Path, tmp_path: Path) -> None:
    older, served = tmp_path / "20261127-000001-shops", tmp_path / "20261127-000002-shops"
    for path, ended in ((older, "2030-01-01T00:00:00+00:00"), (served, "2030-01-02T00:00:00+00:00")):
        shutil.copytree(shops, path)
        RunFolder(path).write_record(ended=ended)
    current = ListedRun.read(served)
    shutil.rmtree(served)
    assert find_newer(current) is None
    RunFolder(older).write_record(ended="2030-01-03T00:00:00+00:00")
    assert find_newer(current) == older
    shutil.rmtree(older)
    assert find_newer(current) is None
