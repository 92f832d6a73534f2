"""Looks: directions of the style space along which the people of `data.preparing.people` come to look differently.

By itself the network draws mostly white people. A look is a direction [512] from there to people who look e.g. East
Asian, with a linear fit that reads from a style w [512] how far it has gone, and another that scores a picture. One
unit of the direction raises the score by one; above zero a face is clearly of that look. A look is what a person who
sorted pictures saw in faces of nobody: it tells no ancestry. assets/synthetic/NOTICE.txt says how the looks were made.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

AS_DRAWN = "as_drawn"  # the look of those whom the network draws by itself
_FILE = Path(__file__).resolve().parents[2] / "assets" / "synthetic" / "looks.npz"


@dataclass(frozen=True)
class Look:
    """One look. `direction` and `reader` [512] belong to styles, `scorer` [128] to embeddings by SFace.

    natural_scores: the lowest and highest score of faces that look natural; beyond the highest they become caricatures.
    """

    name: str
    direction: np.ndarray
    reader: np.ndarray
    reader_bias: float
    natural_scores: tuple[float, float]
    scorer: np.ndarray
    scorer_skin: float
    scorer_bias: float

    def give(self, style: np.ndarray, mean: np.ndarray, score: float) -> np.ndarray:
        """Moves `style` [512] so that its face gets about `score` of this look; `mean` [512] is the network's."""
        before = float((style - mean) @ self.reader) + self.reader_bias
        return (style + (score - before) * self.direction).astype(np.float32)

    def score(self, embedding: np.ndarray, skin_tone_degrees: float) -> float:
        """The score of a picture, by its face's `embedding` [128], of any length, and its skin tone (ITA)."""
        # A grey picture has no tone (NaN) and counts as one of light brown skin.
        darkness = np.clip(-np.nan_to_num(skin_tone_degrees) / 40.0, -1.5, 2.2)
        unit = embedding / np.linalg.norm(embedding)
        return float(unit @ self.scorer + self.scorer_skin * darkness + self.scorer_bias)


def load_looks() -> dict[str, Look]:
    """Loads all looks by name."""
    with np.load(_FILE, allow_pickle=False) as file:
        arrays = {key: file[key] for key in file.files}
    numbers = {key: values.astype(np.float32) for key, values in arrays.items() if key != "name"}
    return {
        str(name): Look(
            str(name),
            numbers["direction"][row],
            numbers["reader"][row],
            float(numbers["bias"][row]),
            (float(numbers["natural"][row][0]), float(numbers["natural"][row][1])),
            numbers["score_embedding"][row],
            float(numbers["score_skin"][row]),
            float(numbers["score_bias"][row]),
        )
        for row, name in enumerate(arrays["name"])
    }


def parse_shares(text: str | None) -> dict[str, float]:
    """ "african=2,as_drawn=1" → the shares of these looks; None → as many people of each look as of AS_DRAWN.

    Raises ValueError for an unknown look or a share that is no positive number.
    """
    names = (AS_DRAWN, *load_looks())
    if text is None:
        return dict.fromkeys(names, 1.0)
    shares = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        if name not in names or name in shares:
            raise ValueError(f"must name each look once, of {', '.join(names)}. Received: {name}")
        try:
            shares[name] = float(share)
        except ValueError:
            shares[name] = 0.0
        if not 0.0 < shares[name] < float("inf"):
            raise ValueError(f"must give each look a positive share, like {name}=1. Received: {part}")
    return shares


def draw_look(rng: np.random.Generator, shares: Mapping[str, float]) -> str:
    """Draws the name of a look, or AS_DRAWN, by `shares`, which need not add up to 1."""
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))
