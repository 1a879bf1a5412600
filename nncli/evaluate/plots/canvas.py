"""What all plots share: figure, colours, labels, the bytes of PNG and SVG files.

Matplotlib is used through its objects and never through pyplot, which keeps figures in a global list and looks
for a screen.
"""

import base64
import io
import logging
import math
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Okabe and Ito's colours (2008), told apart with every kind of colour blindness.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINE_STYLES = ("-", "--", "-.", ":")
GREY = "#777777"
DOTS_PER_INCH = 120
# Of this many points or more, an SVG has a picture: each as an element of its own would make megabytes.
MOST_VECTOR_POINTS = 600
_EMBEDDED = re.compile(rb"(data:image/png;base64,)([\w+/=\s]+)")


@dataclass(frozen=True)
class Picture:
    """One figure in two files: PNG to look at anywhere, SVG for the page of a run, which changes its colours."""

    png: bytes
    svg: bytes

    def files(self, name: str) -> dict[str, bytes]:
        """The content of both by their names, of which `name` is the part without a suffix."""
        return {f"{name}.png": self.png, f"{name}.svg": self.svg}


def load_matplotlib() -> None:
    """Imports what every picture needs and finds the fonts, half a second that need not be waited for."""
    from matplotlib.backends import backend_agg  # noqa: F401
    from matplotlib.figure import Figure  # noqa: F401


def new_figure(width: float, height: float) -> Any:
    """An empty matplotlib Figure of that size in inches, which makes room for its labels by itself."""
    from matplotlib.figure import Figure

    # It would tell the user that it builds a font cache.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")


def to_png(figure: Any) -> bytes:
    """The figure as the bytes of a PNG file, the same bytes for the same figure."""
    return _saved(figure, "png", {"Software": None})


def to_svg(figure: Any) -> bytes:
    """The figure as the bytes of an SVG file, the same bytes for the same figure; its texts stay texts.

    What has `rasterized` set is a picture inside it.
    """
    import matplotlib

    # The sum that names its clip paths takes a random salt if it is given none.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "nncli"}):
        drawn = _saved(figure, "svg", dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return _EMBEDDED.sub(lambda found: found.group(1) + _smaller(found.group(2)), drawn)


def _smaller(picture: bytes) -> bytes:
    """A PNG in base64 with at most 256 colours."""
    from nncli.evaluate.plots.images.thumbnails import with_few_colours

    return base64.b64encode(with_few_colours(base64.b64decode(picture)))


def to_picture(figure: Any) -> Picture:
    """The figure in both formats; its parts are arranged once."""
    png = to_png(figure)
    figure.set_layout_engine("none")
    return Picture(png, to_svg(figure))


def _saved(figure: Any, kind: str, metadata: dict[str, Any]) -> bytes:
    """The file of a figure, drawn once: `Figure.savefig` draws twice, the first time only to arrange the parts."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; a warning for each letter helps nobody.
        warnings.filterwarnings("ignore", message=".*Glyph .* missing from .*font")
        if kind == "png":
            FigureCanvasAgg(figure).print_png(buffer, metadata=metadata)
        else:
            FigureCanvasSVG(figure).print_svg(buffer, metadata=metadata)
    return buffer.getvalue()


def label(text: object, longest: int = 18) -> str:
    """A name on one line, cut in the middle when long, so that its end can still tell it from its neighbours."""
    name = " ".join(str(text).split()) or " "
    if len(name) > longest:
        head = math.ceil((longest - 1) * 0.6)
        name = f"{name[:head]}…{name[head + 1 - longest :]}"
    return name.replace("$", r"\$")  # a bare one would start a formula


def distinct_labels(names: Sequence[object], longest: int = 18) -> list[str]:
    """Labels of all names; where cutting made two equal, their position is put before them."""
    labels = [label(name, longest) for name in names]
    return [
        f"{index + 1}: {label(name, longest - 4)}" if labels.count(text) > 1 else text
        for index, (name, text) in enumerate(zip(names, labels, strict=True))
    ]


def whole_numbers(axis: Any) -> None:
    """Ticks of an axis at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))


def thousands(axis: Any, limits: Sequence[float]) -> None:
    """Marks separates groups of three digits, on an axis whose numbers are large enough to need them."""
    from matplotlib.ticker import StrMethodFormatter

    if max(abs(limit) for limit in limits) >= 1000:
        axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def plain_frame(axes: Any) -> None:
    """A light grid and no box."""
    axes.grid(visible=True, color="#E3E3E3", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
