"""Tests how thoroughly a swap looks for faces, and that the nearest face is pasted over those behind it."""

import numpy as np
import pytest

from data.faces.alignment import template
from data.faces.face import Face


def face(x: int, y: int, size_px: int) -> Face:
    """A face that fills a square of `size_px` with its corner at (x, y)."""
    return Face((x, y, size_px, size_px), template(size_px, 1.0) + np.array([x, y], np.float32), 0.9)


@pytest.mark.parametrize("largest_first", [True, False])
def test_the_largest_face_is_pasted_last(swapper, grace, monkeypatch, largest_first):
    target = np.full((300, 300, 3), 10, np.uint8)
    target[0, 0, 0] = 11  # not grey
    faces = [face(20, 20, 200), face(70, 70, 100)]
    target[20:220, 20:220, 1] = (
        90  # what the large face's crop shows at its rim, and the small one's does not
    )
    target[60:180, 60:180, 1] = 10

    def flat(crops, identities):
        del identities
        return np.stack([np.full_like(crop, 200 if crop[2, 32, 1] > 50 else 100) for crop in crops])

    monkeypatch.setattr(swapper.engine, "swap_crops", flat)
    pasted = swapper.swap_faces(target, faces if largest_first else faces[::-1], swapper.embed(grace))
    assert (pasted[120, 120] == 200).all()  # the middle of both


@pytest.mark.parametrize(("chosen", "search"), [("largest", "patient"), ("all", "every"), (0, "every")])
def test_only_who_wants_other_faces_than_the_largest_pays_for_looking_closer(
    swapper, grace, monkeypatch, chosen, search
):
    searches, detect = [], swapper.detector.detect

    def noted(picture, how="patient"):
        searches.append(how)
        return detect(picture, how)

    identity = swapper.embed(grace)
    monkeypatch.setattr(swapper.detector, "detect", noted)
    swapper.swap(identity, grace, chosen)
    assert searches == [search]
