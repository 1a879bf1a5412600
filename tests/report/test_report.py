"""What pages are made of: the vendored files, curves that are thinned, drawings, shades, text that is escaped."""

import hashlib
import json
import re
from html import unescape
from pathlib import Path

import pytest

from nncli.report import page
from nncli.report.curves import MOST_POINTS, chart
from nncli.report.drawing import draw_network
from nncli.report.shading import frequent_confusions, shaded_matrix

ROOM = Path(page.__file__).parent


@pytest.mark.parametrize("name", page.VENDORED)
def test_what_is_vendored_is_what_was_taken(name: str) -> None:
    assert hashlib.sha256((ROOM / name).read_bytes()).hexdigest() == page.VENDORED[name]


def test_the_licence_stands_beside_it_and_nothing_else_does() -> None:
    assert "MIT" in (ROOM / "vendor" / "LICENSE").read_text()
    names = {path.relative_to(ROOM).as_posix() for path in (ROOM / "vendor").iterdir()}
    assert names == {*page.VENDORED, "vendor/LICENSE"}


def test_a_long_curve_keeps_its_ends_and_at_most_2000_points() -> None:
    x = list(range(1, 12_346))
    drawn = chart("loss", x, {"training": [1 / each for each in x]})
    assert len(drawn["x"]) <= MOST_POINTS + 1
    assert (drawn["x"][0], drawn["x"][-1]) == (1, 12_345)
    assert drawn["series"][0]["values"] == [pytest.approx(1 / each, rel=1e-5) for each in drawn["x"]]


@pytest.mark.parametrize(
    ("title", "values", "log"),
    [
        ("loss", [1000.0, 5.0], True),
        ("val loss", [float("inf"), 1e30, 1.0], True),
        ("loss", [90.0, 1.0], False),
        ("loss", [1000.0, 0.0], False),
        ("loss", [], False),
        ("accuracy", [0.001, 0.9], False),
    ],
)
def test_a_loss_that_changes_by_a_factor_of_100_has_a_logarithmic_axis(
    title: str, values: list[float], log: bool
) -> None:
    drawn = chart(title, range(len(values)), {"training": values})
    assert drawn["log"] is log and ("log scale" in drawn["title"]) is log


def test_values_that_are_no_numbers_become_gaps_that_json_can_hold() -> None:
    drawn = chart("loss", [1, 2, 3], {"training": [float("nan"), float("inf"), 0.5]})
    assert json.loads(json.dumps(drawn, allow_nan=False))["series"][0]["values"] == [None, None, 0.5]


def test_a_small_dense_network_has_a_circle_for_each_unit_and_a_line_for_each_weight() -> None:
    layers = [
        {"kind": "dense", "activation": "tanh", "shape": (3,), "parameters": 9},
        {"kind": "output", "activation": "sigmoid", "shape": (1,), "parameters": 4},
    ]
    drawn = draw_network((2,), layers)
    assert drawn["kind"] == "circles"
    assert (len(drawn["circles"]), len(drawn["lines"])) == (2 + 3 + 1, 2 * 3 + 3 * 1)


def test_other_networks_are_blocks_with_shapes_and_parameters() -> None:
    layers = [
        {"kind": "conv2d", "activation": "relu", "shape": (26, 26, 16), "parameters": 160},
        {"kind": "flatten", "activation": None, "shape": (10_816,), "parameters": 0},
        {"kind": "dense", "activation": None, "shape": (10,), "parameters": 108_170},
    ]
    drawn = draw_network((28, 28, 1), layers)
    assert drawn["kind"] == "blocks"
    told = [(each["name"], each["shape"], each["parameters"]) for each in drawn["blocks"]]
    assert told[0] == ("input", "28 × 28 × 1", "")
    assert told[1] == ("conv2d, relu", "26 × 26 × 16", "160 parameters")
    assert told[3][2] == "108,170 parameters"


def test_a_confusion_matrix_is_shaded_by_the_share_of_its_row() -> None:
    assert shaded_matrix([[3, 1], [0, 0]]) == [[(3, 8), (1, 2)], [(0, 0), (0, 0)]]


def test_the_most_frequent_mistakes_come_first() -> None:
    found = frequent_confusions([[5, 2, 0], [7, 1, 0], [0, 1, 9]], ["a", "b", "c"], 2)
    assert found == [("b", "a", 7, 7 / 8), ("a", "b", 2, 2 / 7)]


def test_every_text_of_a_page_is_escaped_also_inside_json() -> None:
    hostile = "</script><script>alert('1')</script>\"&"
    row = dict.fromkeys(("name", "status", "started", "data", "score", "epochs"), hostile)
    row["link"] = 'x" onclick="alert(1)'
    charts = [chart(hostile, [1], {hostile: [1.0]})]
    values = {"title": hostile, "count": hostile, "rows": [row], "version": "0", "charts": charts}
    content = page.render("index", values, draws=True).decode()
    assert "<script>alert" not in content and 'onclick="' not in content
    assert unescape(content).count(hostile) >= 7
    told = re.search(r'<script type="application/json" id="charts">(.*?)</script>', content)
    assert told is not None and json.loads(told.group(1)) == charts
