"""The routes of the service and the page as one application, behind its guard."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import nncli
from nncli.errors import NncliError
from nncli.serve.guard import Guard
from nncli.serve.limits import Limits
from nncli.serve.page import routes as page
from nncli.serve.protocols import invocations, open_inference, operation, prediction
from nncli.serve.refusals import Refusal, describe_error, make_defect
from nncli.serve.registry import Registry
from nncli.serve.workbench import routes as workbench
from nncli.serve.workbench.bench import Bench


def _tell(error: BaseException) -> None:
    sys.stderr.write(f"defect: {type(error).__name__}: {error}\n")


@dataclass(frozen=True)
class Settings:
    """How the service is reached: names of hosts besides the loopback's, the token, limits, and what is told about
    defects.

    With a `bench`, the workbench is the first page, and that of a run lies at /run.
    """

    hosts: Sequence[str] = ()
    token: str | None = None
    limits: Limits = field(default_factory=Limits)
    told: Callable[[BaseException], None] = _tell
    bench: Bench | None = None


def make_app(registry: Registry, settings: Settings) -> Guard:
    """The application for a server, or for a test client."""
    from fastapi import FastAPI

    app = FastAPI(
        title="nncli",
        version=nncli.__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
    )
    guard = Guard(
        app, settings.limits, registry.metrics, settings.told, hosts=tuple(settings.hosts), token=settings.token
    )
    _tell_errors_as_json(app)
    operation.add_routes(app, registry, lambda: guard.is_ending)
    prediction.add_routes(app, registry, settings.limits)
    open_inference.add_routes(app, registry, settings.limits)
    invocations.add_routes(app, registry, settings.limits)
    page.add_routes(app, registry, settings.limits, "/" if settings.bench is None else "/run")
    if settings.bench is not None:
        workbench.add_routes(app, registry, settings.bench)
    return guard


def _tell_errors_as_json(app: Any) -> None:
    """Every error is one JSON object: those of our rooms, and those of the framework such as an unknown path."""
    from fastapi.responses import JSONResponse
    from starlette.exceptions import HTTPException

    async def refuse(request: Any, error: Any) -> Any:
        headers = {**error.headers, "Connection": "close"}
        return JSONResponse(error.content, status_code=error.status, headers=headers)

    async def describe(request: Any, error: Any) -> Any:
        return JSONResponse(describe_error(error), status_code=400 if error.exit_code == 2 else 500)

    async def not_found(request: Any, error: Any) -> Any:
        got = f"{request.method} {request.url.path[:100]}"
        expected = "another method" if error.status_code == 405 else "a path that exists (/openapi.json lists them)"
        refusal = Refusal(error.status_code, got=got, expected=expected)
        return JSONResponse(refusal.content, status_code=error.status_code, headers=error.headers)

    async def defect(request: Any, error: Any) -> Any:
        refusal = make_defect()  # the guard is told about the error as well, and tells it
        return JSONResponse(refusal.content, status_code=refusal.status)

    app.add_exception_handler(Exception, defect)
    app.add_exception_handler(Refusal, refuse)
    app.add_exception_handler(NncliError, describe)
    app.add_exception_handler(HTTPException, not_found)
