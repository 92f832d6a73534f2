"""Puts the watermark into a film and reads it back: the same pattern at the same place in every frame, so it adds up.

The noise follows each frame's texture. How strong it is altogether is tried out at the beginning of a segment, and anew
only where the picture has become another, after a cut or a fade: between two frames of a shot nothing pumps. Segments
know nothing of each other, so a run that goes on after a kill gives the same frames.
"""

from collections.abc import Iterable, Iterator
from math import log

import numpy as np

from facedancer_tf.films.film import FilmFrame
from facedancer_tf.provenance.watermark import Watermark, whiten
from facedancer_tf.provenance.watermark_pattern import CANVAS_PX
from facedancer_tf.provenance.watermark_reading import CHANCE, WatermarkReading, likeliest_on

# The strength is tried out anew where the noise that the picture hides has changed by this factor.
NEW_TRIAL = 1.3
_LEAST_NOISE = 0.02  # grey levels; a picture that hides less is black or white


def marked(frames: Iterable[FilmFrame], watermark: Watermark) -> Iterator[FilmFrame]:
    """Yields the frames of one segment, each with the watermark added to its picture in place."""
    gain, tried_at = 0.0, 0.0
    for frame in frames:
        picture = frame.picture
        canvas = picture.luma(CANVAS_PX)
        noise = watermark.full_noise(canvas)
        hidden = max(_LEAST_NOISE, float(np.abs(noise).mean()))
        if not tried_at or abs(log(hidden / tried_at)) > log(NEW_TRIAL):
            gain, tried_at = watermark.least_gain(canvas, noise, max(picture.width, picture.height)), hidden
        picture.add_luma(gain * noise)
        yield frame


def read_film_watermark(canvases: Iterable[np.ndarray]) -> WatermarkReading | None:
    """Reads the watermark of some frames' canvases, float32 [h, w] grey levels, all of one size; None if there is none.

    The whitened frames are added up: what moves cancels out, the pattern does not. Their sum is one picture to the
    reader, so the chance of a false alarm is that of a picture. Raises ValueError where there are no canvases.
    """
    together: np.ndarray | None = None
    for canvas in canvases:
        white = whiten(canvas)
        together = white if together is None else together + white
    if together is None:
        raise ValueError("`canvases` must not be empty")
    best = likeliest_on(whiten(together))
    return best if best.chance <= CHANCE else None
