"""The Fréchet distance of two clouds of features; on Inception's pool features it is the FID (Heusel et al., 2017)."""

import numpy as np


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
