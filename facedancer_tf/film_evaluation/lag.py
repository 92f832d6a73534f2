"""Measures by how many frames a swapped face follows its target late, by cross-correlation of how both move."""

import numpy as np

REACH = 8  # frames, to either side
CORRELATED = 0.5  # below, the motion is mostly noise
SURE_FRAMES = 0.3  # a lag whose standard error is larger says nothing


def lag_frames(target: np.ndarray, swapped: np.ndarray, reach: int = REACH) -> float | None:
    """By how many frames `swapped` is later than `target`, both [frames, channels]; negative where it is earlier.

    Constant offsets do not count, and channels count as much as they move beyond their noise. Rows with NaN are left
    out. The peak of the correlation is placed between frames by a parabola, to a tenth of a frame. None where that says
    nothing: the film is too short, what moves is noise, or the motion is so even that a lag looks like an offset.
    """
    reach = min(reach, len(target) // 3)
    if reach < 2:
        return None
    ours, theirs = (series / _noise(target, swapped) for series in (target, swapped))
    correlations = np.array([_correlation(ours, theirs, lag) for lag in range(-reach, reach + 1)])
    peak = int(np.argmax(correlations))
    if correlations[peak] < CORRELATED or _standard_error(ours, correlations[peak]) > SURE_FRAMES:
        return None
    lag = float(peak - reach)
    if 0 < peak < 2 * reach:
        left, middle, right = correlations[peak - 1 : peak + 2]
        bend = left - 2 * middle + right
        lag += 0.5 * (left - right) / bend if bend else 0.0
    return round(float(lag), 1) + 0.0  # no -0.0


def _correlation(ours: np.ndarray, theirs: np.ndarray, lag: int) -> float:
    """Correlation of `ours` with what `theirs` does `lag` frames later, over all channels at once; -1 if undefined."""
    count = len(ours) - abs(lag)
    one, other = ours[max(0, -lag) :][:count], theirs[max(0, lag) :][:count]
    both = ~(np.isnan(one) | np.isnan(other)).any(axis=1)
    if both.sum() < 3:
        return -1.0
    one, other = one[both] - one[both].mean(axis=0), other[both] - other[both].mean(axis=0)
    strength = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / strength) if strength > 0 else -1.0


def _noise(*films: np.ndarray) -> np.ndarray:
    """The noise of each channel [channels], from second differences in time; 1 where there is none."""
    bends = np.concatenate([series[2:] - 2 * series[1:-1] + series[:-2] for series in films])
    bends = bends[~np.isnan(bends).any(axis=1)]
    noise = np.sqrt((bends**2).mean(axis=0) / 6) if len(bends) else np.zeros(bends.shape[1])
    return np.where(noise > 0, noise, 1.0)


def _standard_error(series: np.ndarray, correlation: float) -> float:
    """How far off the lag may be, in frames: noise, over how much the speed changes, over the square root of frames.

    This is the Cramér-Rao bound of a delay beside an unknown offset. Speed is taken over four frames, against noise.
    """
    known = series[~np.isnan(series).any(axis=1)]
    speed = (series[4:] - series[:-4]) / 4
    speed = speed[~np.isnan(speed).any(axis=1)]
    change = speed.var(axis=0).sum() if len(speed) else 0.0
    noise = max(0.0, 1 - correlation**2) * known.var(axis=0).sum()
    return float(np.sqrt(noise / (len(speed) * change))) if change > 0 else np.inf
