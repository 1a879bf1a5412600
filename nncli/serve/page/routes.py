"""The page and what it asks for; none of it is an interface for other programs, which have the protocols."""

from typing import TYPE_CHECKING, Any

from nncli.config.facts import DataFacts, ImageInput, Task
from nncli.data.batches import Batch
from nncli.errors import DataError
from nncli.serve.limits import Limits
from nncli.serve.model import Model, Options
from nncli.serve.page.description import describe
from nncli.serve.page.document import read_document
from nncli.serve.page.encoding import pack_bytes, pack_floats, pack_layer
from nncli.serve.page.looking import Looking
from nncli.serve.protocols.bodies import UNNAMED, File, read_body, read_json, read_options
from nncli.serve.protocols.inputs import read_files
from nncli.serve.protocols.prediction import read_value, run, told
from nncli.serve.refusals import Refusal
from nncli.serve.registry import Registry, Served

if TYPE_CHECKING:
    from fastapi import FastAPI


# Nothing in them that the layers around them do not show.
_NOT_SHOWN = ("image_scale", "flatten", "clip_by_value")
_MOST_VALUES = 1_000


def add_routes(app: "FastAPI", registry: Registry, limits: Limits, path: str = "/") -> None:
    """Adds the routes to a FastAPI application, that of the page itself at `path`."""
    from fastapi import Request, Response
    from fastapi.responses import JSONResponse

    @app.get(path, include_in_schema=False)
    async def page() -> Response:
        document = read_document("nncli.serve.page", "index.html")
        headers = {"Content-Security-Policy": document.policy, "Permissions-Policy": "camera=(self), microphone=()"}
        return Response(document.html, media_type="text/html; charset=utf-8", headers=headers)

    @app.get("/page/models", include_in_schema=False)
    async def models() -> Response:
        return JSONResponse([describe(model) for model in registry])

    @app.get("/page/network", include_in_schema=False)
    async def network(request: Request) -> Response:
        look: Looking = _served(registry, request).model.look()
        return JSONResponse(await registry.work(lambda: _describe_network(look)))

    @app.get("/page/surface", include_in_schema=False)
    async def surface(request: Request) -> Response:
        look: Looking = _served(registry, request).model.look()
        return JSONResponse(await registry.work(look.surface))

    @app.post("/page/image", include_in_schema=False)
    async def image(request: Request) -> Response:
        served, options, batch = await _image_of(request, registry, limits)
        answer = await _answer(served, batch, options)
        layers = await registry.work(lambda: _layers(served.model, batch))
        return JSONResponse({**answer, "seen": _pack_seen(served.model, batch), "layers": layers})

    @app.post("/page/occlusion", include_in_schema=False)
    async def occlusion(request: Request) -> Response:
        served, _, batch = await _image_of(request, registry, limits)
        return JSONResponse(await registry.work(lambda: _occlude(served.model, batch)))

    @app.post("/page/row", include_in_schema=False)
    async def row(request: Request) -> Response:
        served = _served(registry, request)
        batch = _first(read_value(await read_json(request), served.model.facts, limits))
        answer = await _answer(served, batch, Options())
        return JSONResponse({**answer, **await registry.work(lambda: _measure(served.model, batch))})


def _describe_network(look: Looking) -> dict[str, Any]:
    weights = {name: {"shape": list(each.shape), "values": pack_floats(each)} for name, each in look.weights().items()}
    return {"layers": look.network(), "weights": weights}


def _occlude(model: Model, batch: Batch) -> dict[str, Any]:
    output = _chosen(model.facts, model.answering.run(_row(batch)).values[0])
    return {"of": _name_of(model.facts, output), **pack_bytes(model.look().occlusion(batch.inputs, output))}


def _measure(model: Model, batch: Batch) -> dict[str, Any]:
    """What the page shows of a row besides its answer."""
    look: Looking = model.look()
    output = _chosen(model.facts, model.answering.run(_row(batch)).values[0])
    return {
        "of": _name_of(model.facts, output),
        "contributions": look.contributions(batch.inputs, output),
        "moves": look.moves(batch.inputs, output),
        "layers": _layers(model, batch),
    }


def _row(batch: Batch) -> dict[str, Any]:
    return {name: array[:1] for name, array in batch.inputs.items()}


async def _image_of(request: Any, registry: Registry, limits: Limits) -> tuple[Served, Options, Batch]:
    served = _served(registry, request)
    options = read_options(request)
    facts = served.model.answering.adapt(options)
    if not isinstance(facts.inputs, ImageInput):
        raise Refusal(400, got="an image", expected="rows: the model was trained on a table")
    file = File(UNNAMED, await read_body(request))
    return served, options, _first(await registry.work(lambda: read_files([file], facts, limits)))


def _pack_seen(model: Model, batch: Batch) -> dict[str, Any]:
    """The image as the network takes it, in the whole range that the training images have."""
    scale = model.image.scale if model.image else 1.0
    return pack_bytes(batch.inputs["image"][0] * scale, most=1.0)


def _served(registry: Registry, request: Any) -> Served:
    return registry.find(request.query_params.get("model"))


def _first(batches: list[Batch]) -> Batch:
    """The batch that has rows. Raises DataError where none could be read."""
    usable = [batch for batch in batches if batch.names]
    if not usable:
        failures = [each for batch in batches for each in batch.failures]
        raise DataError(failures[0].message if failures else "no rows")
    return usable[0]


async def _answer(served: Served, batch: Batch, options: Options) -> dict[str, Any]:
    facts = served.model.answering.adapt(options)
    return told(served, facts, [batch], await run(served, [batch]), options)


def _layers(model: Model, batch: Batch) -> list[dict[str, Any]]:
    look: Looking = model.look()
    shown = [each for each in look.layers(batch.inputs) if not each.name.startswith(_NOT_SHOWN)]
    return [packed for each in shown if (packed := pack_layer(each)) is not None]


def _chosen(facts: DataFacts, values: Any) -> int:
    """The output whose change is told: the predicted class, the positive one of two, or the first target."""
    is_single = facts.target.task.is_regression or facts.target.task is Task.BINARY
    return 0 if is_single else int(values.argmax())


def _name_of(facts: DataFacts, output: int) -> str:
    return facts.target.names[-1 if facts.target.task is Task.BINARY else output]
