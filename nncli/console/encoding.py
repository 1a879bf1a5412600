"""Replaces characters that an ASCII stream cannot hold."""

import codecs

# The name by which `sys.stdout.reconfigure(errors=...)` finds the handler below.
ENCODING_ERRORS = "nncli"

_SIGNS = {"±": "+/-", "×": "x", "…": "...", "→": "->", "−": "-", "·": "*", "∂": "d", "⁻": "^-", "ᶻ": "z"}
_SIGNS |= {
    "≤": "<=",
    "≥": ">=",
    "≈": "~",
    "≠": "!=",
    "∞": "inf",
    "√": "sqrt",
    "Σ": "sum",
    "ᵀ": "^T",
    "ₘ": "m",
    "ₖ": "k",
    "ₙ": "n",
    "ᵗ": "^t",
    "⌈": "ceil(",
    "⌉": ")",
    "ᵢ": "i",
    "ⱼ": "j",
}
_SIGNS |= {"α": "alpha", "β": "beta", "ε": "eps", "λ": "lambda", "σ": "sigma"}
_SIGNS |= {sign: str(digit) for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")}
_SIGNS |= {sign: f"^{digit}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
# A sketch keeps its shape: each of its signs is one letter.
_SIGNS |= dict(zip("•∘│─├┤└┌┐┘░▒▓█", "*o|-||++++.:%#", strict=True))
_SIGNS |= dict(zip("▁▂▃▄▅▆▇", "_.-=+*%", strict=True))


def _without_unicode(error: UnicodeError) -> tuple[str, int]:
    """For ASCII streams: box-drawing and similar signs become letters, everything else an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    known = "".join(_SIGNS.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in text)
    return known, error.end


codecs.register_error(ENCODING_ERRORS, _without_unicode)
