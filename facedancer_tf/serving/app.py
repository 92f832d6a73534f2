"""Puts routes, bounds and worker together to one application."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from shutil import rmtree

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig

from facedancer_tf import __version__
from facedancer_tf.serving import job_routes, page_routes, picture_routes, status_routes, swap_routes
from facedancer_tf.serving.errors import add_error_answers
from facedancer_tf.serving.guard import Guard
from facedancer_tf.serving.metrics import Measuring
from facedancer_tf.serving.service import Service
from facedancer_tf.serving.uploads import UploadFolders

ROUTERS = (
    status_routes.router, page_routes.router, picture_routes.router, swap_routes.router, job_routes.router,
)  # fmt: skip
SWEEP_S = 20
# Off, whatever the environment says: FastAPI could export errors elsewhere, with what stands in them.
NO_TELEMETRY = TelemetryConfig(
    auto_configure=False, tracing=False, metrics=False, logs=False, operation_spans=False
)


def build_app(service: Service, routers: Sequence[APIRouter] = ROUTERS) -> FastAPI:
    """Builds the application; who serves it lets `service.worker` load the networks.

    A router with a lifespan of its own may begin and end things beside: `service.folder` is there before, and goes
    afterwards.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.folder.mkdir(0o700)
        sweeping = asyncio.create_task(_sweep(service))
        try:
            yield
        finally:
            sweeping.cancel()
            await asyncio.to_thread(service.worker.close)
            rmtree(service.folder, ignore_errors=True)

    app = FastAPI(
        title="facedancer_tf",
        version=__version__,
        description="Swaps faces in pictures and films. Every result is marked as synthetic.",
        docs_url=None,
        redoc_url=None,
        telemetry=NO_TELEMETRY,
        lifespan=lifespan,
    )
    app.state.service = service
    for router in routers:
        app.include_router(router)
    add_error_answers(app)
    app.add_middleware(UploadFolders, parent=service.folder, most_bytes=service.limits.uploads_bytes)
    app.add_middleware(Guard, settings=service.settings)
    app.add_middleware(Measuring, metrics=service.metrics)  # the last that is added is the outermost
    return app


async def _sweep(service: Service) -> None:
    """Deletes results whose time is over, now and then."""
    while True:
        await asyncio.sleep(SWEEP_S)
        service.results.sweep()
