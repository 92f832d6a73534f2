"""Swapping faces in pictures, arrays in and arrays out: `Swapper(model).swap(source, target)`.

Pictures are uint8 RGB [H, W, 3], upright, of any size; identities are raw (not normalised) embeddings float32 [W] of
the encoder that the model was trained with. TensorFlow is loaded with the networks at first use, so that a wrong path
or a picture without a face is reported at once.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from data.faces.alignment import similarity_transform, template, warp
from data.faces.detection import Detector, Face, build_detector
from facedancer_tf.errors import UserError
from facedancer_tf.swapping.paste import paste_into
from facedancer_tf.weights.catalogue import find_weights

if TYPE_CHECKING:
    from facedancer_tf.swapping.engine import CropNetworks

NO_FACE = "no face was found; choose a picture where a face is seen from the front or half turned"


def choose_faces(faces: Sequence[Face], face: int | str = "largest") -> list[Face]:
    """The faces meant by `face`: "largest", "all" or an index into `faces`, which are sorted largest first.

    Raises UserError where there is no face, or none of that index, and ValueError for another word.
    """
    if face not in ("largest", "all") and (isinstance(face, bool) or not isinstance(face, int)):
        raise ValueError(f"`face` must be 'largest', 'all' or an index from 0. Received: face={face!r}")
    if not faces:
        raise UserError(NO_FACE)
    if face == "all":
        return list(faces)
    index = 0 if face == "largest" else int(face)
    if not 0 <= index < len(faces):
        only = "only face 0" if len(faces) == 1 else f"faces 0 to {len(faces) - 1}"
        raise UserError(f"there is no face {index}: {only} (0 is the largest) can be chosen")
    return [faces[index]]


def load_detector(name: str) -> Detector:
    """The detector "yunet" or "insightface"; raises UserError where it cannot be loaded."""
    try:
        return build_detector(name)
    except ValueError as error:
        raise UserError(" ".join(str(error).split())) from error


class Swapper:
    """Finds faces, embeds the source's identity, swaps it into the target's faces and pastes them back.

    model: a name or file of generator weights (see `facedancer_tf.weights.catalogue`), by default the model that comes
    with the project; its recipe names the encoder, the crop's size and shrink. detector: "yunet" or "insightface".
    encoder_weights: a name or file of the encoder's weights, where they are not found by themselves.
    Raises UserError where a file or the detector is missing; a damaged file is reported when it is first used.
    """

    def __init__(
        self,
        model: str | Path | None = None,
        detector: str = "yunet",
        encoder_weights: str | Path | None = None,
    ) -> None:
        self.model_path = find_weights(model, "generator")
        self.encoder_weights = None if encoder_weights is None else find_weights(encoder_weights, "encoder")
        self.detector = load_detector(detector)

    @cached_property
    def networks(self) -> "CropNetworks":
        """Generator and identity encoder; loading them loads TensorFlow."""
        from facedancer_tf.swapping.engine import CropNetworks

        return CropNetworks(self.model_path, self.encoder_weights)

    def detect(self, picture: np.ndarray, every: bool = False) -> list[Face]:
        """The faces of `picture`, largest first; empty where there is none. `every`: those in the background too."""
        return self.detector.detect(picture, every)

    def embed(self, sources: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
        """The identity [W] of the largest face of one source picture, or of several pictures of one person.

        Raises UserError if one of them shows no face, ValueError if there is none at all.
        """
        pictures = [sources] if isinstance(sources, np.ndarray) else list(sources)
        faces = []
        for number, picture in enumerate(pictures, start=1):
            found = self.detect(picture)
            if not found:
                raise UserError(f"source picture {number}: {NO_FACE}")
            faces.append(found[0])
        return self.embed_faces(pictures, faces)

    def embed_faces(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray:
        """The identity [W] of one found face in each of `pictures`; several are averaged.

        Of several embeddings the directions are averaged and the lengths are: a plain mean of embeddings that point
        apart would be shorter than any embedding that the generator knows.
        """
        embeddings = self.embed_each(pictures, faces)
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        direction = (embeddings / np.maximum(lengths, 1e-12)).mean(axis=0)
        length = max(float(np.linalg.norm(direction)), 1e-12)
        return (direction * (lengths.mean() / length)).astype(np.float32)

    def similarity(self, identity: np.ndarray, picture: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        """Cosine similarity [n] of `identity` to each of `faces` of `picture`, by the model's own encoder."""
        embeddings = self.embed_each([picture] * len(faces), faces)
        lengths = np.linalg.norm(embeddings, axis=1) * np.linalg.norm(identity)
        return embeddings @ identity / np.maximum(lengths, 1e-12)

    def swap(
        self,
        source: np.ndarray | Sequence[np.ndarray],
        target: np.ndarray,
        face: int | str = "largest",
    ) -> np.ndarray:
        """`target` with the identity of `source` (one picture or several of one person) in the chosen face.

        face: "largest", "all", or an index into the target's faces sorted by size. Returns a new picture; the target
        stays as it is. Raises UserError where a picture shows no face or the index does not exist.
        """
        chosen = choose_faces(self.detect(target, every=face != "largest"), face)
        return self.swap_faces(target, chosen, self.embed(source))

    def swap_faces(self, target: np.ndarray, faces: Sequence[Face], identity: np.ndarray) -> np.ndarray:
        """`target` with `identity` [W] in each of these found faces; the largest is pasted last, for it is nearest."""
        ordered = sorted(faces, key=lambda face: face.area)
        cuts = [self.cut(target, face) for face in ordered]
        crops = np.stack([crop for crop, _ in cuts])  # [n, S, S, 3]
        swapped = self.networks.swap_crops(crops, np.tile(identity, (len(crops), 1)))
        return self.paste(target, swapped, [transform for _, transform in cuts])

    def cut(self, picture: np.ndarray, face: Face) -> tuple[np.ndarray, np.ndarray]:
        """The aligned crop of `face` as the generator wants it, uint8 [S, S, 3], and its transform [2, 3]."""
        size_px = self.networks.recipe.size_px
        transform = _transform(face, size_px, self.networks.recipe.shrink)
        return warp(picture, transform, size_px), transform

    def paste(
        self, target: np.ndarray, swapped: Sequence[np.ndarray] | np.ndarray, transforms: Sequence[np.ndarray]
    ) -> np.ndarray:
        """A copy of `target` with these `swapped` crops [n, S, S, 3] in the places that they were `cut` from."""
        if _is_grey(target):  # a black-and-white photograph must not get a tinted face
            swapped = [_grey(crop) for crop in swapped]
        result = target.copy()
        for crop, transform in zip(swapped, transforms, strict=True):
            paste_into(result, crop, transform, self.networks.recipe.shrink)
        return result

    def embed_each(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray:
        """Raw embeddings [n, W]; each crop is aligned at the encoder's own size, not resized from the generator's."""
        if not faces or len(pictures) != len(faces):
            raise ValueError(
                f"`pictures` and `faces` must be as many, at least one. Received: {len(pictures)}, {len(faces)}"
            )
        size_px = self.networks.description.size_px
        crops = [warp(p, _transform(f, size_px), size_px) for p, f in zip(pictures, faces, strict=True)]
        return self.networks.embed_crops(np.stack(crops))


def _transform(face: Face, size_px: int, shrink: float = 1.0) -> np.ndarray:
    """The way from picture to crop [2, 3]; raises UserError where the landmarks found allow none."""
    wanted = template(size_px, shrink)
    try:
        return similarity_transform(face.landmarks, wanted)
    except ValueError as error:
        x, y, width, height = (round(value) for value in face.box)
        raise UserError(
            f"the face of {width} x {height} px at ({x}, {y}) cannot be aligned, its eyes, nose and mouth lie in one "
            "point or nowhere; choose another face or picture"
        ) from error


def _is_grey(picture: np.ndarray) -> bool:
    return bool(
        np.array_equal(picture[..., 0], picture[..., 1]) and np.array_equal(picture[..., 1], picture[..., 2])
    )


def _grey(crop: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
