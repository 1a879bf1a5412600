"""Streams that take no more than ASCII: what stands there for the signs they cannot hold."""

import codecs

# The name by which `sys.stdout.reconfigure(errors=...)` finds the handler below.
ENCODING_ERRORS = "nncli"


def _without_unicode(error: UnicodeError) -> tuple[str, int]:
    """For streams that take no more than ASCII: the signs of our tables in letters, all else as an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = {"±": "+/-", "×": "x", "…": "...", "→": "->", "−": "-", "·": "*", "∂": "d", "²": "^2", "⁻": "^-", "ᶻ": "z"}
    signs |= {"₁": "1", "₂": "2"}
    text = error.object[error.start : error.end]
    known = "".join(signs.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text)
    return known, error.end


codecs.register_error(ENCODING_ERRORS, _without_unicode)
