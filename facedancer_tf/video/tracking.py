"""Follows every face from frame to frame, and makes sure by its embedding that it stays the same face.

The mesh reads each face from where it was in the frame before. The detector looks every third of a second, at the start
of a shot, and in every frame where a face is lost, in doubt, or close to another. What it finds is matched with the
faces that are followed by place and by embedding. A new face is also followed back, to where it first showed.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from data.faces.face import Detector, Face
from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.video.cuts import CUT_PX, Cuts
from facedancer_tf.video.matching import Seen, by_likeness, distinct, match
from facedancer_tf.video.readings import Mesh, Reading, find_faces, read_face
from facedancer_tf.video.tracklet import KEPT, Tracklet, change_point, shows_till
from facedancer_tf.weights.identity_encoder import Encoder

LOOK_S, LOOK_FRAMES = 1 / 3, 10  # the detector looks after so long, or so many frames where these are fewer
PATIENCE_S = 0.2  # a face may be lost for so long
UNSEEN_S = 1.0  # a face that the mesh reads but neither detector nor encoder knows is none after so long
NEAR = 0.8  # sizes of a face, between two middles: closer faces may be taken for one another
LOST_LOOKS, LOST_S = 3, 1.0  # after a face was lost, the detector looks in every third frame for so long
SAME_PLACE = 0.5  # sizes of a face


@dataclass(frozen=True)
class Pace:
    """How many frames the times above are, at a film's frame rate."""

    look: int
    patience: int
    unseen: int
    lost: int

    @classmethod
    def at(cls, frame_rate: float) -> "Pace":
        """The pace for a film of so many frames a second."""

        def frames(time_s: float) -> int:
            return max(1, round(time_s * frame_rate))

        return cls(min(LOOK_FRAMES, frames(LOOK_S)), frames(PATIENCE_S), frames(UNSEEN_S), frames(LOST_S))


class Tracker:
    """Follows all faces through a film: `step` for every frame in order, then `finish`; `done` holds what was found."""

    def __init__(
        self, detector: Detector, mesh: Mesh, encoder: Encoder, frame_rate: float, rotation: int = 0
    ) -> None:
        self.detector, self.mesh, self.encoder, self.rotation = detector, mesh, encoder, rotation
        self.crop_px = encoder.description.size_px
        self.pace = Pace.at(frame_rate)
        self.active: list[Tracklet] = []
        self.done: list[Tracklet] = []
        self._cuts = Cuts()
        self._history: deque[tuple[int, FramePicture]] = deque(maxlen=self.pace.look)
        self._looked_at, self._lost_at = -(10**9), -(10**9)

    def step(self, number: int, picture: FramePicture) -> None:
        """Follows all faces into the frame of this number."""
        starts = self._cuts.starts_shot(picture.luma(CUT_PX))
        if starts:
            self._end_shot()
        readings: dict[Tracklet, Reading] = {}
        for track in self.active:
            expected = track.expected
            if expected is not None and (reading := read_face(self.mesh, picture, expected)):
                readings[track] = reading
        if starts or self._must_look(number, readings):
            self._looked_at = number
            readings = self._look(number, picture, readings, starts)
        for track in list(self.active):
            if track in readings:
                track.add(number, readings[track], self.crop_px)
                continue
            track.hidden = _is_near(track.last, readings.values())
            if track.hidden or number - track.frames[-1] > self.pace.patience:
                self._lose(track)
                self._lost_at = number
        self._history.append((number, picture))

    def finish(self) -> None:
        """Ends what is still followed, with the film's last frame."""
        self._end_shot()

    def _end(self, track: Tracklet) -> None:
        self.active.remove(track)
        track.last = None
        track.kept.clear()
        if track.frames:
            self.done.append(track)

    def _lose(self, track: Tracklet) -> None:
        """Ends a track whose face was lost, with the last reading that was surely the face's."""
        if track.kept and track.total is not None:
            keep = shows_till(track.likeness(self._embed(np.stack([kept.crop for kept in track.kept]))))
            if keep < len(track.kept):
                track.split(track.kept[keep].frame)
        self._end(track)

    def _end_shot(self) -> None:
        last = self._history[-1][0] if self._history else -1
        for track in list(self.active):
            track.at_end = bool(track.frames) and track.frames[-1] == last
            self._end(track)
        self._history.clear()
        self._lost_at = -(10**9)

    def _must_look(self, number: int, readings: dict[Tracklet, Reading]) -> bool:
        since = number - self._looked_at
        if since >= self.pace.look or len(readings) < len(self.active):
            return True
        if number - self._lost_at <= self.pace.lost and since >= LOST_LOOKS:
            return True
        if since >= LOST_LOOKS and any(track.doubted_since is not None for track in readings):
            return True
        there = list(readings.values())
        return any(_is_near(one, there[:i]) for i, one in enumerate(there))

    def _look(
        self, number: int, picture: FramePicture, readings: dict[Tracklet, Reading], starts: bool
    ) -> dict[Tracklet, Reading]:
        """Finds all faces of a frame anew, and says which of them each track is; begins and splits tracks."""
        # Where nobody is followed there is time to look for who lies on the side, or is very near.
        found = find_faces(self.detector, picture, self.rotation, "quick" if self.active else "patient")

        def read(face: Face) -> Reading | None:
            return read_face(self.mesh, picture, face.landmarks)

        seen = distinct(readings, found, read)
        if not seen:
            return {}
        crops = np.stack([one.reading.crop(self.crop_px) for one in seen])
        embeddings = self._embed(crops)
        lost = [number - track.frames[-1] - 1 for track in self.active]
        matched = match(self.active, lost, seen, embeddings)
        result: dict[Tracklet, Reading] = {}
        for index in by_likeness(matched, embeddings):
            one, track = seen[index], matched.get(index)
            if _is_near(one.reading, result.values(), SAME_PLACE):
                continue  # half of this face, at least, is behind another that looks more like itself
            if track is None:
                if one.face is None:
                    continue
                track = self._begin(one, embeddings[index], starts)
            elif one.face is not None and self._is_doubted(number, track):
                track = self._settle(track, embeddings[index])
            track.compare(number, embeddings[index])
            if one.face is not None:
                track.surest, track.seen_at = max(track.surest, one.face.score), number
            if number - track.seen_at > self.pace.unseen and track.doubted_since is not None:
                continue  # it gets no further reading, and ends
            track.last = one.reading
            track.picture(self.rotation)
            result[track] = one.reading
        return result

    def _embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit embeddings float32 [n, W] of aligned crops."""
        raw = self.encoder.embed_crops(crops)
        return raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-12)

    def _begin(self, seen: Seen, embedding: np.ndarray, starts: bool) -> Tracklet:
        """A new track of this face, with its readings in the frames before, back to the first that is surely its."""
        points, before = seen.reading.points, []
        for number, picture in reversed(self._history):
            reading = read_face(self.mesh, picture, points)
            if reading is None or self._taken(number, reading):
                break
            before.append((number, reading))
            points = reading.points
        if before:
            crops = np.stack([reading.crop(self.crop_px) for _, reading in before])
            before = before[: shows_till(self._embed(crops) @ embedding)]
        whole_shot = len(before) == len(self._history) < self.pace.look
        track = Tracklet(at_start=starts or (bool(before) and whole_shot))
        for number, reading in reversed(before):
            track.add(number, reading, self.crop_px)
        track.kept.clear()
        self.active.append(track)
        return track

    def _taken(self, number: int, reading: Reading) -> bool:
        """Whether another track has a face in this place of the frame."""
        ended = (track for track in self.done[-32:] if track.frames[-1] >= number)
        for track in [*self.active, *ended]:
            at = track.middle_at(number)
            if at and np.linalg.norm(at[0] - reading.middle) < SAME_PLACE * min(at[1], reading.size_px):
                return True
        return False

    def _is_doubted(self, number: int, track: Tracklet) -> bool:
        """Whether the track has long looked like somebody else."""
        doubted = track.doubted_since
        return doubted is not None and number - doubted >= self.pace.look and bool(track.kept)

    def _settle(self, track: Tracklet, embedding: np.ndarray) -> Tracklet:
        """Settles a doubt about a track: it is the same face, seen from another side, or it is split where it jumped.

        Returns the track that goes on.
        """
        crops = self._embed(np.stack([kept.crop for kept in track.kept]))
        old, new, first = track.likeness(crops), crops @ embedding, 0
        if len(old) < KEPT:  # all since the face was known
            old, new, first = np.append(track.known, old), np.append(0.0, new), 1
        at = change_point(old, new)
        if at is None:
            track.accept(embedding)
            return track
        tail = track.split(track.kept[at - first].frame)
        track.at_end = tail.at_start = True  # as at a cut
        self._end(track)
        self.active.append(tail)
        return tail


def _is_near(one: Reading | None, others: Iterable[Reading], near: float = NEAR) -> bool:
    """Whether another face is so near, in sizes of the smaller face, that one may cover the other."""
    return one is not None and any(one.distance(other) < near for other in others)
