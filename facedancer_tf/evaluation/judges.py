"""Judges of identity: recognisers other than the encoder that the swapper was trained with.

`embed` takes pictures uint8 RGB [H, W, 3] and one face of each, and gives embeddings [n, W]. `compare` is the
recogniser's own measure between two sets of embeddings.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from data.faces.alignment import align
from data.faces.face import Face
from facedancer_tf.evaluation.onnx_network import OnnxNetwork, PixelInput

BATCH = 16


class Judge(Protocol):
    """What an evaluation asks of a judge.

    name: says which recogniser this is. short: its name in the head of a table. measure: says how it compares.
    nearer: -1 where a smaller measure means more alike (a distance), else 1. width: W, the length of an embedding.
    """

    name: str
    short: str
    measure: str
    nearer: int
    width: int

    def embed(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray: ...

    def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray: ...


class DlibJudge:
    """dlib's recogniser, embedded in the project and used in no training. Compares by euclidean distance, as dlib."""

    name = "dlib face recognition ResNet v1 (150 px chips, euclidean distance)"
    short = "dlib"
    measure = "euclidean distance"
    nearer = -1
    width = 128

    def embed(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray:
        """Embeddings float32 [n, 128], not normalised."""
        from facedancer_tf.judging.dlib_recogniser import (  # brings TensorFlow
            align_for_judge,
            embed_judge_crops,
        )

        crops = np.stack([align_for_judge(p, f) for p, f in zip(pictures, faces, strict=True)])
        return np.concatenate([embed_judge_crops(crops[i : i + BATCH]) for i in range(0, len(crops), BATCH)])

    def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Euclidean distances [n, m] of embeddings [n, 128] and [m, 128]."""
        a, b = one.astype(np.float64), other.astype(np.float64)
        squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None, :] - 2.0 * a @ b.T
        return np.sqrt(np.clip(squared, 0.0, None))


class OnnxJudge:
    """A user's ONNX encoder on faces aligned to the ArcFace template. Compares by cosine, as ArcFace and CosFace."""

    measure = "cosine similarity"
    nearer = 1

    def __init__(self, path: Path, pixels: PixelInput) -> None:
        self._network = OnnxNetwork(path, pixels)
        self.name = f"{self._network.description}, on the ArcFace template, by cosine"
        self.short = path.stem
        self.width = self._network.width

    def embed(self, pictures: Sequence[np.ndarray], faces: Sequence[Face]) -> np.ndarray:
        """Embeddings float32 [n, W], not normalised."""
        size_px = self._network.pixels.size_px
        crops = [align(p, f.landmarks, size_px) for p, f in zip(pictures, faces, strict=True)]
        return self._network(np.stack(crops))

    def compare(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Cosines [n, m] of embeddings [n, W] and [m, W]."""
        return cosines(one, other)


def cosines(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Cosines of the angles between embeddings [n, W] and [m, W], float64 [n, m]."""
    a, b = (x.astype(np.float64) for x in (one, other))
    lengths = np.linalg.norm(a, axis=1)[:, None] * np.linalg.norm(b, axis=1)[None, :]
    return a @ b.T / np.maximum(lengths, 1e-12)
