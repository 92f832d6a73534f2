"""The Fréchet distance of two sets of features; on Inception's pool features it is the FID (Heusel et al., 2017)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frechet:
    """The distance between swapped and real faces.

    distance: None where one of the sets has fewer than two faces. swapped, real: how many faces each set has.
    meaning: says in a clause what the sets are.
    """

    distance: float | None
    swapped: int
    real: int
    meaning: str


def compare_clouds(swapped: np.ndarray, real: np.ndarray, meaning: str) -> Frechet:
    """Compares two sets of features [n, W] and [m, W]; `meaning` says in a clause what they are."""
    enough = min(len(swapped), len(real)) > 1
    return Frechet(frechet_distance(swapped, real) if enough else None, len(swapped), len(real), meaning)


def frechet_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Squared Fréchet distance of the normal distributions with the means and covariances of two sets [n, W], [m, W].

    |mean - mean'|² + trace(C + C' - 2 (C C')^(1/2)). Biased upwards for few samples. Raises ValueError for fewer than
    two samples.
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    if min(len(one), len(other)) < 2 or one.shape[1] != other.shape[1]:
        raise ValueError(
            f"`one` and `other` must be [n, W] with n >= 2. Received: {one.shape} and {other.shape}"
        )
    root, root_other = _root(one), _root(other)
    # the eigenvalues of C C' are the squared singular values of the roots' product: no matrix is larger than n x m
    shared = np.linalg.svd(root @ root_other.T, compute_uv=False).sum()
    apart = float(((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum())
    return max(0.0, apart + float((root**2).sum() + (root_other**2).sum() - 2.0 * shared))


def _root(samples: np.ndarray) -> np.ndarray:
    """R [at most n or W, W] of `samples` [n, W], such that R' R is their covariance."""
    centred = (samples - samples.mean(axis=0)) / np.sqrt(len(samples) - 1)
    return np.linalg.qr(centred).R if len(samples) > samples.shape[1] else centred
