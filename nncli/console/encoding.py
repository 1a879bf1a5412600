"""Replaces characters that an ASCII stream cannot hold."""

import codecs

# The name by which `sys.stdout.reconfigure(errors=...)` finds the handler below.
ENCODING_ERRORS = "nncli"


def _without_unicode(error: UnicodeError) -> tuple[str, int]:
    """For ASCII streams: box-drawing and similar signs become letters, everything else an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = {"±": "+/-", "×": "x", "…": "...", "→": "->", "−": "-", "·": "*", "∂": "d", "²": "^2", "⁻": "^-", "ᶻ": "z"}
    signs |= {"₁": "1", "₂": "2"}
    text = error.object[error.start : error.end]
    known = "".join(signs.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text)
    return known, error.end


codecs.register_error(ENCODING_ERRORS, _without_unicode)
