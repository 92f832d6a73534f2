"""Swaps faces in pictures, from arrays to arrays: `Swapper().swap(source, target)`.

Pictures are uint8 RGB [H, W, 3], upright, of any size. TensorFlow is loaded with the networks when these are first
used, so that a wrong path or a picture without a face is reported at once.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from data.faces.alignment import similarity_transform, template, warp
from data.faces.detection import build_detector
from data.faces.face import Detector, DetectorUnavailable, Face, Search
from facedancer_tf.errors import Code, UserError
from facedancer_tf.provenance.swapped import UsedModel
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.paste_steps import PasteSteps
from facedancer_tf.weights.catalogue import find_weights

if TYPE_CHECKING:
    from facedancer_tf.swapping.engine import Engine

NO_FACE = "no face was found; choose a picture where a face is seen from the front or half turned"


def choose_faces(faces: Sequence[Face], face: int | str = "largest") -> list[Face]:
    """Chooses the faces that `face` means: "largest", "all" or an index into `faces`, which are sorted largest first.

    Raises UserError where there is no face, or no face with that index, and ValueError for another word.
    """
    if face not in ("largest", "all") and (isinstance(face, bool) or not isinstance(face, int)):
        raise ValueError(f"`face` must be 'largest', 'all' or an index from 0. Received: face={face!r}")
    if not faces:
        raise UserError(NO_FACE, "no_face")
    if face == "all":
        return list(faces)
    index = 0 if face == "largest" else int(face)
    if not 0 <= index < len(faces):
        only = "only face 0" if len(faces) == 1 else f"faces 0 to {len(faces) - 1}"
        raise UserError(f"there is no face {index}: {only} (0 is the largest) can be chosen", "no_such_face")
    return [faces[index]]


def load_detector(name: str) -> Detector:
    """Loads the detector "yunet" or "insightface"; raises UserError where it cannot be loaded."""
    try:
        return build_detector(name)
    except ValueError as error:
        code: Code = "weights_missing" if isinstance(error, DetectorUnavailable) else "invalid"
        raise UserError(" ".join(str(error).split()), code) from error


class Swapper:
    """Finds faces, embeds the source's identity, swaps it into the target's faces and pastes the swapped faces back.

    One swapper serves any number of threads. It holds its networks until `close`, or until its `with` block ends.

    `model` is a name or file of generator weights (see `facedancer_tf.weights.catalogue`), by default the model that
    comes with the project; its recipe names the encoder, the crop's size and shrink. `detector` is "yunet" or
    "insightface". `encoder_weights` is a name or file of the encoder's weights, for those that the swapper cannot find
    without it. `finest_detail` and `skin_colour` say whether faces are pasted with these two steps
    (`facedancer_tf.swapping.paste_steps`). Raises UserError where a file or the detector is missing; a damaged file is
    reported when it is first used.

    >>> from data.pictures import read_picture
    >>> source, target = (read_picture(f"assets/pictures/{name}").rgb
    ...                   for name in ("barack_obama.jpg", "eileen_collins.png"))
    >>> with Swapper() as swapper:
    ...     identity = swapper.embed(source)  # once for any number of targets
    ...     swapped = swapper.swap(identity, target)
    ...     before, after = (swapper.similarity(identity, picture, swapper.detect(picture))[0]
    ...                      for picture in (target, swapped))
    >>> swapped.shape == target.shape
    True
    >>> bool(before < 0.3 < 0.5 < after)
    True
    """

    def __init__(
        self,
        model: str | Path | None = None,
        detector: str = "yunet",
        encoder_weights: str | Path | None = None,
        *,
        finest_detail: bool = True,
        skin_colour: bool = True,
    ) -> None:
        self.paste_steps = PasteSteps(finest_detail, skin_colour)
        self.given_weights = (model, encoder_weights)
        self.model_path = find_weights(model, "generator")
        self.encoder_weights = None if encoder_weights is None else find_weights(encoder_weights, "encoder")
        self.detector = load_detector(detector)
        self._engine: Engine | None = None
        self._closed, self._lock = False, Lock()

    @property
    def engine(self) -> "Engine":
        """The generator and the identity encoder; the first use loads them, and TensorFlow with them.

        Raises ValueError after `close`.
        """
        with self._lock:
            if self._closed:
                raise ValueError("this Swapper is closed: make another one")
            if self._engine is None:
                from facedancer_tf.swapping.engine import Engine

                self._engine = Engine(self.model_path, self.encoder_weights)
            return self._engine

    @cached_property
    def used_model(self) -> UsedModel:
        """What the marks of swapped pictures name; raises UserError where the model file cannot be read."""
        return UsedModel.of(self.model_path)

    def close(self) -> None:
        """Frees the networks; the swapper cannot swap any more, and a swap of another thread may end in ValueError."""
        with self._lock:
            self._engine, self._closed = None, True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def detect(self, picture: np.ndarray, search: Search = "patient") -> list[Face]:
        """Finds the faces of `picture`, largest first; the list is empty where there is none.

        `search` says how thoroughly to look: "quick" at one scale, for streams; "patient" at other scales too, if the
        first shows no sure face; "every" also looks for people in the background. Faces come straight, however the head
        is rolled; with "quick" the four largest.
        """
        return self.detector.detect(picture, search)

    def embed(self, sources: np.ndarray | Sequence[np.ndarray]) -> Identity:
        """Embeds the identity of the largest face in one source picture, or in several pictures of one person.

        Raises UserError if a picture shows no face, and ValueError if there is no picture at all.
        """
        pictures = [sources] if isinstance(sources, np.ndarray) else list(sources)
        faces = []
        for number, picture in enumerate(pictures, start=1):
            in_picture = self.detect(picture)
            if not in_picture:
                raise UserError(f"source picture {number}: {NO_FACE}", "no_face")
            faces.append(in_picture[0])
        return self.embed_faces(pictures, faces)

    def embed_faces(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> Identity:
        """Embeds the identity of one person, from one detected face in each of `pictures`."""
        return Identity.average(self.embeddings(pictures, faces), self.engine.encoder.fingerprint)

    def similarity(self, identity: Identity, picture: np.ndarray, faces: Sequence[Face]) -> np.ndarray:
        """Computes the cosine similarity [n] of `identity` to each of `faces` in `picture`, by the model's encoder."""
        return identity.similarity(self.embeddings([picture] * len(faces), faces))

    def swap(
        self,
        source: Identity | np.ndarray | Sequence[np.ndarray],
        target: np.ndarray,
        face: int | str = "largest",
    ) -> np.ndarray:
        """Swaps the identity of `source` (one picture, or several of one person) into the chosen face of `target`.

        `source` may also be an identity that `embed` returned, which saves embedding it again. `face` is "largest",
        "all", or an index into the target's faces sorted by size. Returns a new picture; the target stays as it is.
        Raises UserError where a picture shows no face or the index does not exist.
        """
        faces = choose_faces(self.detect(target, "patient" if face == "largest" else "every"), face)
        identity = source if isinstance(source, Identity) else self.embed(source)
        return self.swap_faces(target, faces, identity)

    def swap_faces(self, target: np.ndarray, faces: Sequence[Face], identity: Identity) -> np.ndarray:
        """Swaps `identity` into each of these detected faces of `target`, and returns a new picture.

        The largest face is pasted last, because it is the nearest. Raises UserError for an identity that another
        encoder has embedded.
        """
        if not faces:
            return target.copy()
        if identity.fingerprint != self.engine.encoder.fingerprint:
            raise UserError(
                f"the identity was embedded by another encoder than {self.model_path} needs; embed its pictures with "
                "this model"
            )
        ordered = sorted(faces, key=lambda face: face.area)
        cuts = [self.cut(target, face) for face in ordered]
        crops = np.stack([crop for crop, _ in cuts])  # [n, S, S, 3]
        swapped = self.engine.swap_crops(crops, np.tile(identity.embedding, (len(crops), 1)))
        return self.paste(target, swapped, cuts)

    def cut(self, picture: np.ndarray, face: Face) -> tuple[np.ndarray, np.ndarray]:
        """Cuts the aligned crop of `face` for the generator; returns it, uint8 [S, S, 3], and its transform [2, 3]."""
        size_px = self.engine.recipe.size_px
        transform = _transform(face, size_px, self.engine.recipe.shrink)
        return warp(picture, transform, size_px), transform

    def paste(
        self,
        target: np.ndarray,
        swapped: Sequence[np.ndarray] | np.ndarray,
        cuts: Sequence[tuple[np.ndarray, np.ndarray]],
    ) -> np.ndarray:
        """Pastes `swapped` crops [n, S, S, 3] into a copy of `target`; `cuts` are what `cut` gave for their faces."""
        result = target.copy()
        for made, (crop, transform) in zip(swapped, cuts, strict=True):
            self.paste_steps.paste(result, made, target, crop, transform, self.engine.recipe.shrink)
        return result

    def embeddings(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray:
        """Computes raw embeddings [n, W] of one detected face in each of `pictures`.

        Each face is aligned at the encoder's own size; it is not resized from the generator's crop.
        """
        if not faces or len(pictures) != len(faces):
            raise ValueError(
                f"`pictures` and `faces` must be as many, at least one. Received: {len(pictures)}, {len(faces)}"
            )
        size_px = self.engine.encoder.description.size_px
        crops = [warp(p, _transform(f, size_px), size_px) for p, f in zip(pictures, faces, strict=True)]
        return self.engine.embed_crops(np.stack(crops))


def _transform(face: Face, size_px: int, shrink: float = 1.0) -> np.ndarray:
    """The transform [2, 3] from picture to crop; raises UserError where the landmarks allow none."""
    try:
        return similarity_transform(face.landmarks, template(size_px, shrink))
    except ValueError as error:
        x, y, width, height = (round(value) for value in face.box)
        raise UserError(
            f"the face of {width} x {height} px at ({x}, {y}) cannot be aligned, its eyes, nose and mouth lie in one "
            "point or nowhere; choose another face or picture",
            "no_face",
        ) from error
