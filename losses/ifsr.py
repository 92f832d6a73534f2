"""Interpreted Feature Similarity Regularization (paper, section 3.4; docs/method.md, section 5).

Deep layers of an identity encoder tell people apart; shallower layers also carry pose, expression and occlusion. IFSR
pulls the swapped face's intermediate features towards the *target's*, but only until their distance is within a margin
per block, so that the identity can still change.
"""

from collections.abc import Mapping

import keras
from keras import ops

from losses import BatchMean
from losses.cosine import cosine_distance

RELEASED_SCALE = 1.2


def ifsr_loss(
    target_features: Mapping[str, keras.KerasTensor],
    swapped_features: Mapping[str, keras.KerasTensor],
    margins: Mapping[str, float],
    scale: float = RELEASED_SCALE,
    weights: Mapping[str, float] | None = None,
    batch_mean: BatchMean = ops.mean,
) -> keras.KerasTensor:
    """Computes Σ_i w_i · max(0, mean_batch(1 − cos(F_i(X_t), F_i(X_c))) − s·m_i).

    The hinge acts on the mean of the batch, as released: a block whose mean distance lies below its margin gives no
    gradient at all. No gradient flows to the target's features.

    Args:
        target_features: the encoder's features of the target, `[B, …]` by block name.
        swapped_features: the same of the swapped face. Blocks without a margin are not read.
        margins: m_i, the mean distance that each block is allowed. Margins belong to one encoder.
        scale: s, the factor of all margins.
        weights: w_i by block name; 1 for a block that it does not name.
        batch_mean: mean over the global batch, see `losses`.

    Returns:
        Scalar.

    Raises:
        ValueError: if a block with a margin is missing from the features.
    """
    missing = [block for block in margins if block not in target_features or block not in swapped_features]
    if missing:
        raise ValueError(f"Every block with a margin needs features. Received none for: {', '.join(missing)}")
    total = ops.zeros((), dtype="float32")
    for block, margin in margins.items():
        distance = cosine_distance(ops.stop_gradient(target_features[block]), swapped_features[block])  # [B]
        weight = 1.0 if weights is None else weights.get(block, 1.0)
        total = total + weight * ops.maximum(batch_mean(distance) - scale * margin, 0.0)
    return total
