"""One picture file in, its records out: read, detect, align, encode; or the reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2

from data.faces.alignment import align
from data.faces.detection import build_detector
from data.folders import Item
from data.pictures import UnreadablePicture, read_picture
from data.records import encode_crop, serialise_record


@dataclass(frozen=True)
class Made:
    """What became of one item: serialised `records`, and `reasons` why something was left out."""

    records: tuple[bytes, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class FaceSettings:
    """How faces are cut out of pictures; `build` gives the function that does it (one per process).

    `faces` is "largest" or "all"; a face narrower or lower than `min_face_px` in its picture is left out; `quality`
    is that of the stored JPEG, None stores PNG.
    """

    size_px: int = 256
    shrink: float = 1.0
    detector: str = "yunet"
    faces: Literal["largest", "all"] = "largest"
    min_face_px: int = 64
    quality: int | None = 95

    def build(self) -> Callable[[Item], Made]:
        """The function from an item, whose `where` is a path, to its records. Never raises for a bad picture.

        Raises DetectorUnavailable (a ValueError) where the detector's model cannot be loaded.
        """
        detector = build_detector(self.detector)
        cv2.setNumThreads(1)  # several processes share the cores

        def make(item: Item) -> Made:
            try:
                picture = read_picture(item.where).rgb
            except UnreadablePicture as error:
                return Made((), (error.reason,))
            if min(picture.shape[:2]) < self.min_face_px:
                return Made((), ("tiny_picture",))
            try:
                found = detector.detect(picture, "every" if self.faces == "all" else "patient")
            except cv2.error:
                return Made((), ("detector_failed",))
            if not found:
                return Made((), ("no_face",))
            records, reasons = [], []
            for number, face in enumerate(found if self.faces == "all" else found[:1]):
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
            return Made(tuple(records), tuple(reasons))

        return make
