"""Whose face is put into a picture: an embedding, and which encoder's it is."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Identity:
    """One person's raw (not normalised) `embedding` float32 [W] by the encoder of that `fingerprint`.

    Embeddings of two encoders mean different things, so that an identity serves only models of its own encoder. It is
    a person's data, as a photograph is.
    """

    embedding: np.ndarray = field(repr=False)
    fingerprint: str

    @classmethod
    def average(cls, embeddings: np.ndarray, fingerprint: str) -> "Identity":
        """The identity of one person in several pictures, from their embeddings [n, W].

        Directions and lengths are averaged apart: a plain mean of embeddings that point apart would be shorter than any
        embedding that the generator knows.
        """
        lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
        direction = (embeddings / np.maximum(lengths, 1e-12)).mean(axis=0)
        length = max(float(np.linalg.norm(direction)), 1e-12)
        return cls((direction * (lengths.mean() / length)).astype(np.float32), fingerprint)

    def similarity(self, embeddings: np.ndarray) -> np.ndarray:
        """Cosine similarity [n] to `embeddings` [n, W] of the same encoder, each in [-1, 1]."""
        lengths = np.linalg.norm(embeddings, axis=1) * np.linalg.norm(self.embedding)
        return embeddings @ self.embedding / np.maximum(lengths, 1e-12)
