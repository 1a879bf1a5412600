"""A page's HTML, put together from the files it names, with the policy that lets a browser run nothing else."""

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

# A line in a page, its style or its script that stands for a file beside the page or beside this module.
_INCLUDED = re.compile(r"^(?:/\*|<!--) include ([a-z]+\.(?:css|js|html)) (?:\*/|-->)\n", re.MULTILINE)
_SHARED = "nncli.serve.page"


@dataclass(frozen=True)
class Document:
    """The HTML, and the Content-Security-Policy that it is sent with."""

    html: bytes
    policy: str


@cache
def read_document(package: str, name: str) -> Document:
    """A page of a package. Only its one script and its one style may run, by their hashes; it may ask this server."""
    html = _INCLUDED.sub(lambda line: _read_part(package, line[1]), _read(package, name)).encode()
    script, style = (_hash_of(html, tag) for tag in ("script", "style"))
    policy = (
        f"default-src 'none'; script-src '{script}'; style-src '{style}'; img-src 'self' blob: data:; "
        "media-src 'self' blob:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Document(html, policy)


def _read_part(package: str, name: str) -> str:
    """A part that is the page's own, or one that all pages share."""
    own = resources.files(package).joinpath(name)
    return own.read_text(encoding="utf-8") if own.is_file() else _read(_SHARED, name)


def _read(package: str, name: str) -> str:
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def _hash_of(html: bytes, tag: str) -> str:
    [content] = re.findall(rf"<{tag}>(.*?)</{tag}>".encode(), html, re.DOTALL)
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"
