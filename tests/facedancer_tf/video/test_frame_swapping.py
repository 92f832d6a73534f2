"""What of a frame is cut out, without networks."""

from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from facedancer_tf.films.film import FilmFrame
from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.paste_steps import PasteSteps
from facedancer_tf.video.frame_swapping import FrameSwapper
from tests.facedancer_tf.video.people_for_tests import make_people, track


@pytest.mark.parametrize(("x", "faces"), [(100, 1), (-20, 1), (900, 0), (-400, 0)])
def test_a_face_that_has_left_the_frame_is_not_cut_out(x: float, faces: int) -> None:
    generator: Any = SimpleNamespace()
    identity = Identity.average(np.ones((1, 8), np.float32), "")
    swapper = FrameSwapper(generator, make_people([track(0, 3, x)]), {0: identity}, 64, 1.0, PasteSteps())
    frame = FilmFrame(2, 2, 1, FramePicture(av.VideoFrame(320, 180, "yuv420p")))
    assert len(swapper.cut_faces(frame)) == faces


def test_the_largest_of_two_faces_that_overlap_covers_the_other() -> None:
    """A generator that gives the first face full red and the second full blue: where both are pasted is the second."""
    colours = np.array([[250, 20, 20], [20, 20, 250]], np.uint8)

    def swap_crops(crops: np.ndarray, identities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        swapped = np.broadcast_to(colours[: len(crops), None, None], crops.shape)
        return np.ascontiguousarray(swapped), np.ones((len(crops), 8, 8), np.float32)

    generator: Any = SimpleNamespace(swap_crops=swap_crops)
    identity = Identity.average(np.ones((1, 8), np.float32), "")
    tracks = [track(0, 3, 100.0), track(0, 3, 104.0)]
    swapper = FrameSwapper(generator, make_people(tracks), {0: identity}, 64, 1.0, PasteSteps(False, False))
    grey = np.full((180, 320, 3), 120, np.uint8)
    grey[..., 0] += np.arange(320, dtype=np.uint8) // 4  # not a black-and-white picture
    frame = FilmFrame(0, 0, 1, FramePicture(av.VideoFrame.from_ndarray(grey, "rgb24")))
    (_, first), (_, last) = [
        (cut, np.array(cut.box).reshape(2, 2).mean(axis=0)) for cut, _ in swapper.cut_faces(frame)
    ]
    list(swapper.swap([frame]))
    x, y = np.rint((first + last) / 2).astype(int)
    np.testing.assert_allclose(frame.picture.rgb()[y, x], colours[1], atol=3)


def test_a_generator_that_changes_nothing_leaves_the_frame_as_it_was() -> None:
    """Its finest detail comes from the frame; without that step the face is softer."""

    def same(crops: np.ndarray, identities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return crops.copy(), np.ones((len(crops), 8, 8), np.float32)

    generator: Any = SimpleNamespace(swap_crops=same)
    identity = Identity.average(np.ones((1, 8), np.float32), "")
    people = make_people([track(0, 3, 100.0)])
    pixels = np.random.default_rng(0).integers(60, 190, (180, 320, 3), np.uint8)
    for steps, changed in ((PasteSteps(), False), (PasteSteps(finest_detail=False), True)):
        frame = FilmFrame(0, 0, 1, FramePicture(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        list(FrameSwapper(generator, people, {0: identity}, 64, 1.0, steps).swap([frame]))
        assert (frame.picture.rgb() != pixels).any() == changed
