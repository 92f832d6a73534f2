"""One real serve.py and one headless Chromium for all tests of serving that ask for them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, sync_playwright

from benchmarks.hostile_uploads import seeds
from benchmarks.running_server import RunningServer, running_server
from tests.facedancer_tf.serving.real_server.browsing import make_pictures

SILENCE_S = 2
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# A camera that shows a moving pattern, for contexts that may use one; all others are refused.
ARGUMENTS = ["--use-fake-device-for-media-stream", "--deny-permission-prompts"]


@pytest.fixture(scope="session")
def upload_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps uploads: the only temporary folder that it knows."""
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="session")
def server(upload_folder: Path) -> Iterator[RunningServer]:
    """A server with its models loaded, small uploads, and little patience with clients that say nothing."""
    limits = {"silence_s": SILENCE_S, "head_s": SILENCE_S, "picture_bytes": 2_000_000}
    flags = [word for name, value in limits.items() for word in ("--limit", f"{name}={value}")]
    with running_server(*flags, environment={"TMPDIR": str(upload_folder)}) as server:
        yield server


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx.Client]:
    """A client of the server, which after the test still finds faces and has written of no mistake."""
    with httpx.Client(base_url=server.address, timeout=60) as client:
        yield client
        assert client.post("/v1/detect", files=[("picture", seeds()["jpg"])]).status_code == 200
    assert "Traceback" not in server.log


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium of this machine; without one the tests of the page are skipped.

    It goes with its file: as long as playwright is there, no other test of this process can run an event loop.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of `make_pictures`."""
    return make_pictures(tmp_path_factory.mktemp("pictures"))
