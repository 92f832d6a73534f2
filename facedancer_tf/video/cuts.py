"""Sees where a film cuts from one shot to the next."""

from collections import deque

import numpy as np

CUT_PX = 64  # long side of the pictures that are compared
LEAST_LEVELS = 9.0  # of 255: a smaller change is no cut, whatever came before
TIMES_USUAL = 2.5  # so many times the change of the frames before, and of the very last
UNKNOWN_LEVELS = 8.0  # the usual change, where a film has only begun
REMEMBERED = 9  # frames


class Cuts:
    """Compares each frame with the one before.

    A change that is taken for a cut where there is none (a flash) costs little: the faces are found anew, and are known
    again by their embeddings. Constant fast motion is none.
    """

    def __init__(self) -> None:
        self._before: np.ndarray | None = None
        self._changes: deque[float] = deque(maxlen=REMEMBERED)

    def starts_shot(self, luma: np.ndarray) -> bool:
        """Whether a shot begins with this frame; `luma` is float32 [h, w], grey levels 0 … 255 of the shrunk frame."""
        before, self._before = self._before, luma
        if before is None or before.shape != luma.shape:
            self._changes.clear()
            return True
        change = float(np.mean(np.abs(luma - before)))
        usual = max(np.median(self._changes), self._changes[-1]) if self._changes else UNKNOWN_LEVELS
        self._changes.append(change)
        return change > max(LEAST_LEVELS, TIMES_USUAL * usual)
