"""Pictures of matplotlib inside a page: what they show stays, in the page's colours, and nothing else comes with it."""

import base64
import io
import re
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from nncli.evaluate import plots
from nncli.evaluate.plots.canvas import Picture, new_figure, to_svg
from nncli.evaluate.plots.images.kernels import kernel_tiles
from nncli.evaluate.plots.ranking import _thin_out
from nncli.report.figures import MOST_BYTES, inline_figure
from nncli.report.tiles import lay_out_tiles

pytestmark = pytest.mark.drawn

GENERATOR = np.random.default_rng(2)
HOSTILE = b"""<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
 viewBox="0 0 10 10" onload="alert(1)">
 <script>alert(2)</script><style>* { fill: url(http://a.example/b) }</style>
 <foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="alert(3)"/></body></foreignObject>
 <a xlink:href="javascript:alert(4)"><text>click</text></a>
 <image xlink:href="http://a.example/c.png" width="4" height="4"/>
 <use xlink:href="http://a.example/d.svg#e"/><animate attributeName="href" to="javascript:alert(5)"/>
 <path d="M 0 0 L 1 1" onclick="alert(6)" style="fill: url(http://a.example/f); stroke: #000000" clip-path="url(http://g)"/>
 <text x="1" style="font: 9px 'a'; fill: #ffffff">&lt;b&gt;bold&lt;/b&gt; "&amp;"</text>
</svg>"""


def residuals(rows: int) -> Picture:
    truth = GENERATOR.random((rows, 1))
    return plots.residuals(truth, truth + GENERATOR.normal(scale=0.1, size=(rows, 1)), ("y",))


@pytest.fixture(scope="module")
def few() -> tuple[np.ndarray, np.ndarray, Picture]:
    truth, answers = GENERATOR.random((40, 1)), GENERATOR.random((40, 1))
    return truth, answers, plots.residuals(truth, answers, ("y",))


def test_only_what_draws_comes_into_a_page() -> None:
    told = inline_figure(HOSTILE, "own", 'it is "so" & <so>')
    assert not re.search(r"alert|script|example|http|onerror|onclick|onload|style=|foreign|animate|<a", told)
    root = ElementTree.fromstring(told)
    assert root.get("aria-label") == 'it is "so" & <so>'
    assert [(each.tag, each.attrib) for each in root if each.tag == "path"] == [
        ("path", {"d": "M 0 0 1 1", "class": "s-ink"})
    ]
    [text] = root.iter("text")
    assert (text.text, text.attrib) == ('<b>bold</b> "&"', {"x": "1", "font-size": "9"}), "text has the page's ink"


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG", b"<html/>", b"<svg viewBox='all'/>", b"<svg/>", b"<svg" + b" " * MOST_BYTES]
)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError):
        inline_figure(content, "own", "")


def test_entities_that_grow_are_refused() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    content = f'<!DOCTYPE svg [<!ENTITY e0 "aaaaaaaaaa">{bomb}]><svg viewBox="0 0 1 1"><text>&e8;</text></svg>'
    with pytest.raises(ValueError):
        inline_figure(content.encode(), "own", "")


def test_the_points_of_a_page_are_the_residuals(few: tuple[np.ndarray, np.ndarray, Picture]) -> None:
    truth, answers, picture = few
    root = ElementTree.fromstring(inline_figure(picture.svg, "residuals", "residuals"))
    points = [each for each in root.iter("use") if each.get("fill-opacity") == "0.6"]
    across = np.array([float(each.attrib["x"]) for each in points])
    up = np.array([float(each.attrib["y"]) for each in points])
    # A picture is a linear map of what it shows, with y from above.
    assert np.corrcoef(across, answers[:, 0])[0, 1] == pytest.approx(1, abs=1e-6)
    assert np.corrcoef(up, (truth - answers)[:, 0])[0, 1] == pytest.approx(-1, abs=1e-6)
    assert {each.get("class") for each in points} == {"f-first"}
    texts = [each.text for each in root.iter("text")]
    assert "predicted y" in texts and "true - predicted" in texts, "texts stay texts"


def test_two_pictures_share_no_name_and_miss_none(few: tuple[np.ndarray, np.ndarray, Picture]) -> None:
    page = "".join(inline_figure(few[2].svg, name, name) for name in ("one", "two"))
    names = re.findall(r' id="([^"]+)"', page)
    used = set(re.findall(r'href="#([^"]+)"', page)) | set(re.findall(r"url\(#([^)]+)\)", page))
    assert len(names) == len(set(names)) and used == set(names)
    assert {name.partition("-")[0] for name in names} == {"one", "two"}


def test_black_and_white_are_those_of_the_page(few: tuple[np.ndarray, np.ndarray, Picture]) -> None:
    page = inline_figure(few[2].svg, "own", "own")
    assert not re.search(r"#000|#fff|style=", page)
    assert 'class="f-paper"' in page and 's-ink"' in page


def test_many_points_are_a_picture_that_is_seen_through() -> None:
    page = inline_figure(residuals(3000).svg, "own", "own")
    assert len(page) < 60_000 and page.count("<use") < 50
    [picture] = re.findall(r'href="data:image/png;base64,([^"]+)"', page)
    with Image.open(io.BytesIO(base64.b64decode(picture))) as opened:
        seen = np.asarray(opened.convert("RGBA"))[..., 3]
    assert seen.min() == 0 and seen.max() > 50


def test_the_same_figure_has_the_same_bytes() -> None:
    def draw() -> bytes:
        figure = new_figure(2, 2)
        figure.subplots().plot([1, 2], [3, 1])
        return to_svg(figure)

    assert draw() == draw()


@pytest.mark.parametrize("make", [lambda up: up, np.sqrt, np.square])
def test_a_thinned_curve_encloses_the_same_area(make: Callable[[np.ndarray], np.ndarray]) -> None:
    across = np.linspace(0, 1, 50_000)
    up = make(across)
    thin_across, thin_up = _thin_out(across, up)
    assert len(thin_across) <= 1300
    assert (thin_across[0], thin_across[-1], thin_up[0], thin_up[-1]) == (0, 1, up[0], up[-1])
    assert np.trapezoid(thin_up, thin_across) == pytest.approx(np.trapezoid(up, across), abs=1e-4)


def test_tiles_have_the_colours_of_their_weights() -> None:
    kernels = np.zeros((4, 3, 2, 5))
    kernels[1, 2, :, 4], kernels[3, 0, :, 0] = 2.0, -1.0
    tiles = kernel_tiles(kernels)
    assert (tiles.count, tiles.tile, tiles.limit) == (5, (4, 3), 2.0)
    with Image.open(io.BytesIO(tiles.png)) as opened:
        pixels = np.asarray(opened.convert("RGBA")).astype(int)

    def place(unit: int, row: int, column: int) -> tuple[int, int]:
        down, across = tiles.tile[0] + tiles.gap[0], tiles.tile[1] + tiles.gap[1]
        return unit // tiles.columns * down + row, unit % tiles.columns * across + column

    red, blue = pixels[place(4, 1, 2)], pixels[place(0, 3, 0)]
    assert red[0] - red[2] > 120 and red[3] == 255
    assert 30 < blue[2] - blue[0] < 120, "half as strong"
    assert np.ptp(pixels[place(2, 0, 0)][:3]) < 8 and pixels[place(2, 0, 0)][0] > 240
    assert pixels[place(0, tiles.tile[0], 0)][3] == 0, "between two tiles is the page"


def test_the_numbers_of_tiles_stand_below_them_inside_the_picture() -> None:
    drawn = lay_out_tiles(
        "data:,", count=7, columns=3, tile=(8, 8), gap=(3, 1), limit=0.25, colours=["#000000", "#ffffff"]
    )
    assert [unit for _, _, unit in drawn["numbers"]] == [1, 2, 3, 4, 5, 6, 7]
    width, height = drawn["image"]
    for place, (x, y, _) in enumerate(drawn["numbers"]):
        assert width * (place % 3) / 3 < x < width * (place % 3 + 1) / 3
        assert height * (place // 3 + 8 / 11) / 3 < y <= height * (place // 3 + 1) / 3 + 1
    assert width <= drawn["width"] and height < drawn["foot"] < drawn["height"]
    assert [text for _, text in drawn["marks"]] == ["\u22120.25", "0", "0.25"]
