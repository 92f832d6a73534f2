"""The invisible watermark: what it says, what it survives, what it costs the picture, and where it is not found."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.evaluation.jpeg import through_jpeg
from facedancer_tf.provenance import watermark_pattern as pattern
from facedancer_tf.provenance.watermark import Watermark
from facedancer_tf.provenance.watermark_reading import CHANCE, chance, least_agreement, read_watermark

MODEL = 4711
NAMES = [path.stem for path in bundled_pictures()]
PHOTOGRAPHS = {path.stem: read_picture(path).rgb for path in bundled_pictures()}


@pytest.fixture(scope="module")
def marked():
    return {name: Watermark(MODEL).mark(rgb) for name, rgb in PHOTOGRAPHS.items()}


def half(rgb: np.ndarray) -> np.ndarray:
    return cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def crop(rgb: np.ndarray) -> np.ndarray:
    height, width = rgb.shape[:2]
    return rgb[height // 10 : -height // 20, width // 20 : -width // 10]


def turn(rgb: np.ndarray) -> np.ndarray:
    height, width = rgb.shape[:2]
    return cv2.warpAffine(rgb, cv2.getRotationMatrix2D((width / 2, height / 2), 3.3, 1.0), (width, height))


HANDLING: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "nothing": lambda rgb: rgb,
    "JPEG 75": through_jpeg,
    "half its size, JPEG 75": lambda rgb: through_jpeg(half(rgb)),
    "cropped": crop,
    "mirrored": lambda rgb: rgb[:, ::-1],
    "upside down": lambda rgb: rgb[::-1, ::-1],
    "on its side": np.rot90,
    "turned by 3.3 degrees, cropped, JPEG 75": lambda rgb: through_jpeg(crop(turn(rgb))),
    "grey": lambda rgb: np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1),
    "darker": lambda rgb: (rgb * 0.7).astype(np.uint8),
}


@pytest.mark.parametrize("handling", HANDLING)
@pytest.mark.parametrize("name", NAMES)
def test_the_mark_survives_handling(marked, name, handling):
    reading = read_watermark(np.ascontiguousarray(HANDLING[handling](marked[name])))
    assert reading is not None
    assert reading.model_id == MODEL
    assert reading.mirrored == (handling == "mirrored")


@pytest.mark.parametrize("name", NAMES)
def test_the_mark_is_faint_and_an_unmarked_picture_has_none(marked, name):
    assert cv2.PSNR(PHOTOGRAPHS[name], marked[name]) > 40
    change = marked[name].astype(int) - PHOTOGRAPHS[name]
    assert np.abs(change).max() <= 30
    assert read_watermark(PHOTOGRAPHS[name]) is None


def test_flat_white_and_black_stay_clean_and_grey_stays_grey():
    flat = np.full((600, 500, 3), 255, np.uint8)
    flat[:, 250:] = 0
    np.testing.assert_array_equal(Watermark(MODEL).mark(flat), flat)
    flat[:300] = 180
    marked = Watermark(MODEL).mark(flat)
    assert np.abs(marked.astype(int) - flat)[:280].max() <= 2
    assert np.ptp(marked, axis=-1).max() == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 700, 3), (900, 3, 3), (40, 40, 3), (64, 2000, 3)])
def test_pictures_of_any_size_are_marked_and_read_without_harm(shape):
    rgb = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    assert Watermark(MODEL).mark(rgb).shape == shape
    read_watermark(rgb)


def test_a_second_swap_by_another_model_is_what_is_read(marked):
    reading = read_watermark(Watermark(99).mark(marked[NAMES[0]]))
    assert reading is not None
    assert reading.model_id == 99
    again = Watermark(MODEL).mark(marked[NAMES[0]])
    assert cv2.PSNR(marked[NAMES[0]], again) > 48  # there already: hardly anything is added


@pytest.mark.parametrize("content", ["flat", "noise", "stripes", "gradient"])
def test_what_is_no_photograph_gives_no_alarm(content):
    across = np.mgrid[:400, :600][1]
    rgb = {
        "flat": np.full((400, 600), 128),
        "noise": np.random.default_rng(2).integers(0, 256, (400, 600)),
        "stripes": 127 + 120 * np.sign(np.sin(2 * np.pi * across * 512 / 600 / 8)),
        "gradient": across / 600 * 255,
    }[content]
    assert read_watermark(np.repeat(rgb.astype(np.uint8)[..., None], 3, axis=-1)) is None


def test_the_pattern_never_changes():
    """Pictures that were marked once must be readable for ever: these numbers are the format, version 1."""
    assert len(pattern.HARMONICS) == 152
    assert pattern.CHIPS == 202
    signs = "".join("+" if sign > 0 else "-" for sign in pattern.chips_of(pattern.message_of(MODEL))[:24])
    tile = pattern.tile_of(pattern.message_of(MODEL))
    assert signs == "-----+---+-+-++-----++--"
    np.testing.assert_allclose(tile[0, :4], [-0.816, -0.861, -0.974, -1.176], atol=5e-4)


def test_words_of_the_code_lie_far_apart():
    words = np.stack([pattern.chips_of(message) for message in range(1, 1 << 13)])
    assert words.sum(axis=1).max() / pattern.CHIPS < 0.3  # linear: distances to word 0 are all distances


def test_every_message_is_read_from_its_own_tile():
    tiles = [pattern.tile_of(pattern.message_of(model)) for model in (0, 1, 4095, 8191)]
    soft = np.stack([pattern.soft_chips(pattern.waves_of(tile)) for tile in tiles])
    models, agreements = pattern.likeliest(soft)
    assert models.tolist() == [0, 1, 4095, 8191]
    np.testing.assert_allclose(agreements, 1.0, atol=1e-5)


def test_the_threshold_keeps_its_promise_on_random_chips():
    """The bound for one vector, without `TRIES`: of 4,000 random ones, what it allows at a looser threshold."""
    soft = np.random.default_rng(3).standard_normal((4000, pattern.CHIPS))
    _, agreements = pattern.likeliest(soft)
    for limit in (0.05, 0.01):
        allowed = np.sqrt(2 * np.log(2**pattern.MODEL_BITS / limit) / pattern.CHIPS)
        assert (agreements > allowed).mean() <= limit
    assert chance(least_agreement()) == pytest.approx(CHANCE)
