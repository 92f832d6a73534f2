"""Makes people of the tracklets of a film: whole smooth tracks that fade where a face comes and goes."""

from dataclasses import replace

import numpy as np

from facedancer_tf.films.film import FilmFacts
from facedancer_tf.video.grouping import group_people
from facedancer_tf.video.readings import PORTRAIT_PX
from facedancer_tf.video.smoothing import smooth
from facedancer_tf.video.tracking import PATIENCE_S
from facedancer_tf.video.tracklet import Tracklet
from facedancer_tf.video.tracks import Clock, People, Person, Track, time_words

SHORTEST_S = 0.5  # who is there for less is left alone; in a shorter film, for less than half of it
SURE = 0.75  # so is who never gets such a score from the detector
FADE_S = 0.13
LARGEST_STEP = 0.6  # sizes of a face: a gap over which it goes farther in a frame is not bridged


def people_of(tracklets: list[Tracklet], pts: np.ndarray, facts: FilmFacts) -> People:
    """Groups the tracklets of a film, of which `pts` int64 [frames] are all timestamps, and orders them as people."""
    clock, rate = Clock(pts, facts.time_base), float(facts.frame_rate)
    patience, fade_frames = max(1, round(PATIENCE_S * rate)), max(2, round(FADE_S * rate))
    shortest_s = min(SHORTEST_S, float(clock.starts[-1] - clock.starts[0]) / 2)
    persons: list[tuple[float, Person]] = []
    left_alone: list[tuple[float, str]] = []
    for pieces in _groups(tracklets):
        runs = [run for run in _runs(pieces, patience) if not _flashes(run, fade_frames)]
        spans = [clock.starts[run[-1].frames[-1] + 1] - clock.starts[run[0].frames[0]] for run in runs]
        surest = max(piece.surest for piece in pieces)
        reason = None
        if sum(spans) < shortest_s:
            reason = f"is there for {sum(spans):.1f} s only, less than {shortest_s:.1f} s"
        elif surest < SURE:
            reason = f"was never seen surely (score {surest:.2f}, less than {SURE})"
        if reason:
            first_s = float(clock.starts[pieces[0].frames[0]])
            left_alone.append((first_s, f"a face at {time_words(first_s)} {reason}"))
            continue
        tracks = [_track_of(run, clock, fade_frames) for run in runs]
        presence = sum(float(clock.seconds(t.frames) @ _areas(t.outlines)) for t in tracks)
        persons.append((presence, _person(pieces, tracks, clock)))
    ordered = [person for _, person in sorted(persons, key=lambda pair: -pair[0])]
    return People(
        [replace(person, number=number) for number, person in enumerate(ordered)],
        [sentence for _, sentence in sorted(left_alone)],
        pts,
        facts.time_base,
        facts.width,
        facts.height,
        facts.rotation,
    )


def _groups(tracklets: list[Tracklet]) -> list[list[Tracklet]]:
    """The tracklets of each person, in order of time."""
    known = [(track, track.total) for track in tracklets if track.total is not None and track.frames]
    if not known:
        return []
    totals = np.stack([total for _, total in known])
    looks = np.array([track.looks for track, _ in known])
    spans = np.array([[track.frames[0], track.frames[-1]] for track, _ in known])
    groups = [[known[index][0] for index in group] for group in group_people(totals, looks, spans)]
    return [sorted(group, key=lambda track: track.frames[0]) for group in groups]


def _person(pieces: list[Tracklet], tracks: list[Track], clock: Clock) -> Person:
    """The person of these tracklets; their number comes later."""
    total = np.sum([piece.total for piece in pieces if piece.total is not None], axis=0)
    embedding = (total / max(float(np.linalg.norm(total)), 1e-12)).astype(np.float32)
    best = max(pieces, key=lambda piece: piece.portrait_worth)
    seconds = sum(float(clock.seconds(track.frames).sum()) for track in tracks)
    portrait = np.zeros((PORTRAIT_PX, PORTRAIT_PX, 3), np.uint8) if best.portrait is None else best.portrait
    return Person(0, tracks, embedding, seconds, clock.presences(tracks), portrait)


def _areas(outlines: np.ndarray) -> np.ndarray:
    """The areas [n] of the boxes around outlines [n, 36, 2], in square pixels."""
    return np.prod(np.ptp(outlines, axis=1), axis=1, dtype=np.float64)


def _runs(pieces: list[Tracklet], patience: int) -> list[list[Tracklet]]:
    """One person's tracklets, joined where only a few frames of one shot lie between them.

    Not so where somebody else's face came between: what is put there would be put on that face.
    """
    runs = [[pieces[0]]]
    for piece in pieces[1:]:
        before = runs[-1][-1]
        gap = piece.frames[0] - before.frames[-1]
        if before.at_end or before.hidden or piece.at_start or gap > patience + 1 or _far(before, piece, gap):
            runs.append([piece])
        else:
            runs[-1].append(piece)
    return runs


def _flashes(run: list[Tracklet], fade_frames: int) -> bool:
    """Whether a face comes and goes within a shot so soon that it cannot fade in and out."""
    count = run[-1].frames[-1] - run[0].frames[0] + 1
    return count <= fade_frames and not run[0].at_start and not run[-1].at_end


def _far(before: Tracklet, after: Tracklet, gap: int) -> bool:
    """Whether the face would have to jump to go on in the next tracklet."""
    (start, size), (end, other) = before.middle_at(before.frames[-1]), after.middle_at(after.frames[0])  # type: ignore[misc]
    return bool(np.linalg.norm(end - start) > LARGEST_STEP * gap * min(size, other))


def _track_of(run: list[Tracklet], clock: Clock, fade_frames: int) -> Track:
    """One track of tracklets that follow one another: holes filled, points smoothed, and faded in and out."""
    read = np.concatenate([np.asarray(piece.frames, np.int32) for piece in run])
    frames = np.arange(read[0], read[-1] + 1, dtype=np.int32)
    points = np.concatenate([piece.points for piece in run])  # [n, 41, 2]
    points = smooth(points, clock.starts[read], clock.starts[frames])
    strength = fades(len(frames), not run[0].at_start, not run[-1].at_end, fade_frames)
    return Track(frames, points[:, :5], points[:, 5:], strength)


def fades(count: int, comes: bool, goes: bool, over: int) -> np.ndarray:
    """The strength float32 [count] of a face: it rises over some frames where it `comes`, and falls where it `goes`."""
    ramp = np.arange(1, count + 1, dtype=np.float32) / (over + 1)
    strength = np.ones(count, np.float32)
    if comes:
        strength = np.minimum(strength, ramp)
    if goes:
        strength = np.minimum(strength, ramp[::-1])
    return strength
