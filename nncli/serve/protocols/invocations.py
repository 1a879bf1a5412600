"""MLflow's scoring protocol: `POST /invocations` in its four shapes, and CSV.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally/ says what they look like.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nncli.config.facts import DataFacts, ImageInput
from nncli.data.batches import Batch
from nncli.serve.limits import Limits
from nncli.serve.model import Options
from nncli.serve.protocols.bodies import UNNAMED, File, content_type_of, parse_json, read_body
from nncli.serve.protocols.inputs import column_names, read_files, read_rows, require_all
from nncli.serve.protocols.prediction import has_many, is_short, run
from nncli.serve.refusals import Refusal
from nncli.serve.registry import Registry

if TYPE_CHECKING:
    from fastapi import FastAPI


_SHAPES = ("dataframe_split", "dataframe_records", "instances", "inputs")


def add_routes(app: "FastAPI", registry: Registry, limits: Limits) -> None:
    """Adds the routes to a FastAPI application."""
    from fastapi import Request, Response

    @app.post("/invocations", openapi_extra={"requestBody": {"content": {"application/json": {}, "text/csv": {}}}})
    async def invocations(request: Request) -> Response:
        """Predictions for a data frame or tensors, as MLflow's scoring server gives them."""
        served = registry.find(request.query_params.get("model"))
        body = await read_body(request)
        facts = served.model.answering.adapt(Options())
        is_csv = content_type_of(request) == "text/csv"

        def read() -> list[Batch]:
            if is_csv:
                batches = read_files([File(UNNAMED, body)], facts, limits)
            else:
                batches = _read(parse_json(body), facts, limits)
            require_all(batches)
            return batches

        batches = await registry.work(read, is_large=is_csv or not is_short(body))
        answered = await run(served, batches)

        def write() -> str:
            answering = served.model.answering
            records = [each for batch, outputs in answered for each in answering.records(facts, batch, outputs, None)]
            return json.dumps({"predictions": records})

        text = await registry.work(write, is_large=has_many(answered))
        return Response(text, media_type="application/json")


def _read(body: Any, facts: DataFacts, limits: Limits) -> list[Batch]:
    given = [shape for shape in _SHAPES if isinstance(body, Mapping) and shape in body]
    if len(given) != 1:
        got = f"a body with {' and '.join(given)}" if given else "a body without inputs"
        raise Refusal(400, got=got, expected=f"one of {', '.join(_SHAPES)}")
    [shape] = given
    value = body[shape]
    if shape == "dataframe_split":
        rows = _from_split(value)
    elif shape == "dataframe_records":
        rows = value if isinstance(value, list) else _refuse(shape, value, "a list of objects")
    else:
        rows = _from_tensors(shape, value, facts)
    return read_rows(rows, facts, limits, name=UNNAMED)


def _from_split(value: Any) -> Any:
    """Rows of {"columns": [...], "data": [[...]]}. Raises Refusal."""
    columns, data = (value.get("columns"), value.get("data")) if isinstance(value, Mapping) else (None, None)
    if not isinstance(columns, list) or not isinstance(data, list) or not all(isinstance(c, str) for c in columns):
        return _refuse("dataframe_split", value, '{"columns": [names], "data": [rows]}')
    for place, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(columns):
            raise Refusal(
                400,
                got=f"dataframe_split.data[{place}] with {len(row) if isinstance(row, list) else 'no'} values",
                expected=f"{len(columns)}, one for each column",
            )
    return [dict(zip(columns, row, strict=True)) for row in data]


def _from_tensors(shape: str, value: Any, facts: DataFacts) -> Any:
    """Rows of `instances` (row by row) or `inputs` (column by column). Raises Refusal."""
    if isinstance(value, Mapping):  # column by column, also allowed for instances
        if isinstance(facts.inputs, ImageInput) and facts.pixels is None:
            name, images = next(iter(value.items()), ("", None))
            if len(value) == 1 and name == "image" and isinstance(images, list):
                return images
            return _refuse(shape, value, '{"image": [images]}')
        columns = {name: each if isinstance(each, list) else [each] for name, each in value.items()}
        if len({len(each) for each in columns.values()}) != 1:
            return _refuse(shape, value, "columns of the same length")
        # A column may come as (rows, 1).
        flat = {
            name: [v[0] if isinstance(v, list) and len(v) == 1 else v for v in each] for name, each in columns.items()
        }
        return [dict(zip(flat, values, strict=True)) for values in zip(*flat.values(), strict=True)]
    if not isinstance(value, list):
        return _refuse(shape, value, "a list of rows, or an object of columns")
    if value and isinstance(value[0], list) and not isinstance(facts.inputs, ImageInput):
        names = column_names(facts)
        if any(not isinstance(row, list) or len(row) != len(names) for row in value):
            return _refuse(shape, value, f"rows of {len(names)} values: {', '.join(names[:12])}")
        return [dict(zip(names, row, strict=True)) for row in value]
    return value


def _refuse(shape: str, value: Any, expected: str) -> Any:
    raise Refusal(400, got=f"{shape}: {json.dumps(value)[:60]}", expected=expected)
