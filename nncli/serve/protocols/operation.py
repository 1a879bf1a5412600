"""Health, readiness and metrics, for those who operate the service."""

from typing import TYPE_CHECKING, Any

from nncli.serve.metrics import CONTENT_TYPE
from nncli.serve.registry import Registry

if TYPE_CHECKING:
    from fastapi import FastAPI


def add_routes(app: "FastAPI", registry: Registry, is_ending: Any) -> None:
    """Adds the routes to a FastAPI application; `is_ending()` says whether the server takes no new work."""
    from fastapi import Response
    from fastapi.responses import JSONResponse

    @app.get("/v2/health/live")
    async def live() -> Response:
        """Whether the server runs."""
        return JSONResponse({"live": True})

    @app.get("/v2/health/ready")
    async def ready() -> Response:
        """Whether the server takes requests: 503 from the moment on when it has been told to end."""
        return JSONResponse({"ready": not is_ending()}, status_code=503 if is_ending() else 200)

    @app.get("/metrics")
    async def metrics() -> Response:
        """Counters in Prometheus's text format."""
        text = registry.metrics.text((model.name, model.version) for model in registry)
        return Response(text, media_type=CONTENT_TYPE)
