"""Replaces characters that an ASCII stream cannot hold."""

import codecs

# The name by which `sys.stdout.reconfigure(errors=...)` finds the handler below.
ENCODING_ERRORS = "nncli"


def _without_unicode(error: UnicodeError) -> tuple[str, int]:
    """For ASCII streams: box-drawing and similar signs become letters, everything else an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = {"±": "+/-", "×": "x", "…": "...", "→": "->", "−": "-", "·": "*", "∂": "d", "⁻": "^-", "ᶻ": "z"}
    signs |= {raised: f"^{digit}" for digit, raised in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
    signs |= {lowered: str(digit) for digit, lowered in enumerate("₀₁₂₃₄₅₆₇₈₉")}
    signs |= {"├": "|", "│": "|", "└": "`", "─": "-"}
    text = error.object[error.start : error.end]
    known = "".join(signs.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text)
    return known, error.end


codecs.register_error(ENCODING_ERRORS, _without_unicode)
