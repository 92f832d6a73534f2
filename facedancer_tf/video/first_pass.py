"""Looks through a whole film before anything is swapped: who is there, where, and from when to when."""

from collections.abc import Callable, Iterable

import numpy as np

from data.faces.face import Detector
from facedancer_tf.films.film import FilmFacts, FilmFrame
from facedancer_tf.video.people_of_film import people_of
from facedancer_tf.video.readings import Mesh
from facedancer_tf.video.tracking import Tracker
from facedancer_tf.video.tracks import People
from facedancer_tf.weights.identity_encoder import Encoder


def look(
    facts: FilmFacts,
    frames: Iterable[FilmFrame],
    detector: Detector,
    mesh: Mesh,
    encoder: Encoder,
    after_frame: Callable[[], object] | None = None,
) -> People:
    """Follows all faces through `frames`, numbered from 0, and returns the people that they belong to.

    `after_frame` is called after each frame, for a progress bar. Of a frame only numbers are kept, and a small portrait
    of each face; a few frames stay for as long as the detector does not look.
    """
    tracker = Tracker(detector, mesh, encoder, float(facts.frame_rate), facts.rotation)
    pts: list[int] = []
    for frame in frames:
        tracker.step(frame.number, frame.picture)
        pts.append(frame.pts)
        if after_frame is not None:
            after_frame()
    tracker.finish()
    return people_of(tracker.done, np.array(pts, np.int64), facts)
