"""Finds faces in a frame, and reads them by the mesh from where they were in the frame before.

All points are in pixels of the stored frame. Only the picture that the detector sees is turned upright.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np

from data.faces.alignment import align, misfit, warp
from data.faces.face import Detector, Face, Search
from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.films.rotation import to_stored, upright
from facedancer_tf.video.face_mesh import five_points, outline

LOOK_PX = 640  # long side of what the detector sees; its own first search is not finer
PORTRAIT_PX = 128
PORTRAIT_HEADS = 1.9  # side of a portrait, in sizes of the face
# Half the side of the region that the mesh may want to see, in sides of the box around its points. It takes 1.5 sides,
# turned by any angle: 1.5 / 2 * sqrt(2). The box around five landmarks is less than half as large.
MESH_REACH, LANDMARKS_REACH = 1.1, 2.9
REGION_PX = (
    416  # of that region, at most: a face in it still has more pixels than in the mesh's crop of 192 px
)
LEAST_SCORE = 0.5  # of the mesh; below it there is no face
LARGEST_MISFIT = 0.2  # points that fit no face at all


class Mesh(Protocol):
    """Reads a face's points; `facedancer_tf.video.face_mesh.FaceMesh` is one."""

    def read(self, picture: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, float]: ...


@dataclass(frozen=True, eq=False)
class Reading:
    """One face in one frame, as the mesh reads it.

    points: float32 [468, 3]. score: the mesh's, in [0, 1]. region: the pixels around the face, uint8 RGB [h, w, 3], cut
    out at `corner` and brought to `scale` of their width and height.
    """

    points: np.ndarray
    score: float
    region: np.ndarray = field(repr=False)
    corner: np.ndarray
    scale: np.ndarray

    @cached_property
    def five(self) -> np.ndarray:
        """The five landmarks, float32 [5, 2]."""
        return five_points(self.points)

    @cached_property
    def outline(self) -> np.ndarray:
        """The face's oval, float32 [36, 2]."""
        return outline(self.points)

    @cached_property
    def middle(self) -> np.ndarray:
        """The middle of the box around all points, [2]."""
        return (self.points[:, :2].min(axis=0) + self.points[:, :2].max(axis=0)) / 2

    @cached_property
    def size_px(self) -> float:
        """The side of a square as large as the box around all points."""
        return float(np.sqrt(np.prod(np.ptp(self.points[:, :2], axis=0))))

    def distance(self, other: "Reading") -> float:
        """How far another reading is away, in sizes of the smaller face."""
        return float(np.linalg.norm(self.middle - other.middle)) / max(1.0, min(self.size_px, other.size_px))

    def crop(self, size_px: int) -> np.ndarray:
        """The aligned crop for an encoder, uint8 [S, S, 3]."""
        return align(self.region, to_region(self.five, self.corner, self.scale), size_px)

    def portrait(self, rotation: int) -> np.ndarray:
        """A small upright picture of the head, uint8 [128, 128, 3]."""
        side = min(PORTRAIT_HEADS * self.size_px * float(self.scale.mean()), *self.region.shape[:2])
        limits = np.array(self.region.shape[1::-1]) - side
        shift = np.clip(to_region(self.middle, self.corner, self.scale) - side / 2, 0, limits)
        transform = np.hstack([np.eye(2), -shift[:, None]]) * (PORTRAIT_PX / side)
        return upright(warp(self.region, transform, PORTRAIT_PX), rotation)


def to_region(points: np.ndarray, corner: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Points of the frame, [..., 2], in a region that was cut out at `corner` and brought to `scale`."""
    return (points - corner + 0.5) * scale - 0.5


def read_face(mesh: Mesh, picture: FramePicture, points: np.ndarray) -> Reading | None:
    """Reads the face near `points`, five landmarks [5, 2] or the mesh's [468, 3]; None where there is none."""
    low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
    reach = float((high - low).max()) * (LANDMARKS_REACH if len(points) == 5 else MESH_REACH)
    middle = (low + high) / 2
    if not np.isfinite(middle).all() or not np.isfinite(reach):
        return None
    limits = np.array([picture.width, picture.height])
    left, top = (int(v) & ~1 for v in np.clip(np.floor(middle - reach), 0, limits))
    right, bottom = (
        min(int(v + 1) & ~1, most) for v, most in zip(middle + reach, limits.tolist(), strict=True)
    )
    if right - left < 8 or bottom - top < 8:
        return None
    region, corner = (
        picture.shrunk_rgb((left, top, right, bottom), REGION_PX),
        np.array([left, top], np.float32),
    )
    # Both exactly: a face that seemed to change its width with the rounding would tremble.
    scale = np.array(region.shape[1::-1], np.float32) / np.array([right - left, bottom - top], np.float32)
    start = points.astype(np.float32) * (np.array([1, 1, scale.mean()], np.float32)[: points.shape[1]])
    start[:, :2] = to_region(points[:, :2], corner, scale)
    found, score = mesh.read(region, start)
    if score < LEAST_SCORE:
        return None
    found = np.array(found, np.float32)
    found[:, 2] /= scale.mean()
    found[:, :2] = (found[:, :2] + 0.5) / scale - 0.5 + corner
    reading = Reading(found, float(score), region, corner, scale)
    inside = (reading.middle >= 0).all() and (reading.middle < limits).all()
    return reading if inside and misfit(reading.five) <= LARGEST_MISFIT else None


def find_faces(detector: Detector, picture: FramePicture, rotation: int, search: Search) -> list[Face]:
    """Finds the faces of a frame, in the pixels of the stored frame whatever its rotation."""
    shrunk = picture.scaled_rgb(LOOK_PX)
    height, width = shrunk.shape[:2]
    factors = np.array([picture.width / width, picture.height / height])

    def back(points: np.ndarray) -> np.ndarray:
        return (to_stored(points, rotation, width, height) + 0.5) * factors - 0.5

    faces = []
    for face in detector.detect(np.ascontiguousarray(upright(shrunk, rotation)), search):
        x, y, wide, high = face.box
        corners = back(np.array([[x, y], [x + wide, y + high]]))
        low, high_corner = corners.min(axis=0), corners.max(axis=0)
        box = (*map(float, low), *map(float, high_corner - low))
        faces.append(Face(box, back(face.landmarks).astype(np.float32), face.score))  # type: ignore[arg-type]
    return faces
