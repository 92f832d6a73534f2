"""Test clips: the faces are where the clip says, and what is to happen in it happens."""

import numpy as np
import pytest

from benchmarks import clips
from data.faces.detection import build_detector


@pytest.mark.parametrize(
    "clip",
    [clips.one_face(), clips.faces(3), clips.with_cut(), clips.with_poster()],
    ids=["one", "three", "cut", "poster"],
)
def test_faces_are_where_the_clip_says(clip: clips.Clip) -> None:
    detector = build_detector("yunet")
    for number in (0, clip.count - 1):
        truth = clip.landmarks()[:, number]
        there = truth[~np.isnan(truth).any(axis=(1, 2))]
        faces = detector.detect(clip.frame(number), "quick")
        assert len(faces) == len(there)
        for points, actor in zip(
            there, [a for a in clip.actors if not np.isnan(a.path[number, 0])], strict=True
        ):
            error = min(np.abs(face.landmarks - points).max() for face in faces)
            assert error < 0.05 * actor.path[number, 2]  # of the face's height


def test_motion_is_sub_pixel_exact() -> None:
    # A still path moved by half a pixel is the mean of two neighbours, where the picture is smooth.
    path = np.tile([100.0, 60.0, 40.0, 0.0], (3, 1))
    path[1, 0], path[2, 0] = 100.5, 101.0
    clip = clips.Clip(200, 120, 3, (clips.Actor("grace_hopper", path),))
    face = np.s_[45:75, 85:115]
    whole, half, moved = (clip.frame(number).astype(float) for number in range(3))
    np.testing.assert_array_equal(moved[45:75, 86:116], whole[face])
    to_mean = np.abs(half[face] - (whole[face] + moved[face]) / 2).mean()
    assert to_mean < 0.4 * np.abs(half[face] - whole[face]).mean()


def test_a_hand_covers_a_cut_changes_and_people_come_back() -> None:
    bare, covered = clips.one_face(160, 90, 24), clips.hand_passes(160, 90, 24)
    changed = [i for i in range(24) if not np.array_equal(bare.frame(i), covered.frame(i))]
    assert changed == list(range(8, 16))
    there = ~np.isnan(clips.comes_back(160, 90, 30).landmarks()[1, :, 0, 0])
    assert there.tolist() == [True] * 10 + [False] * 10 + [True] * 10
    cut = clips.with_cut(160, 90, 4)
    assert np.abs(cut.frame(2).astype(int) - cut.frame(1)).mean() > 20
    first, second = clips.crossing(160, 90, 31).landmarks()[:, 15].mean(axis=1)
    assert abs(first[0] - second[0]) < 1
    mirrored = clips.face_of("grace_hopper", mirrored=True).landmarks
    assert mirrored[0, 0] < mirrored[1, 0]
