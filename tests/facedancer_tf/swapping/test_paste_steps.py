"""Tests that each step of pasting can be left out, and what they do together."""

import numpy as np
import pytest

from data.faces.alignment import estimate_transform, warp
from facedancer_tf.swapping.paste import paste_into
from facedancer_tf.swapping.paste_steps import PasteSteps
from facedancer_tf.swapping.swapper import Swapper


@pytest.fixture(scope="module")
def cut(barack):
    """A real face of 340 px, its crop of 64 px and its transform."""
    face = Swapper().detect(barack)[0]
    transform = estimate_transform(face.landmarks, 64)
    return barack, warp(barack, transform, 64), transform


def pasted(steps: PasteSteps, cut, swapped: np.ndarray) -> np.ndarray:
    target, crop, transform = cut
    picture = target.copy()
    steps.paste(picture, swapped, target, crop, transform)
    return picture


def test_without_both_steps_the_crop_is_pasted_as_it_is(cut) -> None:
    target, crop, transform = cut
    swapped = crop[:, ::-1].copy()
    plain = target.copy()
    paste_into(plain, swapped, transform)
    np.testing.assert_array_equal(pasted(PasteSteps(False, False), cut, swapped), plain)
    for steps in (PasteSteps(True, False), PasteSteps(False, True)):
        assert (pasted(steps, cut, swapped) != plain).any(), steps


@pytest.mark.parametrize("steps", [PasteSteps(), PasteSteps(skin_colour=False)])
def test_a_face_swapped_for_itself_is_the_target(cut, steps: PasteSteps) -> None:
    target, crop, _ = cut
    np.testing.assert_array_equal(pasted(steps, cut, crop), target)
    assert np.abs(pasted(PasteSteps(False), cut, crop).astype(int) - target).max() > 20


def test_the_detail_is_that_of_the_target_and_not_of_a_face_pasted_before(cut) -> None:
    target, crop, transform = cut
    picture = target.copy()
    PasteSteps().paste(picture, 255 - crop, target, crop, transform)
    PasteSteps().paste(picture, crop, target, crop, transform)
    alone = pasted(PasteSteps(False, False), cut, crop)
    middle = (slice(350, 400), slice(300, 400))
    assert (alone[middle] != target[middle]).any()
    np.testing.assert_array_equal(picture[middle], target[middle])


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (PasteSteps(), ""),
        (PasteSteps(False), "pasted without finest detail"),
        (PasteSteps(False, False), "pasted without finest detail and skin colour"),
    ],
)
def test_it_says_what_is_left_out(steps: PasteSteps, words: str) -> None:
    assert steps.left_out == words
