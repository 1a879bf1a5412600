"""`POST /predict` gives what `nncli predict` gives, for everything that it takes."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.testing
from fastapi.testclient import TestClient
from PIL import Image
from sklearn.datasets import load_digits

from nncli.cli import app
from nncli.serve.limits import Limits

SEVEN = [(0.25, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)]
ZERO = [(0.5 + 0.2 * np.cos(turn), 0.5 + 0.32 * np.sin(turn)) for turn in np.linspace(0, 2 * np.pi, 40)]
Draw = Callable[..., bytes]

ROWS = "shop,size\neast,0.9\nwest,\nmoon,0.2\neast,7\n"


def nncli(*arguments: object, stdin: bytes | None = None) -> typer.testing.Result:
    return typer.testing.CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)


def predicted(run: Path, content: bytes, *options: object) -> list[dict[str, Any]]:
    """What the command line answers to the same bytes on stdin."""
    outcome = nncli("predict", "-", "--run", run, "--json", *options, stdin=content)
    found: list[dict[str, Any]] = json.loads(outcome.stdout)["predictions"]
    return found


def test_a_table_is_answered_as_by_predict(client: TestClient, shops: Path) -> None:
    answer = client.post("/predict?model=shops", content=ROWS.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 200
    told = answer.json()
    assert told["predictions"] == predicted(shops, ROWS.encode())
    assert told["run"] == shops.name
    assert any("outside the training range" in warning and "(7)" in warning for warning in told["warnings"])
    assert any("moon" in warning for warning in told["warnings"])


def test_json_rows_are_answered_as_the_same_rows_of_a_table(client: TestClient, shops: Path) -> None:
    rows = [{"shop": "east", "size": 0.9}, {"shop": "west", "size": None}, {"shop": "moon", "size": 0.2}]
    expected = predicted(shops, ROWS.encode())[:3]
    for body in (rows, {"rows": rows}):
        assert client.post("/v1/predict?model=shops", json=body).json()["predictions"] == expected
    assert client.post("/predict?model=shops", json=rows[0]).json()["predictions"] == expected[:1]


def test_rows_that_cannot_be_read_are_told_and_the_others_answered(client: TestClient) -> None:
    told = client.post("/predict?model=shops", json=[{"shop": "east", "size": "x"}, {"shop": "east", "size": 1}]).json()
    assert [each["input"] for each in told["predictions"]] == ["-:row 2"]
    assert told["failures"] == [{"input": "-:row 1", "error": 'column "size": "x" is not a number'}]


def test_answers_as_csv_are_those_of_the_command_line(client: TestClient, shops: Path) -> None:
    answer = client.post("/predict?model=shops&keep=1", content=ROWS.encode(), headers={"Accept": "text/csv"})
    outcome = nncli("predict", "-", "--run", shops, "--format", "csv", "--keep", stdin=ROWS.encode())
    assert answer.text == outcome.stdout
    assert answer.headers["content-disposition"].startswith("attachment")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["shop"] for row in rows] == ["east", "west", "moon", "east"]


def test_drawings_are_prepared_and_marked_as_by_predict(draw: Draw, client: TestClient, digits: Path) -> None:
    for picture in (draw(SEVEN), draw(SEVEN, form="JPEG"), draw(ZERO)):
        told = client.post("/predict", content=picture).json()
        assert told["predictions"] == predicted(digits, picture)
    assert told["predictions"][0]["prediction"] == "0"
    noise = np.random.default_rng(0).integers(0, 17, (1, 8, 8)).tolist()
    marked = client.post("/predict", json=noise).json()
    assert marked["predictions"][0]["unlike_training"] > 1
    assert any("unlike the training images" in warning for warning in marked["warnings"])


@pytest.mark.parametrize("options", [{"as_is": "1"}, {"split": "true"}, {"top": "2"}])
def test_the_options_are_those_of_predict(
    draw: Draw, client: TestClient, digits: Path, options: dict[str, str]
) -> None:
    two = draw([(0.15, 0.2), (0.15, 0.8)], [(0.6, 0.2), (0.9, 0.2), (0.7, 0.8)])
    [(name, value)] = options.items()
    words = [f"--{name.replace('_', '-')}", *([value] if name == "top" else [])]
    assert client.post("/predict", params=options, content=two).json()["predictions"] == predicted(digits, two, *words)


def test_a_threshold_takes_the_place_of_the_runs(client: TestClient, shops: Path) -> None:
    for threshold in (0.01, 0.99):
        told = client.post(f"/predict?model=shops&threshold={threshold}", content=ROWS.encode()).json()
        assert told["predictions"] == predicted(shops, ROWS.encode(), "--threshold", threshold)


def test_files_of_a_form_are_answered_by_their_names(client: TestClient, digits: Path, tmp_path: Path) -> None:
    images = load_digits().images[:3]
    files = []
    for place, pixels in enumerate(images):
        path = tmp_path / f"{place}.png"
        Image.fromarray((pixels * 15).astype(np.uint8)).resize((64, 64), Image.Resampling.NEAREST).save(path)
        files.append(("file", (f"../../etc/{place}.png", path.read_bytes(), "image/png")))
    told = client.post("/predict", files=files).json()["predictions"]
    assert [each["input"] for each in told] == [f"../../etc/{place}.png" for place in range(3)]
    outcome = nncli("predict", *(tmp_path / f"{place}.png" for place in range(3)), "--run", digits, "--json")
    expected = json.loads(outcome.stdout)["predictions"]
    assert [{**each, "input": ""} for each in told] == [{**each, "input": ""} for each in expected]


def test_pixels_as_json_are_what_the_network_takes(client: TestClient, digits: Path, tmp_path: Path) -> None:
    images = load_digits().images[5:8]
    np.savez(tmp_path / "some.npz", x=images[..., None].astype(np.uint8))
    told = client.post("/predict", json=images.tolist()).json()["predictions"]
    outcome = nncli("predict", tmp_path / "some.npz", "--run", digits, "--json")
    expected = json.loads(outcome.stdout)["predictions"]
    assert [each["probabilities"] for each in told] == [each["probabilities"] for each in expected]


def test_a_body_is_never_taken_for_the_path_of_a_file(client: TestClient, tmp_path: Path) -> None:
    """On stdin, `nncli predict -` takes a list of paths; what comes from elsewhere must open nothing."""
    path = tmp_path / "rows.csv"
    path.write_text(ROWS)
    for model in ("shops", "digits_softmax"):
        answer = client.post(f"/predict?model={model}", content=f"{path}\n{path}\n".encode())
        assert answer.status_code == 400, answer.text
        assert "east" not in answer.text


def test_no_upload_reaches_the_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("a file was made")

    noise = np.random.default_rng(0).integers(0, 255, (900, 900, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    assert len(buffer.getvalue()) > 1 << 21
    rows = ROWS + "east,0.5\n" * 19_000
    for name in ("mkstemp", "TemporaryFile", "NamedTemporaryFile"):
        monkeypatch.setattr(f"tempfile.{name}", refuse)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", refuse)
    assert client.post("/predict", files={"file": ("noise.png", buffer.getvalue())}).status_code == 200
    assert client.post("/predict?model=shops", files={"file": ("rows.csv", rows.encode())}).status_code == 200
    assert client.post("/predict?model=shops", json=[{"shop": "east", "size": 0.5}] * 5000).status_code == 200


WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "nothing": ({"content": b""}, 400, "empty body"),
    "no json": ({"content": b'{"size": '}, 400, "not JSON"),
    "nan": ({"content": b'[{"size": NaN, "shop": "east"}]'}, 400, "NaN is not JSON"),
    "deep": ({"content": b"[" * 100_000}, 400, "nested too deeply"),
    "text": ({"json": "seven"}, 400, "not JSON|no rows|no column"),
    "rows of numbers": ({"json": [1, 2]}, 400, "row 1 as a number"),
    "nested": ({"json": [{"size": [1], "shop": "east"}]}, 400, "array or object in column 'size'"),
    "no rows": ({"json": []}, 400, "no rows"),
    "other columns": ({"json": [{"weight": 1}]}, 400, 'no column "size"|no column "shop"'),
    "an image": ({"content": b"\x89PNG\r\n" + bytes(50)}, 400, "is an image"),
    "packed": ({"content": b"\x1f\x8b" + bytes(50)}, 415, "a gzip file"),
    "archive": ({"content": b"PK\x03\x04" + bytes(50)}, 415, "a zip archive"),
    "latin": ({"content": b"shop,size\n\xff\xfe\xff,1\n"}, 400, "UTF-8|utf-8"),
    "unknown option": ({"params": {"model": "shops", "topp": "1"}, "json": []}, 400, "topp"),
    "wrong number": ({"params": {"model": "shops", "top": "0"}, "json": []}, 400, "from 1"),
    "wrong threshold": ({"params": {"model": "shops", "threshold": "nan"}, "json": []}, 400, "from 0 to 1"),
    "unknown model": ({"params": {"model": "<b>"}, "json": []}, 404, "shops"),
    "broken form": ({"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}}, 400, "form"),
    "form without files": (
        {
            "content": b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
            "headers": {"Content-Type": "multipart/form-data; boundary=x"},
        },
        400,
        "a form without files",
    ),
    "nothing in an object": ({"content": b"{}"}, 400, "the input is empty"),
    "no row in null": ({"content": b"null"}, 400, "the input has no rows"),
    "empty file": ({"files": {"file": ("rows.csv", b"")}}, 400, "rows.csv is empty"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_gets_one_clear_error(client: TestClient, case: str) -> None:
    request, status, told = WRONG[case]
    answer = client.post("/predict", **{"params": {"model": "shops"}, **request})
    assert answer.status_code == status, answer.text
    content = answer.json()
    assert any(part in content["error"] for part in told.split("|")), content
    assert "\n" not in content["error"] and "Traceback" not in answer.text and "/nncli/" not in answer.text


def test_a_wrong_request_for_images_gets_one_clear_error(draw: Draw, client: TestClient) -> None:
    table = client.post("/predict", content=ROWS.encode())
    assert table.status_code == 400 and "not a readable image" in table.json()["error"]
    damaged = client.post("/predict", content=draw(SEVEN)[:200])
    assert damaged.status_code == 400 and "damaged" in damaged.json()["error"]
    shape = client.post("/predict", json=[[[1.0, 2.0]]])
    assert shape.status_code == 400 and shape.json()["expected"] == "[rows, 8, 8, 1]"
    large = client.post("/predict", json=[[[17.0] * 8] * 8])
    assert large.status_code == 400 and large.json()["expected"] == "numbers from 0 to 16"
    keep = client.post("/predict?model=shops&split=1", content=ROWS.encode())
    assert keep.status_code == 400 and "--split" in keep.json()["error"]


def test_more_than_the_limits_is_refused(
    draw: Draw, serve: Callable[..., TestClient], digits: Path, shops: Path
) -> None:
    limits = Limits(body_bytes=60_000, pixels=150 * 150, rows=3, images=2)
    client = serve(digits, shops, limits=limits)
    assert client.post("/predict", content=bytes(60_001)).status_code == 413
    chunks = client.post("/predict", content=(bytes(1000) for _ in range(100)))
    assert chunks.status_code == 413 and "60,000 bytes" in chunks.json()["error"]
    assert client.post("/predict", content=draw(SEVEN, side=150)).status_code == 200
    assert client.post("/predict", content=draw(SEVEN, side=151)).status_code == 413
    assert client.post("/predict?model=shops", content=ROWS.encode()).status_code == 413
    assert client.post("/predict?model=shops", json=[{"shop": "east", "size": 1}] * 4).status_code == 413
    wide = ",".join(f"c{place}" for place in range(10_001))
    narrow = serve(shops, limits=Limits(columns=10_000))
    assert "10,001 columns" in narrow.post("/predict", content=f"{wide}\n{wide}\n".encode()).json()["error"]
    row = {"shop": "east", "size": 1, **dict.fromkeys(wide.split(","), 0)}
    assert narrow.post("/predict", json=[row]).status_code == 413
    listed = json.dumps([{"shop": "east", "size": place / 9000} for place in range(9000)]).encode()
    assert narrow.post("/predict", files={"file": ("rows.json", listed)}).status_code == 200
    many = [("file", ("x.png", draw(SEVEN, side=20))) for _ in range(3)]
    assert client.post("/predict", files=many).status_code in (400, 413)
