"""People of a film that nobody has looked through, for tests of what is done with them."""

from fractions import Fraction

import numpy as np

from facedancer_tf.video.tracks import Clock, People, Person, Track

TIME_BASE = Fraction(1, 10)


def track(first: int, last: int, x: float = 100.0) -> Track:
    """A face of 40 px at (`x`, 100), from frame to frame."""
    count, angles = last - first + 1, np.linspace(0, 2 * np.pi, 36, endpoint=False)
    outline = np.stack([x + 20 * np.cos(angles), 100 + 20 * np.sin(angles)], axis=1)
    five = np.array([[x - 8, 95], [x + 8, 95], [x, 100], [x - 6, 110], [x + 6, 110]])
    return Track(
        np.arange(first, last + 1, dtype=np.int32),
        np.tile(five, (count, 1, 1)).astype(np.float32),
        np.tile(outline, (count, 1, 1)).astype(np.float32),
        np.linspace(1, 0.5, count).astype(np.float32),
    )


def make_people(*tracks: list[Track], rotation: int = 0, frames: int = 100) -> People:
    """People with these tracks and embeddings at right angles, in a film of 10 frames a second."""
    pts = np.arange(frames)
    clock = Clock(pts, TIME_BASE)
    persons = []
    for number, own in enumerate(tracks):
        seconds = sum(float(clock.seconds(track.frames).sum()) for track in own)
        portrait = np.full((128, 128, 3), 40 * number, np.uint8)
        embedding = np.eye(8, dtype=np.float32)[number]
        persons.append(Person(number, own, embedding, seconds, clock.presences(own), portrait))
    return People(persons, ["a face at 0:01.0 is there for 0.2 s only"], pts, TIME_BASE, 640, 360, rotation)
