"""The Open Inference Protocol (V2), with tensors as JSON: https://github.com/kserve/open-inference-protocol.

Images are one tensor, `image`, as the network takes them; nothing is prepared. A table has an input for each of its
columns, numbers as FP64 and names as BYTES, so that no client has to know the encoding of a run.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

import nncli
from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.data.batches import Batch
from nncli.serve.limits import Limits
from nncli.serve.model import Model, Options, Outputs
from nncli.serve.protocols.bodies import UNNAMED, parse_json, read_body
from nncli.serve.protocols.inputs import column_names, pixel_batch, read_rows, require_all
from nncli.serve.protocols.prediction import has_many, is_short, run
from nncli.serve.refusals import Refusal
from nncli.serve.registry import Registry

if TYPE_CHECKING:
    from fastapi import FastAPI


_DATATYPES = frozenset(
    ("BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64", "BYTES")
)
_FLOATS = frozenset(("FP16", "FP32", "FP64"))


def add_routes(app: "FastAPI", registry: Registry, limits: Limits) -> None:
    """Adds the routes to a FastAPI application."""
    from fastapi import Request, Response
    from fastapi.responses import JSONResponse

    @app.get("/v2")
    async def describe_server() -> Response:
        """What the server is."""
        return JSONResponse({"name": "nncli", "version": nncli.__version__, "extensions": []})

    async def describe(name: str, version: str | None = None) -> Response:
        """The inputs and outputs of a model."""
        return JSONResponse(_metadata(registry.find(name, version).model))

    async def is_ready(name: str, version: str | None = None) -> Response:
        """Whether a model answers."""
        model = registry.find(name, version).model
        return JSONResponse({"name": model.name, "ready": True})

    async def infer(name: str, request: Request, version: str | None = None) -> Response:
        """Predictions for tensors."""
        served = registry.find(name, version)
        content = await read_body(request)

        def read() -> tuple[Any, list[str], list[Batch]]:
            body = parse_json(content)
            wanted = _requested_outputs(body, served.model)
            batches = _read(body, served.model.facts, limits)
            require_all(batches)
            return body, wanted, batches

        body, wanted, batches = await registry.work(read, is_large=not is_short(content))
        answered = await run(served, batches)
        text = await registry.work(
            lambda: json.dumps(_response(served.model, body, answered, wanted)), is_large=has_many(answered)
        )
        return Response(text, media_type="application/json")

    for prefix in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        app.get(prefix)(describe)
        app.get(f"{prefix}/ready")(is_ready)
        app.post(f"{prefix}/infer", openapi_extra={"requestBody": {"content": {"application/json": {}}}})(infer)


def _metadata(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "versions": [model.version],
        "platform": "tensorflow_lite",
        "inputs": _inputs_of(model.facts),
        "outputs": [
            {"name": name, "datatype": datatype, "shape": [-1, *shape]}
            for name, datatype, shape in _outputs_of(model.facts)
        ],
        "parameters": {"names": list(model.facts.target.names)},
    }


def _inputs_of(facts: DataFacts) -> list[dict[str, Any]]:
    image = facts.inputs
    if isinstance(image, ImageInput):
        datatype = "UINT8" if image.dtype == "uint8" else "FP32"
        return [{"name": "image", "datatype": datatype, "shape": [-1, *image.shape]}]
    numbers = {column.name for column in image.numbers}
    return [
        {"name": name, "datatype": "FP64" if name in numbers else "BYTES", "shape": [-1, 1]}
        for name in column_names(facts)
    ]


def _outputs_of(facts: DataFacts) -> list[tuple[str, str, list[int]]]:
    target = facts.target
    if target.task.is_regression:
        return [("prediction", "FP32", [len(target.columns)])]
    probabilities = ("probabilities", "FP32", [len(target.names)])
    return [probabilities] if target.task is Task.MULTILABEL else [probabilities, ("prediction", "BYTES", [])]


def _requested_outputs(body: Any, model: Model) -> list[str]:
    """The names of the outputs that are asked for; all of them where none is. Raises Refusal."""
    if not isinstance(body, Mapping) or not isinstance(body.get("inputs"), list):
        raise Refusal(
            400, got="a body without `inputs`", expected='{"inputs": [{"name", "shape", "datatype", "data"}]}'
        )
    known = [name for name, _, _ in _outputs_of(model.facts)]
    asked = body.get("outputs") or []
    if not isinstance(asked, list):
        raise Refusal(400, got=f"outputs: {str(asked)[:60]}", expected='[{"name": ...}]')
    names = [each.get("name") if isinstance(each, Mapping) else each for each in asked] or known
    wrong = [name for name in names if name not in known]
    if wrong:
        raise Refusal(400, got=f"the output {str(wrong[0])[:60]!r}", expected=f"one of {', '.join(known)}")
    return [name for name in known if name in names]


def _read(body: Mapping[str, Any], facts: DataFacts, limits: Limits) -> list[Batch]:
    tensors = {}
    for place, each in enumerate(body["inputs"]):
        name, shape, data = _check_tensor(place, each)
        tensors[name] = (shape, data)
    wanted = [each["name"] for each in _inputs_of(facts)]
    if missing := sorted(set(wanted) - set(tensors)):
        names = ", ".join(missing)[:200]
        if not tensors:
            raise Refusal(400, got="no inputs", expected=names)
        raise Refusal(400, got=f"the inputs {', '.join(sorted(tensors))[:200]}", expected=f"also {names}")
    if isinstance(facts.inputs, ImageInput):
        shape, data = tensors["image"]
        _check_rows(shape[0], limits)
        return [pixel_batch(data, facts.inputs, shape=shape)]
    counts = {len(tensors[name][1]) for name in wanted}
    if len(counts) != 1:
        raise Refusal(400, got="inputs of different lengths", expected="as many values in each column")
    _check_rows(counts.pop(), limits)
    rows = [dict(zip(wanted, values, strict=True)) for values in zip(*(tensors[n][1] for n in wanted), strict=True)]
    return read_rows(rows, facts, limits, name=UNNAMED)


def _check_rows(rows: int, limits: Limits) -> None:
    if rows > limits.rows:
        raise Refusal(413, got=f"{rows:,} rows", expected=f"at most {limits.rows:,} at a time")


def _check_tensor(place: int, tensor: Any) -> tuple[str, list[int], list[Any]]:
    """Name, shape and flat data. Raises Refusal."""
    where = f"inputs[{place}]"
    if not isinstance(tensor, Mapping) or not isinstance(tensor.get("name"), str):
        raise Refusal(400, got=f"{where} without a name", expected='{"name", "shape", "datatype", "data"}')
    if "data" not in tensor:
        raise Refusal(
            400, got=f"{where} without data", expected="data as JSON", fix="the binary tensor extension is not offered"
        )
    if not isinstance(tensor.get("datatype"), str) or tensor["datatype"] not in _DATATYPES:
        told = str(tensor.get("datatype"))[:40]
        raise Refusal(400, got=f"{where}.datatype {told!r}", expected=f"one of {', '.join(sorted(_DATATYPES))}")
    shape = tensor.get("shape")
    if not isinstance(shape, list) or not shape or not all(type(size) is int and size >= 0 for size in shape):
        raise Refusal(400, got=f"{where}.shape {str(shape)[:60]}", expected="a list of sizes, rows first")
    data = _flat(tensor["data"]) if isinstance(tensor["data"], list) else []
    if len(data) != math.prod(shape):
        raise Refusal(400, got=f"{len(data)} values in {where}", expected=f"{math.prod(shape)}, as its shape says")
    kinds = (str,) if tensor["datatype"] == "BYTES" else (int, float)
    wrong = next((value for value in data if value is not None and not isinstance(value, kinds)), None)
    if wrong is not None:
        raise Refusal(
            400, got=f"{str(wrong)[:40]!r} in {where}", expected="text" if tensor["datatype"] == "BYTES" else "numbers"
        )
    return tensor["name"], shape, data


def _flat(values: list[Any]) -> list[Any]:
    """The values of nested lists, row by row; data may be flat or nested."""
    while values and isinstance(values[0], list):
        if not all(isinstance(each, list) for each in values):
            raise Refusal(400, got="data that is nested unevenly", expected="flat data, or lists of the same depth")
        values = [value for each in values for value in each]
    return values


def _response(
    model: Model, body: Mapping[str, Any], answered: Sequence[tuple[Batch, Outputs]], wanted: Sequence[str]
) -> dict[str, Any]:
    outputs = []
    facts = model.answering.adapt(Options())
    rows = sum(len(each) for _, each in answered)
    for name, datatype, shape in _outputs_of(facts):
        if name not in wanted:
            continue
        data: list[Any] = []
        for batch, each in answered:
            if datatype == "BYTES":
                data += [record["prediction"] for record in model.answering.records(facts, batch, each, 1)]
            else:
                data += _values(facts, each).reshape(-1).tolist()
        outputs.append({"name": name, "datatype": datatype, "shape": [rows, *shape], "data": data})
    content: dict[str, Any] = {"model_name": model.name, "model_version": model.version, "outputs": outputs}
    return content | ({"id": str(body["id"])[:200]} if body.get("id") is not None else {})


def _values(facts: DataFacts, outputs: Outputs) -> np.ndarray:
    """What the output holds, with a column for each class also where the network has one output for two classes."""
    if facts.target.task is Task.BINARY:
        positive = outputs.values[:, 0].astype(np.float64)
        return np.column_stack([1.0 - positive, positive])
    return outputs.values
