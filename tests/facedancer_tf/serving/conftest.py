"""A server with a substitute for the networks: quick, and it says in pixels what was asked of it."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="serving's packages are missing: bash setup.sh serve")

from fastapi.testclient import TestClient

from data.faces.face import Face
from data.pictures import encode_picture
from facedancer_tf.provenance.swapped import UsedModel
from facedancer_tf.serving.app import build_app
from facedancer_tf.serving.service import Service
from facedancer_tf.serving.settings import ServingLimits, Settings
from facedancer_tf.swapping.identity import Identity

SMALL = ServingLimits(picture_bytes=400_000, picture_pixels=100_000, picture_side_px=900, faces=2, sources=2)


class StubSwapper:
    """Sees one face for each full 100 px of width; black pictures show nobody. Swapping inverts the faces."""

    def __init__(self, path: Path) -> None:
        self.path, self.used_model = path, UsedModel(path.stem, "ab" * 32)
        self.engine = SimpleNamespace(encoder=SimpleNamespace(description=SimpleNamespace(name="stub")))
        self.pause, self.threads = threading.Event(), set[str]()
        self.closed = False
        self.pause.set()

    def detect(self, picture: np.ndarray, search: str = "patient") -> list[Face]:
        self.threads.add(threading.current_thread().name)
        self.pause.wait(20)
        if picture.max() < 9:
            return []
        count = picture.shape[1] // 100
        return [
            Face((100.0 * i, 0.0, 90.0 - i, 90.0), np.full((5, 2), i, np.float32), 0.9) for i in range(count)
        ]

    def embeddings(self, pictures: list[np.ndarray], faces: list[Face]) -> np.ndarray:
        return np.stack([np.full(4, 1.0 + face.landmarks[0, 0], np.float32) for face in faces])

    def embed_faces(self, pictures: list[np.ndarray], faces: list[Face]) -> Identity:
        return Identity.average(self.embeddings(pictures, faces), "stub")

    def swap_faces(self, target: np.ndarray, faces: list[Face], identity: Identity) -> np.ndarray:
        swapped = target.copy()
        for face in faces:
            x = round(face.box[0])
            swapped[:, x : x + 100] = 255 - target[:, x : x + 100]
        return swapped

    def similarity(self, identity: Identity, picture: np.ndarray, faces: list[Face]) -> np.ndarray:
        return np.full(len(faces), picture.mean() / 255)

    def close(self) -> None:
        self.closed = True


def picture(width: int = 230, height: int = 210, level: int = 60, suffix: str = ".png") -> bytes:
    """An encoded picture of noise about `level`."""
    noise = np.random.default_rng(level).integers(-level // 3, level // 3 + 1, (height, width, 3))
    return encode_picture(suffix, (noise + level).astype(np.uint8))


def wait_for(condition: object) -> None:
    """Waits until the function `condition` says yes, 10 s at most."""
    for _ in range(1000):
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.01)
    raise TimeoutError("it never came to that")


@pytest.fixture
def swappers() -> list[StubSwapper]:
    """The swappers that the server has made."""
    return []


@pytest.fixture
def service(tmp_path: Path, swappers: list[StubSwapper]) -> Service:
    def build(path: Path) -> StubSwapper:
        swappers.append(StubSwapper(path))
        return swappers[-1]

    return Service.of(Settings(limits=SMALL), tmp_path / "private", build)  # type: ignore[arg-type]


@pytest.fixture
def client(service: Service) -> Iterator[TestClient]:
    with TestClient(build_app(service), base_url="http://localhost:8008") as client:
        yield client
