"""The counters, read as Prometheus reads them."""

import re
from collections.abc import Callable
from pathlib import Path

from fastapi.testclient import TestClient

LINE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\]|\\.)*",?)*)\})? (\S+)$')


def read(text: str) -> dict[tuple[str, str], float]:
    """Each sample by its name and labels; every other line is a comment that Prometheus knows."""
    samples = {}
    for line in text.splitlines():
        if line.startswith("#"):
            assert re.match(r"^# (HELP [a-z_]+ .+|TYPE [a-z_]+ (counter|gauge|histogram))$", line), line
            continue
        found = LINE.match(line)
        assert found is not None, line
        samples[found[1], found[2] or ""] = float(found[3])
    return samples


def test_requests_and_rows_are_counted(serve: Callable[..., TestClient], shops: Path) -> None:
    client = serve(shops)
    for rows in (1, 3):
        client.post("/predict", json=[{"size": 0.5, "shop": "east"}] * rows)
    client.post("/predict", content=b"{")
    client.get("/made-up/path")
    answer = client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = read(answer.text)
    assert samples["nncli_requests_total", 'route="/predict",method="POST",status="200"'] == 2
    assert samples["nncli_requests_total", 'route="/predict",method="POST",status="400"'] == 1
    assert samples["nncli_requests_total", 'route="other",method="GET",status="404"'] == 1
    assert samples["nncli_rows_total", 'model="shops"'] == 4
    assert samples["nncli_batch_rows_count", 'model="shops"'] == 2
    assert samples["nncli_batch_rows_bucket", 'model="shops",le="1.0"'] == 1
    assert samples["nncli_batch_rows_bucket", 'model="shops",le="4.0"'] == 2
    assert samples["nncli_model_info", f'model="shops",version="{shops.name}"'] == 1
    assert samples["nncli_requests_in_flight", ""] == 1
    buckets = [
        value
        for (name, labels), value in samples.items()
        if name == "nncli_request_seconds_bucket" and "/predict" in labels
    ]
    assert buckets == sorted(buckets) and buckets[-1] == 3
