"""Measures how well a target swapped with itself comes back: L1, PSNR and SSIM of 8-bit crops uint8 [S, S, 3]."""

import cv2
import numpy as np

WINDOW_PX, SIGMA_PX = 11, 1.5  # Wang et al., 2004
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def mean_absolute(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference (L1) in grey levels, 0 to 255."""
    return float(np.abs(one.astype(np.float64) - other).mean())


def psnr_db(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB; NaN for equal crops, which have none."""
    error = float(((one.astype(np.float64) - other) ** 2).mean())
    return float("nan") if error == 0 else 10.0 * float(np.log10(255.0**2 / error))


def ssim(one: np.ndarray, other: np.ndarray) -> float:
    """Structural similarity, mean over channels and windows that lie wholly inside, at most 1 (Wang et al., 2004)."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    mean_a, mean_b = _smooth(a), _smooth(b)
    variance_a = _smooth(a * a) - mean_a**2
    variance_b = _smooth(b * b) - mean_b**2
    covariance = _smooth(a * b) - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    structure = (2 * covariance + C2) / (variance_a + variance_b + C2)
    return float((luminance * structure).mean())


def _smooth(values: np.ndarray) -> np.ndarray:
    inside = WINDOW_PX // 2
    return cv2.GaussianBlur(values, (WINDOW_PX, WINDOW_PX), SIGMA_PX)[inside:-inside, inside:-inside]
