"""The pattern of the invisible watermark: sixteen bits as one tile of faint noise that repeats over the whole picture.

A picture is thought of as scaled to a canvas of 512 px on its longer side. The tile of 68 px is a sum of waves, all
of them harmonics of the tile, with periods of 7 to 22 canvas pixels: finer ones die in JPEG, coarser ones are seen.
Every third wave is the pilot, whose phase is known; it tells where the tiles begin. The two phases of every other
wave carry one sign each, a chip, and all the chips together are a word of a linear code: `CHIPS` checks for 16 bits.
Such a code corrects and detects more errors than bits with a checksum behind them would.

The magnitudes of the waves are the same for every message, so that a reader finds scale and angle without the key.
Phases and code come from a fixed hash: whoever has this file can read the mark, and can remove it.
"""

import hashlib

import numpy as np

CANVAS_PX = 512
TILE_PX = 68  # no whole number of tiles fills the canvas: grids of pictures repeat, too
BAND = (0.045, 0.15)  # cycles per canvas pixel
BITS = 16
# A message is 2 bits of format version (1), 1 bit for "synthetic face" (always set) and 13 bits that name the model.
HEAD = 0b011
MODEL_BITS = 13


def _harmonics() -> np.ndarray:
    """The waves of the tile: pairs (down, across) of cycles per tile int [M, 2], one of each pair ±k, by frequency."""
    side = np.arange(-TILE_PX // 2, TILE_PX // 2)
    down, across = (axis.ravel() for axis in np.meshgrid(side, side, indexing="ij"))
    radius = np.hypot(down, across) / TILE_PX
    chosen = (radius >= BAND[0]) & (radius <= BAND[1]) & ((down > 0) | ((down == 0) & (across > 0)))
    waves = np.stack([down[chosen], across[chosen]], axis=1)
    return waves[np.lexsort((waves[:, 1], waves[:, 0], radius[chosen]))]


def _hashed(purpose: str, count: int) -> np.ndarray:
    """`count` fixed numbers uint16 from a hash, the same for ever and with every version of NumPy."""
    content = hashlib.shake_256(f"facedancer_tf watermark 1 {purpose}".encode()).digest(2 * count)
    return np.frombuffer(content, "<u2")


HARMONICS = _harmonics()
_RINGS = np.array_split(np.arange(len(HARMONICS)), 12)  # neighbours in frequency
IS_PILOT = np.arange(len(HARMONICS)) % 3 == 0
CHIPS = 2 * int((~IS_PILOT).sum())
# The turn of each wave; eighths of a turn, which the pilot and the chips start from, are in it.
_TURNS = np.exp(2j * np.pi * _hashed("phases", len(HARMONICS)) / 65536 + 0.25j * np.pi)
# Chip j of a message is the parity of the message's bits that are set in column j too.
_COLUMNS = _hashed("code", CHIPS).astype(np.int64)


def message_of(model_id: int) -> int:
    """The 16-bit message that names the model `model_id`, from 0 to 8191."""
    return HEAD << MODEL_BITS | model_id


def chips_of(message: int) -> np.ndarray:
    """The signs ±1 float64 [CHIPS] that say `message`."""
    return _signs(_COLUMNS & message)


def tile_of(message: int) -> np.ndarray:
    """The tile float32 [TILE_PX, TILE_PX] that says `message`: mean 0, standard deviation 1."""
    chips = chips_of(message)
    waves = np.ones(len(HARMONICS), complex)
    waves[~IS_PILOT] = (chips[: CHIPS // 2] + 1j * chips[CHIPS // 2 :]) * np.exp(-0.25j * np.pi) / np.sqrt(2)
    spectrum = np.zeros((TILE_PX, TILE_PX), complex)
    down, across = HARMONICS.T
    spectrum[down, across] = waves * _TURNS
    spectrum[-down, -across] = np.conj(spectrum[down, across])
    tile = np.fft.ifft2(spectrum).real
    return (tile / tile.std()).astype(np.float32)


def repeat(tile: np.ndarray, height: int, width: int) -> np.ndarray:
    """Lays `tile` [T, T] side by side over a canvas [height, width]."""
    times = (-(-height // tile.shape[0]), -(-width // tile.shape[1]))
    return np.tile(tile, times)[:height, :width]


def fold(canvas: np.ndarray) -> np.ndarray:
    """Adds up a canvas [H, W] tile by tile, which leaves what repeats: [TILE_PX, TILE_PX]."""
    height, width = (-(-side // TILE_PX) * TILE_PX for side in canvas.shape)
    whole = np.zeros((height, width), np.float32)
    whole[: canvas.shape[0], : canvas.shape[1]] = canvas
    return whole.reshape(height // TILE_PX, TILE_PX, width // TILE_PX, TILE_PX).sum((0, 2))


def waves_of(folded: np.ndarray) -> np.ndarray:
    """The waves complex [M] in a folded canvas, each turned back, so that an undisturbed pilot is real and positive."""
    down, across = HARMONICS.T
    return np.fft.fft2(folded)[down, across] * np.conj(_TURNS)


def soft_chips(waves: np.ndarray) -> np.ndarray:
    """What `waves` [..., M], once the tile's beginning is known, say about each chip: float [..., CHIPS].

    Every ring of frequencies counts alike: most pictures have more of their own in the low ones, and JPEG leaves less
    in the high ones.
    """
    even = np.empty_like(waves)
    for ring in _RINGS:
        size = np.sqrt((np.abs(waves[..., ring]) ** 2).mean(axis=-1, keepdims=True))
        even[..., ring] = waves[..., ring] / (size + 1e-12)
    data = even[..., ~IS_PILOT] * np.exp(0.25j * np.pi)
    return np.concatenate([data.real, data.imag], axis=-1)


def agreement(soft: np.ndarray, chips: np.ndarray) -> float:
    """How far `soft` chips [CHIPS] agree with the signs `chips`: their cosine, -1 to 1."""
    return float(soft @ chips / (np.linalg.norm(soft) * np.sqrt(CHIPS) + 1e-12))


def likeliest(soft: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The model id that agrees best with each of `soft` chips [n, CHIPS], int [n], and that agreement, float [n].

    All 8192 messages are compared at once: their correlations are the Walsh-Hadamard transform of the soft chips, each
    added up at its column of the code.
    """
    known = _signs(_COLUMNS & (HEAD << MODEL_BITS))  # the head's part of every chip
    table = np.zeros((len(soft), 1 << MODEL_BITS), np.float32)
    rows = np.arange(len(soft))[:, None]
    np.add.at(table, (rows, _COLUMNS[None] & ((1 << MODEL_BITS) - 1)), soft * known)
    for bit in range(MODEL_BITS):
        pairs = table.reshape(len(soft), -1, 2, 1 << bit)
        table = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], axis=2)
    table = table.reshape(len(soft), -1)
    best = table.argmax(axis=1)
    return best, table[rows[:, 0], best] / (np.linalg.norm(soft, axis=1) * np.sqrt(CHIPS) + 1e-12)


def _signs(words: np.ndarray) -> np.ndarray:
    """+1 where the number of bits set in a word is even, else -1."""
    for shift in (8, 4, 2, 1):
        words = words ^ words >> shift
    return 1.0 - 2.0 * (words & 1)
