"""The Fréchet distance of two clouds of features; on Inception's pool features it is the FID (Heusel et al., 2017)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frechet:
    """The distance of `swapped` faces from `real` ones, both counted; None where one of them is fewer than two."""

    distance: float | None
    swapped: int
    real: int
    meaning: str


def compare_clouds(swapped: np.ndarray, real: np.ndarray, meaning: str) -> Frechet:
    """The distance of two sets of features [n, W] and [m, W]; `meaning` says in a clause what they are."""
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
    covariance, covariance_other = np.cov(one, rowvar=False), np.cov(other, rowvar=False)
    covariance, covariance_other = np.atleast_2d(covariance), np.atleast_2d(covariance_other)
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    # C C' and C^(1/2) C' C^(1/2) have the same eigenvalues, and the second is symmetric
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ covariance_other @ root), 0.0, None)).sum()
    apart = float(((one.mean(axis=0) - other.mean(axis=0)) ** 2).sum())
    return max(0.0, apart + float(np.trace(covariance) + np.trace(covariance_other) - 2.0 * shared))
