"""Cuts aligned faces out of picture files, and names the files that could not be used, by reason."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.faces.alignment import align
from data.faces.face import Face
from data.folders import Item, LeftOut, digest_listing, words
from facedancer_tf.people import list_people
from facedancer_tf.swapping.portraits import NoFace, read_portrait
from facedancer_tf.swapping.swapper import load_detector


class FaceReader:
    """Cuts out the largest face of each file. left_out: the files that gave no face, by reason."""

    def __init__(self, detector: str, size_px: int, shrink: float = 1.0) -> None:
        self.detector = load_detector(detector)
        self.size_px, self.shrink = size_px, shrink
        self.left_out: LeftOut = defaultdict(list)

    def crop(self, item: Item) -> np.ndarray | None:
        """The file's aligned face uint8 [S, S, 3]. Without a face it is None, and `left_out` names the file."""
        try:
            portrait = read_portrait(Path(item.where), self.detector)
        except NoFace as reason:
            self.left_out[str(reason)].append(item.name)
            return None
        return self.cut(portrait.picture, portrait.face)

    def list_people(self, folder: Path) -> list[Item]:
        """Lists the pictures of `folder` with their people. `left_out` names the folder's other pictures."""
        people = list_people(folder)
        for reason, names in people.left_out.items():
            self.left_out[words(reason)] += names
        return [
            Item(path.relative_to(folder).as_posix(), person, str(path)) for path, person in people.pictures
        ]

    def cut(self, picture: np.ndarray, face: Face) -> np.ndarray:
        """The aligned crop uint8 [S, S, 3] of `face`."""
        return align(picture, face.landmarks, self.size_px, self.shrink)

    def describe_material(self, place: Path, items: Sequence[Item]) -> str:
        """Says in words which `items` of the file or folder `place` were used and how faces are cut out of them."""
        return (
            f"{len(items)} files of {place.resolve().name} (SHA-256 of their names and sizes "
            f"{digest_listing(items)[:16]}), faces found by {self.detector.name}, cut at {self.size_px} px with "
            f"shrink {self.shrink:g}"
        )
