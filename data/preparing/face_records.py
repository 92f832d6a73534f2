"""Turns one picture file into its records (read, detect, align, encode), or says why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import cv2

from data.faces.alignment import align
from data.faces.detection import build_detector
from data.folders import Item
from data.pictures import UnreadablePicture, read_picture
from data.records import encode_crop, serialise_record


@dataclass(frozen=True)
class Outcome:
    """What became of one item: its serialised `records`, and the `reasons` why something was left out.

    traits: what the report counts, e.g. {"skin_tone": "brown"}.
    """

    records: tuple[bytes, ...]
    reasons: tuple[str, ...] = ()
    traits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FaceSettings:
    """Says how faces are cut out of pictures; `build` makes the function that does it (one per process).

    `faces` is "largest" or "all"; a face narrower or lower than `min_face_px` in its picture is left out; `quality`
    is the quality of the stored JPEG, and None stores PNG.
    """

    size_px: int = 256
    shrink: float = 1.0
    detector: str = "yunet"
    faces: Literal["largest", "all"] = "largest"
    min_face_px: int = 64
    quality: int | None = 95

    @property
    def piece_items(self) -> int:
        """How many items are made in about a second; the unit that is lost by a kill."""
        return 16

    def build(self) -> Callable[[Item], Outcome]:
        """Builds the function from an item, whose `where` is a path, to its records; it never raises for a bad picture.

        Building raises DetectorUnavailable (a ValueError) where the detector's model cannot be loaded.
        """
        detector = build_detector(self.detector)

        def make(item: Item) -> Outcome:
            try:
                picture = read_picture(item.where).srgb
            except UnreadablePicture as error:
                return Outcome((), (error.reason,))
            if min(picture.shape[:2]) < self.min_face_px:
                return Outcome((), ("tiny_picture",))
            try:
                faces = detector.detect(picture, "every" if self.faces == "all" else "patient")
            except (cv2.error, MemoryError):
                return Outcome((), ("detector_failed",))
            if not faces:
                return Outcome((), ("no_face",))
            records, reasons = [], []
            for number, face in enumerate(faces if self.faces == "all" else faces[:1]):
                if min(face.box[2:]) < self.min_face_px:
                    reasons.append("face_too_small")
                    continue
                try:
                    crop = align(picture, face.landmarks, self.size_px, self.shrink)
                except (ValueError, cv2.error):  # landmarks that coincide or are not finite
                    reasons.append("odd_landmarks")
                    continue
                encoded = encode_crop(crop, self.quality)
                records.append(serialise_record(encoded, item.label, f"{item.name}#{number}"))
            return Outcome(tuple(records), tuple(reasons))

        return make
