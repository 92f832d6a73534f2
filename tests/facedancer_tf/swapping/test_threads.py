"""Tests one Swapper in many threads, and over many pictures of different sizes."""

import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import cv2
import numpy as np
import pytest

from data.faces.detection import build_detector
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.swapping import engine
from facedancer_tf.swapping.swapper import Swapper

THREADS, SWAPS = 8, 50
SIZES = 31
EVERY_SIZE = 5 * SIZES  # five photographs take turns


def picture_of(number: int, photographs: list[np.ndarray]) -> np.ndarray:
    """One of the photographs at one of many sizes and brightnesses; another one for every number below 400."""
    photograph = photographs[number % len(photographs)]
    side_px = 160 + 7 * (number // len(photographs) % SIZES)
    factor = side_px / max(photograph.shape[:2])
    small = cv2.resize(photograph, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    return (small * (1.0 - 0.0005 * number)).astype(np.uint8)


@pytest.fixture(scope="module")
def photographs() -> list[np.ndarray]:
    return [read_picture(path).rgb for path in bundled_pictures()]


@pytest.mark.slow
def test_eight_threads_give_what_one_gives_bit_by_bit(tiny_model: Path, photographs) -> None:
    with Swapper(tiny_model) as alone:
        identities = [alone.embed(photograph) for photograph in photographs]
        work = [(identities[i % 5], picture_of(i, photographs)) for i in range(THREADS * SWAPS)]
        expected = [alone.swap(*item) for item in work]
    with Swapper(tiny_model) as shared, ThreadPoolExecutor(THREADS) as threads:
        swapped = list(
            threads.map(lambda item: shared.swap(*item), work)
        )  # the engine is loaded by one of them
    for one, other in zip(expected, swapped, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_engine_is_loaded_once_however_many_threads_ask_first(tiny_model: Path, monkeypatch) -> None:
    loaded, together = [], Barrier(THREADS)

    def load(*arguments: object) -> object:
        loaded.append(arguments)
        time.sleep(0.1)
        return object()

    monkeypatch.setattr(engine, "Engine", load)
    swapper = Swapper(tiny_model)

    def ask(_: int) -> object:
        together.wait()
        return swapper.engine

    with ThreadPoolExecutor(THREADS) as threads:
        engines = set(threads.map(ask, range(THREADS)))
    assert len(engines) == len(loaded) == 1


def test_threads_on_one_detector_get_their_own_faces(photographs) -> None:
    detector = build_detector()
    pictures = [picture_of(i, photographs) for i in range(40)]
    expected = [detector.detect(picture) for picture in pictures]
    with ThreadPoolExecutor(THREADS) as threads:
        detected = list(threads.map(detector.detect, pictures))
    for one, other in zip(expected, detected, strict=True):
        assert [(face.box, face.score) for face in one] == [(face.box, face.score) for face in other]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_flat_over_300_swaps(tiny_model: Path, photographs) -> None:
    with Swapper(tiny_model) as swapper:
        identity = swapper.embed(photographs[0])
        for i in range(EVERY_SIZE):  # a size that comes for the first time brings the libraries' buffers
            swapper.swap(identity, picture_of(i, photographs), face="all")
        before = memory_mb()
        for i in range(EVERY_SIZE, EVERY_SIZE + 300):
            swapper.swap(identity, picture_of(i, photographs), face="all")
        assert memory_mb() - before < 30


def memory_mb() -> float:
    """The memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6
