"""Reads the invisible watermark, also from pictures that were scaled, cropped, turned a little, or mirrored.

First the search: the pattern repeats, so its waves stand out of the picture's spectrum as a lattice, whose scale and
angle are found without the key. Then, for the likeliest of these, both sides and all quarter turns, the picture is laid
back onto the canvas, the pilot tells where the tiles begin, and the best of all messages is taken.

What counts as found. Let n chips be read as a vector s. For a picture that has nothing to do with the key, the signs of
any one message are n fair coins, so their cosine with s exceeds r with a probability of at most exp(-n r² / 2)
(Hoeffding), whatever s is; the coins are the key's, which is drawn once. With `TRIES` vectors and 8192 messages the
chance that any of them does is at most TRIES · 8192 · exp(-n r² / 2); a mark is found where this bound is below
`CHANCE`.
"""

from dataclasses import dataclass
from functools import cache
from math import exp, log, sqrt

import cv2
import numpy as np

from facedancer_tf.provenance.watermark import to_canvas, whiten
from facedancer_tf.provenance.watermark_pattern import (
    CHIPS,
    HARMONICS,
    IS_PILOT,
    MODEL_BITS,
    TILE_PX,
    fold,
    likeliest,
    soft_chips,
    waves_of,
)  # fmt: skip

CHANCE = 1e-5
SPECTRUM_PX = 1024
# How much larger than on the canvas the pattern may be (a crop enlarges it, a border shrinks it), and its angle.
SCALES = np.exp(np.arange(np.log(0.55), np.log(2.1), 0.004))
ANGLES = np.deg2rad(np.arange(-6.0, 6.01, 0.25))
PLACES = 9  # scales and angles that are looked at closely, the unchanged picture first
BEGINNINGS = 2
TRIES = PLACES * 8 * BEGINNINGS
PEAK_MOST = 6.0  # no single peak of the spectrum counts for more than this many times its surroundings


@dataclass(frozen=True)
class WatermarkReading:
    """A watermark that was found.

    `model_id`: which model the picture was made with, 0 to 8191. `agreement`: cosine of what was read and what the
    message says. `chance`: an upper bound of the probability that an unmarked picture looks like this. `scale`, `angle`
    (degrees), `mirrored`: how the picture was changed.
    """

    model_id: int
    agreement: float
    chance: float
    scale: float
    angle: float
    mirrored: bool


def read_watermark(rgb: np.ndarray) -> WatermarkReading | None:
    """Reads the watermark of a picture uint8 RGB [H, W, 3]; None where none is found."""
    best = likeliest_reading(rgb)
    return best if best.chance <= CHANCE else None


def likeliest_reading(rgb: np.ndarray) -> WatermarkReading:
    """The likeliest reading of a picture uint8 RGB [H, W, 3], marked or not. Stops early where nothing was changed."""
    return likeliest_on(whiten(to_canvas(rgb)))


def likeliest_on(whitened: np.ndarray) -> WatermarkReading:
    """`likeliest_reading` of a whitened canvas."""
    unchanged = _read_at(whitened, 1.0, 0.0)
    if unchanged.chance <= CHANCE:
        return unchanged
    readings = [_read_at(whitened, scale, angle) for scale, angle in _likely_places(whitened)]
    return min([unchanged, *readings], key=lambda reading: reading.chance)


def least_agreement() -> float:
    """The agreement from which on a mark counts as found."""
    return sqrt(2 * log(TRIES * 2**MODEL_BITS / CHANCE) / CHIPS)


def chance(agreement: float) -> float:
    """An upper bound of the probability that an unmarked picture agrees so well with any message; see the module."""
    return min(1.0, TRIES * 2**MODEL_BITS * exp(-CHIPS * max(agreement, 0.0) ** 2 / 2))


@cache
def _lattices() -> np.ndarray:
    """Where the spectrum of `_likely_places` holds each wave, for every scale and angle: flat indices [S, A, M]."""
    waves = (HARMONICS[:, 1] + 1j * HARMONICS[:, 0]) * SPECTRUM_PX / TILE_PX
    places = waves * np.exp(1j * ANGLES[:, None]) / SCALES[:, None, None]
    across, down = np.rint(places.real).astype(np.int32), np.rint(places.imag).astype(np.int32)
    sign = np.where(across < 0, -1, 1)  # a real picture's spectrum is the same at -k
    return (down * sign) % SPECTRUM_PX * (SPECTRUM_PX // 2 + 1) + across * sign


def _likely_places(whitened: np.ndarray) -> list[tuple[float, float]]:
    """The scales and angles (radians) at which the waves hold the most energy above that around them, best first."""
    power = np.abs(np.fft.rfft2(whitened, (SPECTRUM_PX, SPECTRUM_PX))).astype(np.float32) ** 2
    around = np.fft.ifftshift(cv2.blur(np.fft.fftshift(power, axes=0), (41, 41)), axes=0)
    peaks = np.minimum(power / (around + 1e-9), PEAK_MOST)
    energy = peaks.ravel()[_lattices()].mean(axis=-1)
    places = []
    for _ in range(PLACES - 1):
        scale, angle = np.unravel_index(energy.argmax(), energy.shape)
        places.append((float(SCALES[scale]), float(ANGLES[angle])))
        energy[max(0, scale - 2) : scale + 3, max(0, angle - 2) : angle + 3] = 0.0
    return places


def _read_at(whitened: np.ndarray, scale: float, angle: float) -> WatermarkReading:
    """The best reading of a picture whose pattern is `scale` times as large and turned by `angle` radians."""
    folded = fold(_lay_back(whitened, scale, angle))
    turned = [np.rot90(side, turns) for side in (folded, folded[:, ::-1]) for turns in range(4)]
    soft = np.concatenate([soft_chips(_from_beginnings(waves_of(side))) for side in turned])
    models, agreements = likeliest(soft)
    best = int(agreements.argmax())
    turns = best // BEGINNINGS % 4
    return WatermarkReading(
        model_id=int(models[best]),
        agreement=float(agreements[best]),
        chance=chance(float(agreements[best])),
        scale=scale,
        angle=(float(np.rad2deg(angle)) + 90.0 * turns) % 360.0,
        mirrored=best >= 4 * BEGINNINGS,
    )


def _lay_back(whitened: np.ndarray, scale: float, angle: float) -> np.ndarray:
    """Scales and turns a picture back, about its centre, so that the pattern gets its size on the canvas."""
    if (scale, angle) == (1.0, 0.0):
        return whitened
    height, width = whitened.shape
    size = (int(np.ceil(width / scale)), int(np.ceil(height / scale)))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shift = np.array([width, height]) / 2 - turn @ np.array(size) / 2
    transform = np.column_stack([turn, shift])
    return cv2.warpAffine(whitened, transform, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)


def _from_beginnings(waves: np.ndarray) -> np.ndarray:
    """The waves [BEGINNINGS, M] as seen from the likeliest beginnings of the tile, which the pilot's waves agree on."""
    fine = 2 * TILE_PX  # half pixels
    down, across = HARMONICS.T
    spectrum = np.zeros((fine, fine), complex)
    spectrum[down[IS_PILOT], across[IS_PILOT]] = waves[IS_PILOT]
    match = np.fft.ifft2(spectrum).real
    seen = []
    for _ in range(BEGINNINGS):
        y, x = np.unravel_index(match.argmax(), match.shape)
        seen.append(waves * np.exp(2j * np.pi * (down * y + across * x) / fine))
        match[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3] = -np.inf
    return np.stack(seen)
