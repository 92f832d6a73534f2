"""Smooths landmarks over time without lag: the whole track is known, so the future counts as much as the past.

At every time a parabola is laid through the readings around it (least squares, near ones count most). How far around
is chosen anew for each time: the largest of `WINDOWS_S` whose parabola agrees with those of the smaller windows
within the noise of the readings, which is estimated from the track itself (the rule of intersecting confidence
intervals; Katkovnik, 1999). So a still face is averaged over half a second, and a shaken head is followed.

Times are in seconds and need not be evenly spaced.
"""

from collections.abc import Iterator

import numpy as np

WINDOWS_S = (0.07, 0.11, 0.18, 0.30)  # to either side
NEARBY = (2.0, 1.1)  # a window ends at least so many times farther away than the first and the second reading
OUTLIER, LONELY = 6.0, 4.0  # an outlier is so many times off as noise is, and as the readings around it are
AGREEMENT = 2.0  # mean square difference of two windows' answers, in that which noise alone makes
NOISE_OF_MEDIAN = 1.4826  # a normal distribution's standard deviation in medians of the absolute value


def smooth(points: np.ndarray, times: np.ndarray, at: np.ndarray | None = None) -> np.ndarray:
    """The smooth landmarks float32 [m, k, 2] at the times `at` [m], from `points` [n, k, 2] at ascending `times` [n].

    `at` is `times` by default; with other times, frames without a reading are bridged. A track must not span a cut.
    Raises ValueError where the shapes do not belong together or the times do not ascend.
    """
    points, times = np.asarray(points, np.float64), np.asarray(times, np.float64)
    if points.ndim != 3 or points.shape[2] != 2 or times.shape != points.shape[:1] or not len(times):
        raise ValueError(
            f"`points` must be [n, k, 2] and `times` [n]. Received: shapes {points.shape} and {times.shape}"
        )
    if np.any(np.diff(times) <= 0):
        raise ValueError(f"`times` must ascend. Received: {times.tolist()[:20]}")
    at = times if at is None else np.asarray(at, np.float64)
    points, noise = _without_outliers(points, times, WINDOWS_S[0])
    values = points.reshape(len(points), -1)
    answers, spreads = (
        np.stack(parts)
        for parts in zip(*(_through(values, times, at, window) for window in WINDOWS_S), strict=True)
    )
    level = _levels(answers, spreads, noise)
    below = np.minimum(level.astype(int), len(WINDOWS_S) - 2)
    share, row = (level - below)[:, None], np.arange(len(at))
    smooth_values = (1 - share) * answers[below, row] + share * answers[below + 1, row]
    return smooth_values.reshape(len(at), *points.shape[1:]).astype(np.float32)


def _parabolas(
    times: np.ndarray, at: np.ndarray, window: float, leave_out: bool = False
) -> Iterator[tuple[slice, np.ndarray]]:
    """For each time of `at`, which readings a parabola goes through, and their weights in its value at that time.

    Where readings are far apart, the window grows until two of them are in it on one side; at a time between readings
    on both, so that a hole in the track is bridged from both sides. `leave_out` leaves out a reading at that very time.
    """
    padded = np.concatenate([[-np.inf] * 2, times, [np.inf] * 2])
    for time in at:
        before, after = np.searchsorted(times, time), np.searchsorted(times, time, side="right")
        first = np.abs(time - padded[[before + 1, after + 2]])  # left and right
        second = np.abs(time - padded[[before, after + 3]])
        if before < after:  # at a reading one side is enough
            least = NEARBY[1] * min(second.min(), times[-1] - times[0])
        else:
            far = np.concatenate([NEARBY[0] * first, NEARBY[1] * second])
            least = far[np.isfinite(far)].max()
        reach = max(window, least)
        part = slice(*np.searchsorted(times, [time - reach, time + reach]))
        away = (times[part] - time) / reach
        near = (1 - np.minimum(np.abs(away), 1.0) ** 3) ** 3
        if leave_out:
            near = near * (away != 0)
        count = int(np.count_nonzero(near))
        powers = away[:, None] ** np.arange(min(3, count))
        root = np.sqrt(near)[:, None]
        yield part, np.linalg.pinv(powers * root)[0] * root[:, 0]


def _through(
    values: np.ndarray, times: np.ndarray, at: np.ndarray, window: float
) -> tuple[np.ndarray, np.ndarray]:
    """The parabolas' values [m, d] at the times `at`, and their standard deviations [m] for readings' noise of 1."""
    pairs = [(weights @ values[part], weights @ weights) for part, weights in _parabolas(times, at, window)]
    answers, variances = zip(*pairs, strict=True)
    return np.stack(answers), np.sqrt(variances)


def _without_outliers(points: np.ndarray, times: np.ndarray, window: float) -> tuple[np.ndarray, float]:
    """The points with lonely outliers replaced by what the readings around them say, and the noise of a coordinate.

    A point is an outlier where it is far off the parabola through the others and these are not: a jump of the face
    itself leaves the others far off too. At the ends of the track and at holes no point is one: too little is known.
    """
    if len(times) < 5:
        return points, 0.0
    predicted = np.empty_like(points)
    factor, around = np.empty(len(times)), []
    flat = points.reshape(len(points), -1)
    for i, (part, weights) in enumerate(_parabolas(times, times, window, leave_out=True)):
        predicted[i] = (weights @ flat[part]).reshape(points.shape[1:])
        factor[i] = np.sqrt(1 + weights @ weights)
        around.append([j for j in range(part.start, part.stop) if j != i])
    noise = NOISE_OF_MEDIAN * float(np.median(np.abs(points - predicted) / factor[:, None, None]))
    settled = points.copy()
    for i, others in enumerate(around):
        off = np.linalg.norm(points[i] - predicted[i], axis=1)
        suspects = off > OUTLIER * factor[i] * max(noise, 1e-6)
        if not suspects.any() or not others[1] < i < others[-2]:
            continue
        away = (times[others] - times[i]) / window
        powers = away[:, None] ** np.arange(min(3, len(others)))
        hat = powers @ np.linalg.pinv(powers)
        rest = points[others] - np.tensordot(hat, points[others], 1)
        freedom = max(1, len(others) - powers.shape[1])
        usual = np.sqrt((rest**2).sum(axis=(0, 2)) / freedom)
        alone = suspects & (off > LONELY * factor[i] * usual)
        settled[i, alone] = predicted[i, alone]
    return settled, noise


def _levels(answers: np.ndarray, spreads: np.ndarray, noise: float) -> np.ndarray:
    """Which window is right at each time, float [m]: 0 for the smallest; between two, both count.

    `answers` [w, m, d] and `spreads` [w, m] are those of the windows. The choice is for all coordinates together, and
    it changes gradually.
    """
    level, trusted = np.zeros(answers.shape[1]), np.ones(answers.shape[1], bool)
    for larger in range(1, len(answers)):
        for smaller in range(larger):
            apart = np.mean((answers[larger] - answers[smaller]) ** 2, axis=1)
            by_noise = np.maximum(spreads[smaller] ** 2 - spreads[larger] ** 2, 1e-3) * noise**2
            trusted &= apart <= AGREEMENT * by_noise
        level[trusted] = larger
    padded = np.pad(level, 2, mode="edge")
    least = np.min([padded[i : i + len(level)] for i in range(5)], axis=0)
    return np.convolve(np.pad(least, 2, mode="edge"), [1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9], mode="valid")
