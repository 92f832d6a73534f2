"""Matches the faces that a frame shows with those that are followed, by place and by embedding."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data.faces.face import Face
from facedancer_tf.swapping.identity import SAME_PERSON
from facedancer_tf.video.readings import Reading
from facedancer_tf.video.tracklet import APART, Tracklet

SAME_FACE = 0.35  # sizes of a face, between two middles: closer readings are of one face
FOUND_HERE = 0.4  # what the detector found so near is the face of the reading
DRIFTED = 0.15  # a reading so far from what the detector found is read again from there
REACH, REACH_A_FRAME = (
    0.6,
    0.15,
)  # how far a face may have gone in a frame, and more for each frame that it was lost
LARGEST_GROWTH = 1.6
NEARNESS = 0.5  # how much the place counts against a cosine
LOST_AND_FOUND = (APART + SAME_PERSON) / 2  # the cosine that a lost face needs at least, to be the one found


@dataclass(frozen=True, eq=False)
class Seen:
    """One face of a frame: its reading, what the detector found there (None: nothing), and the tracks that read it."""

    reading: Reading
    face: Face | None
    tracks: tuple[Tracklet, ...] = ()


def distinct(
    readings: dict[Tracklet, Reading], found: Sequence[Face], read: Callable[[Face], Reading | None]
) -> list[Seen]:
    """All faces of a frame, each once: what the tracks read, and what else the detector found.

    Two tracks may have read the same face, where one has jumped; which of them it is, `match` says.
    """
    groups: list[tuple[Reading, list[Tracklet]]] = []
    for track, reading in readings.items():
        for other, tracks in groups:
            if reading.distance(other) < SAME_FACE:
                tracks.append(track)
                break
        else:
            groups.append((reading, [track]))
    left = list(found)
    seen = []
    for reading, tracks in groups:
        near = min(left, key=lambda face: _apart(face, reading), default=None)
        if near is None or _apart(near, reading) > FOUND_HERE:
            seen.append(Seen(reading, None, tuple(tracks)))
            continue
        left.remove(near)
        again = read(near) if _apart(near, reading) > DRIFTED else None
        seen.append(Seen(again or reading, near, tuple(tracks)))
    for face in left:
        fresh = read(face)
        if fresh is not None and all(fresh.distance(one.reading) >= SAME_FACE for one in seen):
            seen.append(Seen(fresh, face))
    return seen


def _apart(face: Face, reading: Reading) -> float:
    """How far the landmarks' middles are apart, in sizes of the face."""
    return float(np.linalg.norm(face.landmarks.mean(axis=0) - reading.five.mean(axis=0))) / reading.size_px


def match(
    tracks: Sequence[Tracklet], lost: Sequence[int], seen: Sequence[Seen], embeddings: np.ndarray
) -> dict[int, Tracklet]:
    """Says which track each face in `seen` belongs to, by its index; a new face is left out.

    lost: for how many frames each track had no reading. embeddings: unit length, [n, W], of `seen`. The surest pairs
    come first. A face that is in a track's reach but looks like nobody so far may still be it, seen badly; one that a
    lost track finds again must look like it.
    """
    worth = []
    for track, frames in zip(tracks, lost, strict=True):
        if track.last is None:
            continue
        likeness = track.likeness(embeddings)
        for index, one in enumerate(seen):
            own = track in one.tracks
            reach = REACH + REACH_A_FRAME * frames
            distance = one.reading.distance(track.last)
            growth = max(one.reading.size_px, track.last.size_px) / min(
                one.reading.size_px, track.last.size_px
            )
            if not own and (distance > reach or growth > LARGEST_GROWTH or likeness[index] < LOST_AND_FOUND):
                continue
            worth.append((float(likeness[index]) + NEARNESS * (1 - distance / reach), index, track))
    matched: dict[int, Tracklet] = {}
    for _, index, track in sorted(worth, key=lambda pair: -pair[0]):
        if index not in matched and all(other is not track for other in matched.values()):
            matched[index] = track
    return matched


def by_likeness(matched: dict[int, Tracklet], embeddings: np.ndarray) -> list[int]:
    """The indices of all faces in `embeddings` [n, W]: those that look most like their tracks first, new ones last."""
    likeness = np.full(len(embeddings), -1.0)
    for index, track in matched.items():
        likeness[index] = track.likeness(embeddings[index][None])[0]
    return np.argsort(-likeness, kind="stable").tolist()
