"""Runs the application: listens, loads the networks behind the first answers, and ends in order."""

import asyncio
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import uvicorn

from facedancer_tf.errors import UserError
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.serving.app import build_app
from facedancer_tf.serving.connection import timed_connections
from facedancer_tf.serving.log import start_log
from facedancer_tf.serving.models import find_model
from facedancer_tf.serving.service import Service, private_folder
from facedancer_tf.serving.settings import Settings
from facedancer_tf.shown_text import say
from facedancer_tf.swapping.swapper import Swapper

LOADING_AFTER_S = 0.05  # importing TensorFlow holds Python up: who waits already is answered first
FINISHING_S = 30  # for what runs, and for uploads under way


def listen(host: str, port: int) -> socket.socket:
    """Opens the socket; raises UserError where that is impossible, as where another program has it."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()  # who comes while the rest is imported waits
    except (OSError, UnicodeError) as error:
        raise UserError(
            f"cannot listen at port {port} of {host} ({getattr(error, 'strerror', None) or error}); choose another",
            "in_use",
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The address to type into a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


class _Server(uvicorn.Server):
    """uvicorn's server, which tells `service` at once when it shall stop, and then ends like any function."""

    def __init__(self, config: uvicorn.Config, service: Service, say: Callable[[], None]) -> None:
        super().__init__(config)
        self.service, self.say = service, say
        self.failure: BaseException | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self.say()
            self.service.worker.begin_loading(lambda: _load(self.service)).add_done_callback(self._loaded)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.service.worker.stop()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _loaded(self, loading: "Future[None]") -> None:
        if not loading.cancelled() and loading.exception() is not None:
            self.failure, self.should_exit = loading.exception(), True


def _load(service: Service) -> None:
    """Loads TensorFlow and the networks of the default model, and runs these once, because the first run is slow."""
    time.sleep(LOADING_AFTER_S)
    load_tensorflow_quietly()
    run_graphs_as_they_are()
    engine = service.worker.swapper(find_model(service.models(), None).name).engine
    sizes_px = (engine.encoder.description.size_px, engine.recipe.size_px)
    face, crop = (np.zeros((1, size_px, size_px, 3), np.uint8) for size_px in sizes_px)
    engine.swap_crops(crop, engine.embed_crops(face))


def serve(settings: Settings, build: Callable[[Path], Swapper], listening: socket.socket) -> None:
    """Serves until SIGTERM or Ctrl-C; what runs then is finished, what waits or comes is refused.

    Raises UserError where the default model cannot be loaded.
    """
    limits = settings.limits
    start_log()
    with private_folder() as folder:
        service = Service.of(settings, folder, build)
        service.models()
        config = uvicorn.Config(
            build_app(service),
            http=timed_connections(limits.head_s, limits.silence_s, limits.connections),
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=FINISHING_S,
        )
        server = _Server(config, service, lambda: say(f"serving at {address_of(listening)} until Ctrl-C"))
        asyncio.run(server.serve([listening]))
    if server.failure is not None:
        raise server.failure
