"""Groups tracklets into people over a whole film, by their embeddings alone, whatever cuts lie between them."""

import numpy as np

from facedancer_tf.swapping.identity import SAME_PERSON


def group_people(totals: np.ndarray, looks: np.ndarray, spans: np.ndarray) -> list[list[int]]:
    """Joins tracklets until no two groups look like one person; returns the indices of each group.

    totals: sums of unit embeddings, float [n, W]. looks: how many these are, [n]. spans: first and last frame, int
    [n, 2]. Average linkage: two groups are as alike as all pairs of their embeddings on average, which is the scale of
    SAME_PERSON. Two tracklets that are there at once are never one person, nor are the groups that they are in. In each
    round all pairs join that are each other's nearest, which gives what joining the nearest pair one by one would.
    """
    count = len(totals)
    members = [[index] for index in range(count)]
    means = totals / np.maximum(looks, 1)[:, None]
    weights = np.asarray(looks, np.float64).copy()
    apart = (spans[:, None, 0] <= spans[None, :, 1]) & (spans[None, :, 0] <= spans[:, None, 1])
    alive = np.arange(count)
    while len(alive) > 1:
        likeness = means[alive] @ means[alive].T
        likeness[apart[np.ix_(alive, alive)]] = -np.inf  # itself too
        nearest = likeness.argmax(axis=1)
        rows = np.arange(len(alive))
        mutual = (nearest[nearest] == rows) & (rows < nearest) & (likeness[rows, nearest] >= SAME_PERSON)
        if not mutual.any():
            break
        gone = []
        for one, other in zip(alive[rows[mutual]], alive[nearest[mutual]], strict=True):
            whole = weights[one] + weights[other]
            means[one] = (weights[one] * means[one] + weights[other] * means[other]) / whole
            weights[one] = whole
            apart[one] |= apart[other]
            apart[:, one] |= apart[:, other]
            members[one] += members[other]
            gone.append(other)
        alive = np.setdiff1d(alive, gone)
    return [members[index] for index in alive]
