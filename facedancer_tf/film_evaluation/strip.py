"""Draws a strip of frames: the person's head in the target film above, in the swapped film beneath."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from facedancer_tf.evaluation.contact_sheet import GAP_PX, WHITE, head
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.film_evaluation.measuring import Values
from facedancer_tf.film_evaluation.pairing import Films
from facedancer_tf.film_evaluation.person import Follower
from facedancer_tf.film_evaluation.sightings import Sighting, sightings
from facedancer_tf.provenance.swapped import Swapped, UsedModel
from facedancer_tf.provenance.writing import write_swapped

STRIP = "strip.jpg"
EVENLY = 7  # frames; the one whose swapped face is farthest from the source is put behind them
COLUMNS = 4  # beside each other: a picture much wider than high holds the watermark badly


def choose_frames(values: Values) -> list[int]:
    """The rows of `values` to show: seven evenly spread over those with the person, and the worst of them all."""
    shown = np.flatnonzero(~np.isnan(values["dropped"]))
    evenly = shown[np.linspace(0, len(shown) - 1, min(EVENLY, len(shown))).round().astype(int)]
    worst = np.argmax(np.nan_to_num(values["to_source"], nan=-np.inf))
    return [*evenly.tolist(), int(worst)]


def write_strip(folder: Path, films: Films, values: Values, person: np.ndarray, meter: Meter) -> list[str]:
    """Writes strip.jpg into `folder`, with all marks of a swapped picture; returns notes to show.

    The frames are read and the person is found anew, so that nothing had to be kept in memory for it.
    """
    tiles = []
    for row in choose_frames(values):
        pair = films.at(Fraction(values["time_s"][row]) - films.target.time_base / 4)  # `time_s` is rounded
        for seen in sightings([pair] if pair else [], meter, Follower(person, meter.judge)):
            if isinstance(seen, Sighting):
                swapped = np.zeros_like(seen.pair.target) if seen.pair.swapped is None else seen.pair.swapped
                tiles.append(np.vstack([head(picture, seen.face) for picture in (seen.pair.target, swapped)]))
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
