"""Defines whose face is put into a picture: an embedding, and which encoder computed it."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Identity:
    """One person's raw (not normalised) `embedding` float32 [W], by the encoder that has this `fingerprint`.

    The embeddings of two encoders mean different things, so an identity works only with models of its own encoder. It
    is personal data, as a photograph is.
    """

    embedding: np.ndarray = field(repr=False)
    fingerprint: str

    @classmethod
    def average(cls, embeddings: np.ndarray, fingerprint: str) -> "Identity":
        """Averages one person's embeddings [n, W] from several pictures into one identity.

        Directions and lengths are averaged separately: a plain mean of embeddings with different directions would be
        shorter than any embedding that the generator knows.
        """
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        direction = (embeddings / np.maximum(lengths, 1e-12)).mean(axis=0)
        length = max(float(np.linalg.norm(direction)), 1e-12)
        return cls((direction * (lengths.mean() / length)).astype(np.float32), fingerprint)

    def similarity(self, embeddings: np.ndarray) -> np.ndarray:
        """Computes the cosine similarity [n], each in [-1, 1], to `embeddings` [n, W] of the same encoder."""
        lengths = np.linalg.norm(embeddings, axis=1) * np.linalg.norm(self.embedding)
        return embeddings @ self.embedding / np.maximum(lengths, 1e-12)
