"""The routes of the workbench; those that change something need the key that only the page itself can read."""

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nncli.serve.page.document import read_document
from nncli.serve.protocols.bodies import read_json
from nncli.serve.refusals import Refusal
from nncli.serve.registry import Registry
from nncli.serve.workbench.bench import Bench

if TYPE_CHECKING:
    from fastapi import FastAPI

KEY_HEADER = "x-workbench-key"
_MOST_EPOCHS = 100_000


def add_routes(app: "FastAPI", registry: Registry, bench: Bench) -> None:
    """Adds the routes to a FastAPI application; those for what is on offer and what has been trained."""
    from fastapi import Request, Response
    from fastapi.responses import JSONResponse

    async def answer(work: Callable[[], Any]) -> Response:
        return JSONResponse(await registry.work(work))

    @app.get("/", include_in_schema=False)
    async def page() -> Response:
        document = read_document("nncli.serve.workbench", "workbench.html")
        headers = {"Content-Security-Policy": document.policy, "Permissions-Policy": "camera=(), microphone=()"}
        return Response(document.html, media_type="text/html; charset=utf-8", headers=headers)

    @app.get("/workbench/offers", include_in_schema=False)
    async def offers() -> Response:
        return await answer(lambda: {**bench.offers(), "key": bench.key})

    @app.get("/workbench/columns", include_in_schema=False)
    async def columns(request: Request) -> Response:
        return await answer(lambda: bench.columns(_parameter(request, "source")))

    @app.get("/workbench/training", include_in_schema=False)
    async def training(request: Request) -> Response:
        first = _whole(request.query_params.get("first", "0"), "first")
        return await answer(lambda: bench.training(first))

    @app.get("/workbench/frames", include_in_schema=False)
    async def frames(request: Request) -> Response:
        first = _whole(request.query_params.get("first", "0"), "first")
        return await answer(lambda: bench.frames(request.query_params.get("known", ""), first))

    @app.get("/workbench/runs", include_in_schema=False)
    async def runs() -> Response:
        return await answer(bench.runs)

    @app.get("/workbench/compare", include_in_schema=False)
    async def compare(request: Request) -> Response:
        return await answer(lambda: bench.compare(_parameter(request, "first"), _parameter(request, "second")))

    _add_changing(app, registry, bench)


def _add_changing(app: "FastAPI", registry: Registry, bench: Bench) -> None:
    """The routes that a request with a body and the key asks: drafts, and what is done with the training."""
    from fastapi import Request, Response
    from fastapi.responses import JSONResponse

    def post(path: str, work: Callable[[dict[str, Any]], Any]) -> None:
        async def respond(request: Request) -> Response:
            _check_key(request, bench.key)
            body = await read_json(request)
            if not isinstance(body, dict):
                raise Refusal(400, got="JSON that is no object", expected="an object")
            told = await registry.work(lambda: work(body))
            if isinstance(told, bytes):
                return Response(told, media_type="application/octet-stream")
            return JSONResponse(told)

        app.post(f"/workbench/{path}", include_in_schema=False)(respond)

    def open_run(body: dict[str, Any]) -> dict[str, str]:
        model = bench.open(_text(body, "run"))
        registry.add(model)
        return {"model": model.name}

    post("check", lambda body: bench.check(body.get("draft")))
    post("read", lambda body: bench.read(body.get("text")))
    post("suggest", lambda body: bench.suggest(body.get("draft")))
    post("arrays", lambda body: bench.arrays(body.get("draft")))
    post("start", lambda body: bench.start(body.get("draft"), _epochs(body, "epochs")))
    post("resume", lambda body: bench.resume(_text(body, "run"), _epochs(body, "more"), _epochs(body, "epochs")))
    post("allow", lambda body: bench.allow(_epochs(body, "epochs")))
    post("stop", lambda body: bench.stop())
    post("open", open_run)


def _check_key(request: Any, key: str) -> None:
    given = request.headers.get(KEY_HEADER, "")
    if not hmac.compare_digest(given.encode(), key.encode()):
        got = "a wrong key" if given else "no key"
        raise Refusal(403, got=got, expected=f"the header {KEY_HEADER}", fix="load the page again")


def _parameter(request: Any, name: str) -> str:
    value: str | None = request.query_params.get(name)
    if value is None:
        raise Refusal(400, got=f"no {name}", expected=f"?{name}=")
    return value


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Refusal(400, got=f"no {name}", expected=f"{name}: a text")
    return value


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Refusal(400, got=f"{name}={text[:40]}", expected="a whole number")
    return int(text)


def _epochs(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_EPOCHS:
        raise Refusal(400, got=f"{name}: {str(value)[:40]}", expected=f"a whole number up to {_MOST_EPOCHS:,}, or null")
    return value
