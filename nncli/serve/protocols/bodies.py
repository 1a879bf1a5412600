"""Reads what a request carries: JSON, or files as they are or in a form; everything stays in memory."""

import json
import logging
from dataclasses import dataclass
from typing import Any

from nncli.serve.limits import Limits
from nncli.serve.model import Options
from nncli.serve.refusals import Refusal

_TRUE, _FALSE = ("1", "true", "yes", "on", ""), ("0", "false", "no", "off")
# What a body without a name is called in the answers, as the standard input of `nncli predict` is.
UNNAMED = "-"
_LONGEST_NAME = 200
# Each takes sixty bytes of memory and two of a body.
_MOST_LISTS = 1_000_000


@dataclass(frozen=True)
class File:
    """A file by the name that its sender gave it; the name is told in answers and never opened."""

    name: str
    content: bytes


def content_type_of(request: Any) -> str:
    """The media type without its parameters, in lower case."""
    header: str = request.headers.get("content-type", "")
    return header.partition(";")[0].strip().lower()


async def read_body(request: Any) -> bytes:
    """The whole body. Raises Refusal where it is empty."""
    body: bytes = await request.body()
    if not body:
        raise Refusal(400, got="an empty body", expected="inputs", fix="send JSON, a CSV file or an image")
    return body


async def read_json(request: Any) -> Any:
    """The value of a JSON body. Raises Refusal."""
    return parse_json(await read_body(request))


def parse_json(body: bytes) -> Any:
    """The value of a JSON text; NaN and Infinity, which JSON does not have, are refused. Raises Refusal."""
    if body.count(b"[") + body.count(b"{") > _MOST_LISTS:
        raise Refusal(413, got="JSON with very many lists", expected=f"at most {_MOST_LISTS:,} lists and objects")
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except RecursionError:
        raise Refusal(400, got="JSON that is nested too deeply", expected="rows or arrays") from None
    except ValueError as error:
        told = " ".join(str(error).split())[:120]
        raise Refusal(400, got=f"a body that is not JSON ({told})", expected="JSON in UTF-8") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON; null stands for a missing value")


async def read_form(request: Any, limits: Limits) -> list[File]:
    """The files of a form (multipart/form-data). Raises Refusal."""
    from starlette.formparsers import MultiPartException, MultiPartParser

    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # the client is told; the terminal would fill
    parser = MultiPartParser(request.headers, request.stream(), max_files=limits.images, max_fields=8)
    # Larger files would go to the disk; the body as a whole is limited already.
    parser.spool_max_size = limits.body_bytes + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        told = getattr(error, "message", None) or str(error)
        raise Refusal(
            400,
            got=f"a form that cannot be read ({told[:120]})",
            expected=f"multipart/form-data with at most {limits.images} files",
            fix="curl -F file=@seven.png",
        ) from None
    files = [
        File((value.filename or UNNAMED)[:_LONGEST_NAME], await value.read())
        for _, value in form.multi_items()
        if not isinstance(value, str)
    ]
    await form.close()
    if not files:
        raise Refusal(400, got="a form without files", expected="at least one", fix="curl -F file=@seven.png")
    return files


def read_options(request: Any) -> Options:
    """The options in a request's query: top, threshold, as_is, split, keep. Raises Refusal for others."""
    given = dict(request.query_params)
    given.pop("model", None)
    known = {"top", "threshold", "as_is", "split", "keep"}
    if unknown := sorted(set(given) - known):
        raise Refusal(400, got=f"the option {unknown[0][:40]!r}", expected=f"one of {', '.join(sorted(known))}, model")
    return Options(
        top=_number(given, "top", int, 1, 1_000_000),
        threshold=_number(given, "threshold", float, 0.0, 1.0),
        **{name: _flag(given, name) for name in ("as_is", "split", "keep")},
    )


def _number(given: dict[str, str], name: str, kind: type, low: float, high: float) -> Any:
    if name not in given:
        return None
    try:
        value = kind(given[name])
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        what = "a whole number" if kind is int else "a number"
        raise Refusal(400, got=f"{name}={given[name][:40]}", expected=f"{what} from {low:g} to {high:g}")
    return value


def _flag(given: dict[str, str], name: str) -> bool:
    value = given.get(name, "0").lower()
    if value not in (*_TRUE, *_FALSE):
        raise Refusal(400, got=f"{name}={value[:40]}", expected="true or false")
    return value in _TRUE
