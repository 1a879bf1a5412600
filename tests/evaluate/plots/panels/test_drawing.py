"""Drawings of panels: each kind is drawn, by name, in both formats, the same bytes each time."""

import io

import numpy as np
import pytest
from PIL import Image

from nncli.evaluate.plots.panels import MARK, Bars, Blocks, Curves, Drawing, Grid, Line, Panel, Surface, draw

X = np.linspace(-1, 1, 21)
PANELS: list[Panel] = [
    Curves("a curve", "x", (Line("dollar $", [1, 2], [1, np.inf]), Line("huge", [1, 2], [1, 1e300])), log_y=True),
    Curves("steps", "step", (Line("one", [1, 2], [3, 4], "path"), Line("two", [1], [3], "dots")), whole_x=True),
    Bars("bars", ("a", "b"), [1.0, -2.0], (-3.0, 3.0)),
    Grid("shades", np.array([[0.0, 1.0]])),
    Grid("numbers", np.array([[-1.0, 0.25]]), signed=True, numbers=True),
    Grid("nothing", np.zeros((3, 3))),
    Surface("bowl", "x", "y", X, X, np.add.outer(X**2, X**2), (Line("away", [0.0, 1e200], [0.0, 1e200], "path"),)),
    Blocks("products", ((("X", 4, 9), "·", ("W", 9, 2), "→", ("A", 4, 2)),)),
]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_each_kind_of_panel_is_drawn(panel: Panel) -> None:
    picture = draw(Drawing("one", (panel,)), "png")
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "PNG" and image.size == (552, 480)
        assert np.asarray(image.convert("L")).std() > 5


def test_panels_fill_rows_of_columns_and_both_formats_carry_the_mark() -> None:
    drawing = Drawing("all", tuple(PANELS[:3]), columns=2)
    png, svg = draw(drawing, "png"), draw(drawing, "svg")
    with Image.open(io.BytesIO(png)) as image:
        assert image.size == (1104, 924)
    assert MARK.encode() in png[:2000] and MARK.encode() in svg[:2000]
    assert draw(drawing, "png") == png and draw(drawing, "svg") == svg
