"""Draws on copies of pictures: numbered faces, and a label that says what a picture is.

Pictures are uint8 RGB [H, W, 3]. Lines and letters grow with the picture, so that they can be read on any size.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from data.faces.face import Face

BOX_COLOUR = (255, 210, 0)
POINT_COLOUR = (0, 200, 255)
DARK, LIGHT = (0, 0, 0), (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_faces(
    picture: np.ndarray, faces: Sequence[Face], numbers: Sequence[int] | None = None
) -> np.ndarray:
    """Draws each face's box, five landmarks and number (by default its index in `faces`) on a copy of `picture`."""
    copy = picture.copy()
    line_px = max(1, round(max(picture.shape[:2]) / 400))
    for number, face in zip(range(len(faces)) if numbers is None else numbers, faces, strict=True):
        x, y, width, height = (round(value) for value in face.box)
        cv2.rectangle(copy, (x, y), (x + width, y + height), BOX_COLOUR, line_px)
        for point in face.landmarks:
            centre = (round(float(point[0])), round(float(point[1])))
            cv2.circle(copy, centre, line_px + 1, POINT_COLOUR, -1, cv2.LINE_AA)
        scale = max(0.4, min(width, height) / 120)
        (text_width, text_height), _ = cv2.getTextSize(str(number), FONT, scale, 1)
        # The number stands above the box, or inside it where there is no room above; never outside the picture.
        left = int(np.clip(x, 0, max(0, picture.shape[1] - text_width - 2 * line_px)))
        base = (
            y - 3 * line_px if y - 3 * line_px - text_height >= 0 else max(y, 0) + text_height + 3 * line_px
        )
        _write(copy, str(number), (left, base), scale, max(1, line_px // 2))
    return copy


def draw_label(picture: np.ndarray, text: str) -> np.ndarray:
    """Writes `text` small into the lower left corner of a copy of `picture`, at most a quarter of the picture wide."""
    copy = picture.copy()
    height, width = picture.shape[:2]
    (text_width, _), _ = cv2.getTextSize(text, FONT, 1.0, 1)
    scale = min(width / 4 / text_width, height / 20 / 22)  # letters of this font are 22 px high at scale 1
    gap_px = max(1, round(8 * scale))
    _write(copy, text, (gap_px, height - gap_px), scale, max(1, round(scale)))
    return copy


def draw_heads(grid: np.ndarray, heads: Sequence[str]) -> np.ndarray:
    """Puts a white strip above a copy of `grid`, with a head for each of its equally wide columns."""
    width_px = grid.shape[1] // len(heads)
    widest = max(cv2.getTextSize(text, FONT, 1.0, 1)[0][0] for text in heads)
    scale = min(0.9 * width_px / widest, 1.0)
    strip = np.full((max(8, round(40 * scale)), grid.shape[1], 3), 255, np.uint8)
    for number, text in enumerate(heads):
        text_width = cv2.getTextSize(text, FONT, scale, 1)[0][0]
        left = number * width_px + (width_px - text_width) // 2
        cv2.putText(strip, text, (left, round(0.75 * len(strip))), FONT, scale, DARK, 1, cv2.LINE_AA)
    return np.concatenate([strip, grid])


def _write(picture: np.ndarray, text: str, corner: tuple[int, int], scale: float, rim_px: int) -> None:
    """Writes light letters with a dark rim into `picture` itself; they can be read on any background."""
    for dx, dy in [(x, y) for x in (-rim_px, 0, rim_px) for y in (-rim_px, 0, rim_px) if x or y]:
        cv2.putText(picture, text, (corner[0] + dx, corner[1] + dy), FONT, scale, DARK, 1, cv2.LINE_AA)
    cv2.putText(picture, text, corner, FONT, scale, LIGHT, 1, cv2.LINE_AA)
