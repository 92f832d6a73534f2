"""Draws a strip of frames: the person's head in the target film above, in the swapped film beneath."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from data.faces.face import Face
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.contact_sheet import GAP_PX, WHITE, head
from facedancer_tf.film_evaluation.measuring import BOX, Values
from facedancer_tf.film_evaluation.pairing import Films
from facedancer_tf.provenance.swapped import Swapped, UsedModel
from facedancer_tf.provenance.writing import write_swapped

STRIP = "strip.jpg"
EVENLY = 7  # frames; the worst is put behind them
COLUMNS = 4  # beside each other: a picture much wider than high holds the watermark badly


def choose_frames(values: Values) -> list[int]:
    """The rows of `values` to show: seven evenly spread over those with the person, then a lost or the farthest one."""
    shown = np.flatnonzero(~np.isnan(values["dropped"]))
    evenly = shown[np.linspace(0, len(shown) - 1, min(EVENLY, len(shown))).round().astype(int)]
    farthest = shown[np.argmax(np.nan_to_num(values["to_source"][shown], nan=np.inf))]
    return [*evenly.tolist(), int(farthest)]


def write_strip(folder: Path, films: Films, values: Values) -> list[str]:
    """Writes strip.jpg into `folder`, with all marks of a swapped picture; returns notes to show.

    The frames are read anew, so that none had to be kept in memory for it.
    """
    tiles = []
    for row in choose_frames(values):
        pair = films.at(Fraction(values["time_s"][row]) - films.target.time_base / 4)  # `time_s` is rounded
        if pair is None:
            raise UserError(f"{films.target.path} has changed while it was measured", "unreadable")
        left, top, width, height = (float(values[name][row]) for name in BOX)
        face = Face((left, top, width, height), np.zeros((5, 2), np.float32), 1.0)
        swapped = np.zeros_like(pair.target) if pair.swapped is None else pair.swapped
        tiles.append(np.vstack([head(picture, face) for picture in (pair.target, swapped)]))
    return write_swapped(folder / STRIP, Swapped(_in_rows(tiles), [UsedModel("the model of a swapped film")]))


def _in_rows(tiles: list[np.ndarray]) -> np.ndarray:
    """Tiles of one size, four beside each other, with gaps around them; white where a row is not full."""
    height, width = tiles[0].shape[0] + GAP_PX, tiles[0].shape[1] + GAP_PX
    rows, columns = -(-len(tiles) // COLUMNS), min(COLUMNS, len(tiles))
    sheet = np.full((rows * height + GAP_PX, columns * width + GAP_PX, 3), WHITE, np.uint8)
    for number, tile in enumerate(tiles):
        y, x = number // COLUMNS * height + GAP_PX, number % COLUMNS * width + GAP_PX
        sheet[y : y + tile.shape[0], x : x + tile.shape[1]] = tile
    return sheet
