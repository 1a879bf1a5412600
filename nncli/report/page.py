"""Renders a page: a template with everything it needs inside, and a policy that lets a browser load nothing else."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent
_SCRIPTS = ("vendor/uPlot.iife.min.js", "templates/page.js")
_STYLES = ("vendor/uPlot.min.css", "templates/page.css")
# https://github.com/leeoniya/uPlot, version 1.6.32, MIT licence.
VENDORED = {
    "vendor/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "vendor/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}


def render(template: str, values: Mapping[str, Any], *, draws: bool = False) -> bytes:
    """The page of a template (`training`, `comparison` or `index`) with its values, as UTF-8.

    `draws` puts uPlot in, 53 kB, for the curves. Every text is escaped; what is no text is written as JSON.
    """
    scripts, styles = (_texts(_SCRIPTS), _texts(_STYLES)) if draws else ([], _texts(_STYLES[1:]))
    policy = f"default-src 'none'; img-src data:; style-src {_hashes(styles)}"
    policy += f"; script-src {_hashes(scripts)}" if scripts else ""
    page = (
        _environment()
        .get_template(f"{template}.html")
        .render(**values, scripts=scripts, styles=styles, policy=f"{policy}; base-uri 'none'; form-action 'none'")
    )
    return str(page).encode(errors="backslashreplace")  # of file names that are no UTF-8


def data_uri(content: bytes, kind: str = "image/png") -> str:
    """A file as an address that needs no network."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


@cache
def _environment() -> Any:
    import jinja2

    loader = jinja2.FileSystemLoader(_HERE / "templates")
    return jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _texts(names: tuple[str, ...]) -> list[str]:
    return [(_HERE / name).read_text(encoding="utf-8").strip() for name in names]


def _hashes(texts: list[str]) -> str:
    """What a Content-Security-Policy allows: these scripts or styles, by their sums."""
    sums = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts)
    return " ".join(f"'sha256-{each}'" for each in sums)
