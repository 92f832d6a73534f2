"""Tests what goes into a frame: the oval, the face's outline, what is seen of it, and fades."""

import numpy as np
import pytest

from facedancer_tf.swapping.paste import face_mask
from facedancer_tf.video.paste_mask import MASK_PX, paste_mask

SQUARE = np.array(
    [[40.0, 48.0], [87.0, 48.0], [87.0, 95.0], [40.0, 95.0]]
)  # of a crop of 128 px, within the oval
EVERYWHERE = np.ones((16, 16), np.float32)
NOWHERE = np.full((36, 2), np.nan)


def at(mask: np.ndarray, x: float, y: float) -> float:
    scale = MASK_PX / 128
    return float(mask[round((y + 0.5) * scale - 0.5), round((x + 0.5) * scale - 0.5)])


def test_inside_the_outline_all_is_pasted_and_far_from_it_nothing() -> None:
    mask = paste_mask(SQUARE, 128, EVERYWHERE)
    assert mask.dtype == np.float32
    assert at(mask, 64, 72) == pytest.approx(1.0, abs=0.01)
    assert at(mask, 44, 72) > 0.9
    assert at(mask, 22, 72) == 0.0
    middle = mask[MASK_PX * 72 // 128, : MASK_PX // 2]
    assert (np.diff(middle) >= -0.01).all()  # one soft edge, no steps back


def test_the_outline_grows_with_the_crop() -> None:
    np.testing.assert_allclose(
        paste_mask((SQUARE + 0.5) * 2 - 0.5, 256, EVERYWHERE), paste_mask(SQUARE, 128, EVERYWHERE), atol=0.01
    )


def test_what_is_not_seen_is_left_and_a_fade_weakens_all() -> None:
    seen = EVERYWHERE.copy()
    seen[:, 8:] = 0
    mask = paste_mask(SQUARE, 128, seen)
    assert at(mask, 52, 72) == pytest.approx(1.0, abs=0.01)
    assert at(mask, 80, 72) == 0.0
    np.testing.assert_allclose(paste_mask(SQUARE, 128, seen, 0.25), 0.25 * mask, atol=1e-6)


@pytest.mark.parametrize("shrink", [1.0, 0.8])
@pytest.mark.parametrize("outline", [NOWHERE, (SQUARE - 64) * 1e7])
def test_without_an_outline_and_with_one_far_beyond_the_crop_the_oval_decides(
    outline: np.ndarray, shrink: float
) -> None:
    y, x = np.mgrid[:MASK_PX, :MASK_PX]
    oval = face_mask(x.astype(np.float32), y.astype(np.float32), MASK_PX, shrink)
    np.testing.assert_allclose(paste_mask(outline, 128, EVERYWHERE, shrink=shrink), oval, atol=1e-6)
