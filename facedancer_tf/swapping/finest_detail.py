"""Gives an enlarged swapped face the finest detail of the target's own face: pores, hairs, lashes, the film's grain.

A crop of 128 px that is enlarged to a face of 400 px is soft, whatever the network drew, and cutting and pasting alone
soften also where nothing is enlarged. The target's own crop shows what is lost on this way, and it is given back in
two parts:

1. What a crop of its size can hold: both crops are sharpened, so that the target's crop pasted back is as near as
   possible to the target.
2. What then still is missing, the target minus its sharpened crop pasted back, is added to the swapped face; but only
   where both crops have the same structure, or the target's brows and wrinkles would lie as ghosts over those of the
   source.

Without the first part the second one holds much of the target's identity. The paper has neither.

Crops are uint8 RGB [S, S, 3], the swapped one and the target's, aligned alike.
"""

from dataclasses import dataclass

import cv2
import numpy as np

WINDOW = 2 / 128  # standard deviation of the window in which structures are compared, in sides of the crop
# Of variance, in squared grey levels: structures fainter than some five levels count as noise, and as the same.
NOISE = 30.0
# Similarities between which the detail comes in, and differences of brightness from the surroundings, in grey levels,
# between which it goes. Chosen by eye on photographs with faces of 400 px: the similarity itself as the share is faint
# along every edge, and brightness that differs less may well be the same brow in another light.
OTHER, SAME = 0.2, 0.6
NEAR, FAR = 15.0, 30.0
SURROUNDINGS = 8 / 128  # standard deviation, in sides of the crop
# Of brightness, by a Gaussian of so many pixels of the crop, or of the picture where its pixels are coarser. What fits
# the target best by least squares is .42 to .63, whatever the face's size in the picture (0.3 to 3.3 picture px for one
# of the crop).
SHARPENING, SHARPENED_PX = 0.7, 1.0


@dataclass(frozen=True)
class FinestDetail:
    """The `target` as it was, uint8 [H, W, 3], its `crop`, and how much of its detail to take, `share` [S, S]."""

    target: np.ndarray
    crop: np.ndarray
    share: np.ndarray

    @classmethod
    def between(cls, target: np.ndarray, crop: np.ndarray, swapped: np.ndarray) -> "FinestDetail":
        """The detail that `target` lends to the `swapped` crop of the face whose own crop is `crop`."""
        return cls(target, crop, same_structure(swapped, crop))

    def layers(self, swapped: np.ndarray) -> np.ndarray:
        """The `swapped` crop less the target's by the share, and the share itself, float32 [T, T, 4].

        `swapped` [T, T, 3] may have been shrunk. Sampled together in the picture's pixels the layers give the face with
        its detail (`face`): that is one sampling instead of three, for enlarging is linear.
        """
        size = swapped.shape[1::-1]
        crop, share = (
            part if part.shape[1::-1] == size else cv2.resize(part, size, interpolation=cv2.INTER_AREA)
            for part in (self.crop, self.share)
        )
        share = share[..., None]
        return np.concatenate([_sharpened(swapped) - share * _sharpened(crop), share], axis=-1)

    @staticmethod
    def face(layers: np.ndarray, target: np.ndarray) -> np.ndarray:
        """The face with its detail, uint8 [h, w, 3]: `layers` [h, w, 4] are sampled at the `target`'s pixels."""
        red, green, blue, share = cv2.split(layers)
        detail = cv2.multiply(target, cv2.merge([share, share, share]), dtype=cv2.CV_32F)
        return np.asarray(cv2.add(cv2.merge([red, green, blue]), detail, dtype=cv2.CV_8U))  # rounds and clips


def same_structure(swapped: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Says where two crops have the same structure, float32 [S, S]: 1 where they do, 0 where they do not.

    It is the contrast and structure of SSIM (Wang et al., 2004) of their luma, stretched. Even skin is like other even
    skin, but also like the inside of a wide brow; so where one of the crops is much darker than the other, compared
    with its surroundings, they do not have the same structure either. Two equal crops give exactly 1.
    """
    one, other = (cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) for crop in (swapped, target))

    def mean(values: np.ndarray, width: float = WINDOW) -> np.ndarray:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), width * len(target)))

    mean_one, mean_other = mean(one), mean(other)
    variances = mean(one * one) - mean_one * mean_one + mean(other * other) - mean_other * mean_other
    covariance = mean(one * other) - mean_one * mean_other
    similarity = (2 * covariance + NOISE) / (np.maximum(variances, 0) + NOISE)
    apart = np.abs(mean_one - mean_other - mean(one - other, SURROUNDINGS))
    return _rise(similarity, OTHER, SAME) * (1.0 - _rise(apart, NEAR, FAR))


def _rise(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Rises smoothly from 0 at `low` to 1 at `high`."""
    share = np.clip((values - low) / (high - low), 0.0, 1.0)
    return share * share * (3.0 - 2.0 * share)


def _sharpened(crop: np.ndarray) -> np.ndarray:
    """The crop with sharper brightness, float32; colours are left as they are, for networks blur them into rims."""
    values = crop.astype(np.float32)
    luma = cv2.cvtColor(values, cv2.COLOR_RGB2GRAY)
    return values + (SHARPENING * (luma - cv2.GaussianBlur(luma, (0, 0), SHARPENED_PX)))[..., None]
