"""What of a frame is cut out, without networks."""

from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from facedancer_tf.films.film import FilmFrame
from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.video.frame_swapping import FrameSwapper
from tests.facedancer_tf.video.people_for_tests import make_people, track


@pytest.mark.parametrize(("x", "faces"), [(100, 1), (-20, 1), (900, 0), (-400, 0)])
def test_a_face_that_has_left_the_frame_is_not_cut_out(x: float, faces: int) -> None:
    generator: Any = SimpleNamespace()
    identity = Identity.average(np.ones((1, 8), np.float32), "")
    swapper = FrameSwapper(generator, make_people([track(0, 3, x)]), {0: identity}, 64, 1.0)
    frame = FilmFrame(2, 2, 1, FramePicture(av.VideoFrame(320, 180, "yuv420p")))
    assert len(swapper.cut_faces(frame)) == faces
