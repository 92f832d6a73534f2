"""The first pass over clips whose faces are known: who is who in each frame, and who is left alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from benchmarks import clips
from facedancer_tf.films.rotation import to_stored
from facedancer_tf.video.tracks import People, Track

SIZE = (320, 180)


def errors(clip: clips.Clip, track: Track) -> np.ndarray:
    """How far the track's middle is from each actor's true one, in true sizes of the face, [actors, n]."""
    truth = clip.landmarks()[:, track.frames]  # [actors, n, 5, 2]
    sizes = np.stack([actor.path[track.frames, 2] for actor in clip.actors])
    return np.linalg.norm(truth.mean(axis=2) - track.landmarks.mean(axis=1), axis=-1) / sizes


def actors_of(clip: clips.Clip, people: People) -> list[set[int]]:
    """Whom each person is in truth: the nearest actor in every frame."""
    far = [[np.nan_to_num(errors(clip, track), nan=np.inf) for track in p.tracks] for p in people.persons]
    return [set(np.concatenate([error.argmin(axis=0) for error in tracks]).tolist()) for tracks in far]


def frames_of(people: People, number: int) -> set[int]:
    return {int(frame) for track in people.persons[number].tracks for frame in track.frames}


def crossing() -> clips.Clip:
    return clips.crossing(*SIZE)


def comes_back() -> clips.Clip:
    return clips.comes_back(*SIZE)


def with_cut() -> clips.Clip:
    return clips.with_cut(*SIZE)


def one_face() -> clips.Clip:
    return clips.one_face(*SIZE, count=30)


PeopleOf = Callable[[Callable[[], clips.Clip]], People]


def test_nobody_changes_identity_when_two_cross(people_of_clip: PeopleOf) -> None:
    people = people_of_clip(crossing)
    assert sorted(map(sorted, actors_of(crossing(), people))) == [[0], [1]]
    front, back = sorted(people.persons, key=lambda person: len(person.tracks))
    assert len(front.tracks[0].frames) == 60
    assert [track.frames[0] == 0 for track in back.tracks] == [True, False]
    assert all(np.nanmin(errors(crossing(), track), axis=0).max() < 0.2 for track in back.tracks)


def test_a_face_fades_where_it_goes_within_a_shot_and_not_at_the_ends_of_the_film(
    people_of_clip: PeopleOf,
) -> None:
    back = max(people_of_clip(crossing).persons, key=lambda person: len(person.tracks))
    first, second = back.tracks
    np.testing.assert_allclose(first.strength[-4:], [1.0, 0.75, 0.5, 0.25])
    np.testing.assert_allclose(second.strength[:4], [0.25, 0.5, 0.75, 1.0])
    assert first.strength[0] == second.strength[-1] == 1.0


def test_who_comes_back_is_the_same_person(people_of_clip: PeopleOf) -> None:
    people = people_of_clip(comes_back)
    assert sorted(map(sorted, actors_of(comes_back(), people))) == [[0], [1]]
    stays, returns = people.persons
    assert (len(stays.times), len(returns.times)) == (1, 2)
    assert returns.times[0][1] < 0.9 < 1.6 < returns.times[1][0]


def test_tracks_end_at_a_cut_at_full_strength(people_of_clip: PeopleOf) -> None:
    people = people_of_clip(with_cut)
    assert sorted(map(sorted, actors_of(with_cut(), people))) == [[0], [1]]
    spans = sorted((int(t.frames[0]), int(t.frames[-1])) for person in people.persons for t in person.tracks)
    assert spans == [(0, 23), (24, 47)]
    assert all((track.strength == 1).all() for person in people.persons for track in person.tracks)


def test_a_person_is_the_same_on_both_sides_of_a_cut(look_at) -> None:
    before = one_face()
    frames = [*before.frames()][:14] + [*replace(before, cuts=(0,)).frames()][14:28]
    people = look_at(frames)
    assert [len(person.tracks) for person in people.persons] == [2]


def test_a_track_that_jumps_onto_another_face_is_split_where_it_jumps(look_at) -> None:
    """Two photographs are exchanged in one place: so little changes that it is no cut."""
    path = clips.wander(*SIZE, 40)
    path[:, 2] *= 0.6
    first, second = path.copy(), path.copy()
    first[16:], second[:16] = np.nan, np.nan
    clip = clips.Clip(*SIZE, 40, (clips.Actor(clips.NAMES[4], first), clips.Actor(clips.NAMES[1], second)))
    people = look_at(clip)
    assert sorted(map(sorted, actors_of(clip, people))) == [[0], [1]]
    assert sorted(min(frames_of(people, number)) for number in (0, 1)) == [0, 16]
    assert all((track.strength == 1).all() for person in people.persons for track in person.tracks)


def test_a_poster_that_is_shown_for_a_moment_is_left_alone_with_the_reason(look_at) -> None:
    clip = clips.with_poster(*SIZE, count=30, shown=8)
    clip.actors[0].path[:8, 2] *= 1.5
    people = look_at(clip)
    assert actors_of(clip, people) == [{1}]
    assert people.left_alone == ["a face at 0:00.0 is there for 0.3 s only, less than 0.5 s"]


def test_a_gap_of_a_few_frames_is_bridged(look_at) -> None:
    clip = one_face()
    path = clip.actors[0].path
    path[:, 2] *= 0.6
    frames = list(clip.frames())
    path[12:15] = np.nan
    frames[12:15] = [clip.frame(number) for number in (12, 13, 14)]
    (person,) = look_at(frames).persons
    (track,) = person.tracks
    assert track.frames.tolist() == list(range(30))
    assert (track.strength == 1).all()
    truth = one_face().landmarks()[0, 12:15].mean(axis=1)
    assert np.abs(track.landmarks[12:15].mean(axis=1) - truth).max() < 4


def test_a_face_is_followed_back_to_where_it_came(look_at) -> None:
    """It appears between two looks of the detector."""
    clip = one_face()
    path = clip.actors[0].path
    path[:, 2] *= 0.6
    path[:12] = np.nan
    people = look_at(clip)
    assert min(frames_of(people, 0)) == 12


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_faces_of_a_rotated_film_are_in_stored_pixels(look_at, rotation: int) -> None:
    clip = replace(one_face(), count=6)
    people = look_at(clip, rotation)
    assert people.rotation == rotation
    ((track,),) = (person.tracks for person in people.persons)
    truth = to_stored(clip.landmarks()[0], rotation, people.width, people.height)
    assert np.abs(track.landmarks.mean(axis=1) - truth.mean(axis=1)).max() < 4
    # Eye from eye: the faces lie as the stored pictures do.
    assert np.abs((track.landmarks[:, 1] - track.landmarks[:, 0]) - (truth[:, 1] - truth[:, 0])).max() < 8
    upright = look_at(clip)
    portraits = [person.portrait.astype(int) for person in (people.persons[0], upright.persons[0])]
    assert np.abs(portraits[0] - portraits[1]).mean() < 25 < np.abs(portraits[0][::-1] - portraits[1]).mean()


def test_a_film_without_faces_has_no_people(look_at) -> None:
    people = look_at([clips.background(*SIZE, 0)] * 3)
    assert (people.persons, people.left_alone) == ([], [])
    assert people.pts.tolist() == [0, 1, 2]


def test_in_a_film_of_one_frame_the_face_counts(look_at) -> None:
    people = look_at([one_face().frame(0)])
    assert [len(person.tracks[0].frames) for person in people.persons] == [1]


def test_a_face_that_lies_on_its_side_is_found(look_at: Callable[..., People]) -> None:
    clip = clips.one_face(*SIZE, count=12)
    lying = [np.ascontiguousarray(np.rot90(frame)) for frame in clip.frames()]
    (person,) = look_at(lying).persons
    assert [len(track.frames) for track in person.tracks] == [12]
