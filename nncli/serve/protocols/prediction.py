"""`POST /predict` (and `/v1/predict`): what `nncli predict` answers, for JSON rows, CSV files and images."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nncli.config.facts import DataFacts
from nncli.data.batches import Batch
from nncli.errors import DataError
from nncli.serve.limits import Limits
from nncli.serve.model import Options, Outputs
from nncli.serve.protocols.bodies import (
    UNNAMED,
    File,
    content_type_of,
    parse_json,
    read_body,
    read_form,
    read_options,
)
from nncli.serve.protocols.inputs import read_files, read_rows
from nncli.serve.refusals import Refusal
from nncli.serve.registry import Registry, Served

if TYPE_CHECKING:
    from fastapi import FastAPI


# The smallest body that is read in a thread; below it, the way there and back would take longer.
_LARGE_BYTES = 1 << 12
_MANY_ROWS = 64
_REQUEST_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {}},
            "text/csv": {"schema": {"type": "string"}},
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {"schema": {"type": "object"}},
        },
    }
}

Answered = Sequence[tuple[Batch, Outputs]]


def add_routes(app: "FastAPI", registry: Registry, limits: Limits) -> None:
    """Adds the routes to a FastAPI application."""
    from fastapi import Request, Response

    async def predict(request: Request) -> Response:
        """Predicts images or rows of a table, as `nncli predict` does."""
        served = registry.find(request.query_params.get("model"))
        options = read_options(request)
        facts = served.model.answering.adapt(options)
        files = await _files_of(request, limits)
        batches = await read_in_thread(registry, files, facts, limits, options)
        answered = await run(served, batches)
        if "text/csv" in request.headers.get("accept", ""):
            _require_some(answered, batches)
            content = await registry.work(lambda: served.model.answering.csv(facts, answered, options.top))
            headers = {"Content-Disposition": 'attachment; filename="predictions.csv"'}
            return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
        text = await registry.work(
            lambda: json.dumps(told(served, facts, batches, answered, options)), is_large=has_many(answered)
        )
        return Response(text, media_type="application/json")

    for path in ("/predict", "/v1/predict"):
        app.post(path, openapi_extra=_REQUEST_BODY)(predict)


def is_short(body: bytes) -> bool:
    """Whether a body is read sooner than it would be handed to a thread."""
    return len(body) < _LARGE_BYTES


def has_many(answered: Answered) -> bool:
    """Whether answers are so many that other requests would wait while they are written."""
    return sum(len(outputs) for _, outputs in answered) > _MANY_ROWS


async def _files_of(request: Any, limits: Limits) -> list[File]:
    if content_type_of(request) == "multipart/form-data":
        return await read_form(request, limits)
    return [File(UNNAMED, await read_body(request))]


async def read_in_thread(
    registry: Registry, files: Sequence[File], facts: DataFacts, limits: Limits, options: Options
) -> list[Batch]:
    """The batches of files, read beside the event loop unless they are small. Raises Refusal and DataError."""

    def read() -> list[Batch]:
        if len(files) == 1 and files[0].name == UNNAMED and files[0].content[:64].lstrip()[:1] in (b"[", b"{"):
            return read_value(parse_json(files[0].content), facts, limits, keep=options.keep)
        return read_files(files, facts, limits, split=options.split, keep=options.keep)

    is_small = is_short(files[0].content) and len(files) == 1 and files[0].content[:1] in b"[{"
    return await registry.work(read, is_large=not is_small)


def read_value(value: Any, facts: DataFacts, limits: Limits, *, keep: bool = False) -> list[Batch]:
    """The batches of a JSON value: rows, one row, or {"rows": rows}. Raises Refusal and DataError."""
    if isinstance(value, Mapping):
        value = value["rows"] if set(value) == {"rows"} else [value]
    if not isinstance(value, list):
        raise Refusal(
            400, got="JSON that is no rows", expected='a list of rows, {"rows": [...]}, or one row as an object'
        )
    return read_rows(value, facts, limits, keep=keep)


async def run(served: Served, batches: Sequence[Batch]) -> list[tuple[Batch, Outputs]]:
    """The outputs of each batch that has rows; those of one request wait for each other only where they must."""
    usable = [batch for batch in batches if batch.names]
    if len(usable) == 1:
        return [(usable[0], await served.batcher.predict(usable[0].inputs))]
    outputs = await asyncio.gather(*(served.batcher.predict(batch.inputs) for batch in usable))
    return list(zip(usable, outputs, strict=True))


def told(
    served: Served, facts: DataFacts, batches: Sequence[Batch], answered: Answered, options: Options
) -> dict[str, Any]:
    """The JSON of an answer: {run, predictions}, and `failures` and `warnings` where there are any.

    Raises DataError where nothing could be read.
    """
    _require_some(answered, batches)
    answering = served.model.answering
    content: dict[str, Any] = {
        "run": served.model.version,
        "predictions": [
            record for batch, outputs in answered for record in answering.records(facts, batch, outputs, options.top)
        ],
    }
    failures = [{"input": each.name, "error": each.message} for batch in batches for each in batch.failures]
    warnings = [f"{name}: {warning}" for batch in batches for name, warning in batch.warnings]
    warnings += answering.remarks([batch for batch, _ in answered], [outputs for _, outputs in answered])
    return content | ({"failures": failures} if failures else {}) | ({"warnings": warnings} if warnings else {})


def _require_some(answered: Answered, batches: Sequence[Batch]) -> None:
    if not answered:
        failures = [each for batch in batches for each in batch.failures]
        more = f"; {len(failures) - 1} more cannot be read either" if len(failures) > 1 else ""
        message = f"{failures[0].name}: {failures[0].message}{more}" if failures else "no rows"
        raise DataError(message)
