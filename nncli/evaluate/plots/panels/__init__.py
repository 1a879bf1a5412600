"""Pictures of lessons: a drawing is described once, by panels of numbers, and drawn here or sketched in characters.

`panel` has the kinds of panels, `drawing` makes a PNG or SVG of them. Knows no lessons.
"""

from nncli.evaluate.plots.panels.drawing import FORMATS, MARK, draw
from nncli.evaluate.plots.panels.panel import Bars, Blocks, Curves, Drawing, Grid, Line, Panel, Surface

__all__ = ["FORMATS", "MARK", "Bars", "Blocks", "Curves", "Drawing", "Grid", "Line", "Panel", "Surface", "draw"]
