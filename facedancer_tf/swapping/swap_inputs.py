"""Reads the pictures of a swap and finds their faces; errors name the file.

Pictures are uint8 RGB [H, W, 3], upright.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from data.faces.face import Face
from data.pictures import Picture, UnreadablePicture, check_sides, read_picture
from facedancer_tf.errors import Code, UserError
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapping.swapper import NO_FACE, Swapper, choose_faces

Result = TypeVar("Result")


@dataclass(frozen=True)
class Source:
    """The pictures of one person, in sRGB as the encoder knows them, with one face in each.

    reduced: what of the files is not in the pictures, a sentence each.
    """

    pictures: list[np.ndarray] = field(repr=False)
    faces: list[Face]
    reduced: list[str]


@dataclass(frozen=True)
class Target:
    """A picture that gets another identity, in its own colour space.

    faces: all that were looked for, largest first. chosen: those of them that are swapped. reduced: as in `Source`.
    """

    path: Path
    picture: Picture = field(repr=False)
    faces: list[Face]
    chosen: list[Face]
    reduced: list[str]

    @property
    def numbers(self) -> list[int]:
        """The places of the chosen faces among all."""
        return [i for i, face in enumerate(self.faces) if any(face is other for other in self.chosen)]


def read_file(path: Path) -> Picture:
    """Reads the picture at `path`; raises UserError, one sentence, where that fails."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a picture in it")
    try:
        return read_picture(path)
    except UnreadablePicture as error:
        code: Code = "unreadable" if path.exists() else "missing"
        raise UserError(str(error), code) from error


def read_target(path: Path, output: Path) -> Picture:
    """Reads the target; raises UserError where the format of `output` cannot hold a picture of its size."""
    target = read_file(path)
    try:
        check_sides(output.suffix, target.rgb)
    except ValueError as error:
        raise UserError(f"{output}: {error}") from error
    return target


def find_source(swapper: Swapper, paths: Sequence[Path]) -> Source:
    """Reads the pictures of one person with the largest face of each; raises UserError naming one that cannot be."""
    pictures, faces, reduced = [], [], []
    for path in paths:
        picture = read_file(path)
        reduced += [f"{path}: {what}" for what in picture.reduced]
        pictures.append(picture.srgb)
    for path, srgb in zip(paths, pictures, strict=True):
        in_picture = swapper.detect(srgb)
        if not in_picture:
            raise UserError(f"{path}: {NO_FACE}", "no_face")
        faces.append(in_picture[0])
    return Source(pictures, faces, reduced)


def find_target(swapper: Swapper, path: Path, face: int | str, output: Path) -> Target:
    """Reads the target and finds the faces that `face` means; raises UserError naming the file where that cannot be."""
    picture = read_target(path, output)
    faces = swapper.detect(picture.rgb, "patient" if face == "largest" else "every")
    try:
        chosen = choose_faces(faces, face)
    except UserError as error:
        raise UserError(f"{path}: {error}", error.code) from error
    return Target(path, picture, faces, chosen, [f"{path}: {what}" for what in picture.reduced])


def while_loading(find: Callable[[], Result]) -> Result:
    """Runs `find`, which must not use TensorFlow, on one core while TensorFlow is imported on another."""
    with ThreadPoolExecutor(1) as beside:
        finding = beside.submit(find)
        load_tensorflow_quietly()
        return finding.result()
