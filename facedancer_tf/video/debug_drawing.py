"""Draws on a film's frame what the first pass has found in it: boxes, numbers of people, landmarks, outlines."""

import cv2
import numpy as np

from data.faces.face import Face
from facedancer_tf.swapping.drawing import draw_faces
from facedancer_tf.video.tracks import People

STRONG, FADING = (60, 220, 90), (240, 90, 60)


def draw_debug(picture: np.ndarray, people: People, frame: int) -> np.ndarray:
    """Draws everybody who is in this frame on a copy of its pixels uint8 RGB [H, W, 3], as stored.

    The number is the person's, and the outline turns from green to red while a face fades.
    """
    faces, numbers, outlines = [], [], []
    for person in people.persons:
        for track in person.tracks:
            index = track.at(frame)
            if index is None:
                continue
            outline, strength = track.outlines[index], float(track.strength[index])
            low, high = outline.min(axis=0), outline.max(axis=0)
            box = (*map(float, low), *map(float, high - low))
            faces.append(Face(box, track.landmarks[index], strength))  # type: ignore[arg-type]
            numbers.append(person.number)
            outlines.append(outline)
    drawn = draw_faces(picture, faces, numbers)
    line_px = max(1, round(max(picture.shape[:2]) / 600))
    for face, outline in zip(faces, outlines, strict=True):
        colour = [face.score * s + (1 - face.score) * f for s, f in zip(STRONG, FADING, strict=True)]
        sixteenths = np.rint(outline * 16).astype(np.int32)
        cv2.polylines(drawn, [sixteenths], True, colour, line_px, cv2.LINE_AA, 4)
    return drawn
