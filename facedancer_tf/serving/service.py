"""What all routes of one server share."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import gettempdir
from typing import Literal

from fastapi import Request

from data.whole_files import passing_path
from facedancer_tf.serving.engine_worker import EngineWorker
from facedancer_tf.serving.metrics import Metrics
from facedancer_tf.serving.models import ListedModel, find_model, list_models
from facedancer_tf.serving.results import Results
from facedancer_tf.serving.settings import ServingLimits, Settings
from facedancer_tf.swapping.swapper import Swapper

SwapperFactory = Callable[[Path], Swapper]


@dataclass(frozen=True)
class Service:
    """The parts of one server. `folder` is private, and goes with the server; routes reach this by `service_of`.

    `checking` is held while marks are read, which needs no networks: one file at a time, beside the engine.
    """

    settings: Settings
    folder: Path
    worker: EngineWorker
    results: Results
    metrics: Metrics
    checking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, settings: Settings, folder: Path, build: SwapperFactory) -> "Service":
        """Makes the parts; nothing is loaded yet."""
        limits = settings.limits

        def build_named(name: str) -> Swapper:
            return build(find_model(list_models(settings.model), name).path)

        results = Results(folder, limits.kept_results, limits.result_s)
        return cls(settings, folder, EngineWorker(build_named, limits), results, Metrics())

    @property
    def limits(self) -> ServingLimits:
        return self.settings.limits

    @property
    def status(self) -> Literal["loading", "ready", "stopping"]:
        if self.worker.stopping:
            return "stopping"
        return "ready" if self.worker.ready else "loading"

    def models(self) -> list[ListedModel]:
        """The models at hand now; reads files."""
        return list_models(self.settings.model)


def private_folder() -> AbstractContextManager[Path]:
    """The name of a folder for one server, which has to be made with mode 0700; what a killed one left is deleted."""
    return passing_path(Path(gettempdir()) / "facedancer-serve")


def service_of(request: Request) -> Service:
    service = request.app.state.service
    if not isinstance(service, Service):
        raise TypeError("`app.state.service` must be a Service, as build_app sets it")
    return service
