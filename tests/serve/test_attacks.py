"""Requests that are small and would cost a lot, or that are not what they say: refused at once, and clearly."""

import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from nncli.serve.limits import Limits

TABLES: dict[str, tuple[bytes, str]] = {
    "a million rows": (b"size,shop\n" + b"1,e\n" * 1_000_000, "more than 20,000 rows"),
    "a million rows that are ragged": (b"size,shop\n" + b"1,e,2\n" * 1_000_000, "more than 20,000 rows"),
    "lines in an open quote": (b'size,shop\n1,"' + b"x\n" * 1_000_000, "more than 20,000 rows"),
    "lines that end as on old machines": (b"size,shop\r" + b"1,e\r" * 1_000_000, "more than 20,000 rows"),
    "a million columns": (b"c," * 1_000_000 + b"\n", "1,000,001 columns"),
    "columns behind a line end in a name": (b'"size\n",' + b"c," * 100_000 + b"\n1\n", "100,002 columns"),
    "rows of different columns": (
        json.dumps([{"size": 1, f"c{place}": 2} for place in range(10_000)]).encode(),
        "10,001 columns",
    ),
    "a million lists": (b"[" + b"[]," * 1_000_001 + b"[]]", "JSON with very many lists"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_table_that_would_keep_the_server_busy_is_refused_before_it_is_read(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    def refuse(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("it was read")

    monkeypatch.setattr("nncli.data.tables.inputs.table_batches", refuse)
    content, told = TABLES[case]
    answer = client.post("/predict?model=shops", content=content)
    assert answer.status_code == 413 and told in answer.json()["error"], answer.text


LINES: dict[str, tuple[bytes, str]] = {
    "deep": (b'{"size": 1}\n{"size": ' + b"[" * 100_000, "line 2 cannot be read: it is nested too deeply"),
    "digits": (
        b'{"size": 1}\n{"size": ' + b"9" * 5_000 + b"}\n",
        "line 2 cannot be read: it has a number of thousands",
    ),
    "digits in a list": (b'[{"size": ' + b"9" * 5_000 + b"}]", "it has a number of thousands of digits"),
    "keys of their own": (
        b"".join(b'{"size": 1, "c%d": 1}\n' % place for place in range(3_000)),
        "its 3,000 objects have 3,001 different keys, but 2 each",
    ),
}


@pytest.mark.parametrize("case", LINES)
def test_json_lines_that_cannot_be_a_table_are_told(client: TestClient, case: str) -> None:
    content, told = LINES[case]
    answer = client.post("/predict?model=shops", files={"file": ("rows.jsonl", content)})
    assert answer.status_code == 400 and told in answer.json()["error"], answer.text


def test_half_a_pair_of_characters_is_a_name_like_another(client: TestClient) -> None:
    line = b'{"size": 0.9, "shop": "\\ud800"}\n'
    answer = client.post("/predict?model=shops", files={"file": ("rows.jsonl", line)})
    assert answer.status_code == 200 and len(answer.json()["predictions"]) == 1


def test_images_are_limited_together_as_well(serve: Callable[..., TestClient], digits: Path, draw: Any) -> None:
    client = serve(digits, limits=Limits(pixels_together=2 * 100 * 100))
    pictures = [("file", (f"{place}.png", draw([(0.2, 0.2), (0.8, 0.8)], side=100))) for place in range(3)]
    assert client.post("/predict", files=pictures[:2]).status_code == 200
    answer = client.post("/predict", files=pictures)
    assert answer.status_code == 413 and "20,000 pixels together" in answer.json()["error"]


def test_a_jpeg_file_of_many_scans_is_refused(client: TestClient) -> None:
    buffer = io.BytesIO()
    Image.new("L", (50, 50), 255).save(buffer, "JPEG", progressive=True)
    content = buffer.getvalue()
    assert client.post("/predict", content=content).status_code == 200
    scan = content[content.rfind(b"\xff\xda") : -2]
    answer = client.post("/predict", content=content[:-2] + scan * 100 + content[-2:])
    assert answer.status_code == 413 and "scans" in answer.json()["error"]


def test_frames_of_an_animation_are_not_read_one_by_one(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(animation: Any) -> int:
        raise AssertionError("all frames were read")

    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.n_frames", property(refuse))
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0"
    start = b"GIF89a" + struct.pack("<HH", 40, 40) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    for frames in (1, 1_000):
        warnings = client.post("/predict", content=start + frame * frames + b";").json()["warnings"]
        told = [warning for warning in warnings if "several frames or pages: only the first is used" in warning]
        assert bool(told) == (frames > 1)


def test_a_small_file_of_many_pixels_is_refused_by_its_header(client: TestClient) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    for side, status in ((8_000, 413), (60_000, 400)):
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
        bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
        answer = client.post("/predict", content=bomb)
        assert answer.status_code == status and f"{side} x {side} pixels" in answer.json()["error"]


@pytest.mark.parametrize("datatype", [["UINT8"], {}, None, "FP128"])
def test_a_datatype_that_is_none_is_told(client: TestClient, datatype: Any) -> None:
    tensor = {"name": "image", "shape": [1, 8, 8, 1], "datatype": datatype, "data": [0] * 64}
    answer = client.post("/v2/models/digits_softmax/infer", json={"inputs": [tensor]})
    assert answer.status_code == 400 and "inputs[0].datatype" in answer.json()["error"]


@pytest.mark.parametrize("origin", ["http://[", "http://[::1", "//[v]"])
def test_an_origin_that_is_no_address_is_another_site(client: TestClient, origin: str) -> None:
    row = [{"size": 0.9, "shop": "east"}]
    assert client.post("/predict?model=shops", json=row, headers={"Origin": origin}).status_code == 403


def test_two_lengths_are_not_believed(client: TestClient) -> None:
    headers = {"Content-Length": "4", "Transfer-Encoding": "chunked"}
    answer = client.post("/predict?model=shops", content=b"[{}]", headers=headers)
    assert answer.status_code == 400 and "both Content-Length and Transfer-Encoding" in answer.json()["error"]


def test_what_answers_get_answers_head(client: TestClient) -> None:
    for path in ("/", "/v2", "/v2/health/ready", "/metrics"):
        assert client.head(path).status_code == 200, path
    assert client.head("/predict").status_code == 405 and client.get("/v2/").status_code == 404


def test_the_counters_do_not_grow_with_what_clients_send(client: TestClient) -> None:
    for place in range(20):
        client.request(f"ODD{place}", f"/nothing/{place}")
    lines = client.get("/metrics").text.splitlines()
    assert [line for line in lines if 'method="other"' in line] and not [line for line in lines if "ODD" in line]


def test_a_wrong_form_is_told_to_its_sender_alone(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/predict", content=b"--x\r\nContent[: form-data\r\n\r\nx\r\n--x--\r\n", headers=headers)
    assert answer.status_code == 400 and "a form that cannot be read" in answer.json()["error"]
    assert [record for record in caplog.records if record.name.startswith("python_multipart")] == []
