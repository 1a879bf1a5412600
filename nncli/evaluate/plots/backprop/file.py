"""A figure as the bytes of a PNG or SVG file that says that it is a picture of a lesson."""

import io
import warnings
from typing import Any

# In the file's title; only a picture that has it is replaced unasked.
MARK = "a lesson of nncli"


def to_bytes(figure: Any, form: str) -> bytes:
    """The figure as a file of that form (`png` or `svg`), the same bytes for the same figure."""
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # Without a date and with fixed names of the elements, the bytes depend on the figure alone.
    metadata = {"Title": MARK, "Software": None} if form == "png" else {"Title": MARK, "Date": None, "Creator": None}
    with warnings.catch_warnings(), rc_context({"svg.hashsalt": "nncli"}):
        # A name in a script that the font lacks is drawn as boxes; a warning for each letter helps nobody.
        warnings.filterwarnings("ignore", message=".*Glyph .* missing from .*font")
        figure.savefig(buffer, format=form, metadata=metadata)
    return buffer.getvalue()
