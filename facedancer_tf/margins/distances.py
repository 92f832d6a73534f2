"""Measures feature distances per block of an encoder: one number for each sample and kind."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from facedancer_tf.errors import UserError
from facedancer_tf.margins.samples import BATCH, EMBEDDING, Distances, Samples
from facedancer_tf.weights.identity_encoder import Encoder
from losses.cosine import cosine_distance
from networks.encoders import prepare_pictures, tap_encoder


def candidate_blocks(encoder: Encoder, names: Sequence[str]) -> list[str]:
    """The blocks to measure, from deep to shallow.

    names: of blocks; the encoder's own blocks for IFSR if empty, every block if "all". A block is a layer called
    `…_out`. Raises UserError for a name that is no block; the message lists the blocks.
    """
    every = [layer.name for layer in encoder.network.layers if layer.name.endswith("_out")][::-1]
    if not names:
        return list(encoder.description.ifsr_blocks)
    if list(names) == ["all"]:
        return every
    unknown = [name for name in names if name not in every]
    if unknown:
        raise UserError(
            f"{encoder.description.name} has no block {', '.join(unknown)}; its blocks are {', '.join(every)}"
        )
    return [name for name in every if name in names]


def measure_distances(encoder: Encoder, blocks: Sequence[str], samples: Samples) -> Distances:
    """Measures 1 − cos, float32 [N] in [0, 2], by block and kind, in the order of the samples; "embedding" is last.

    The encoder sees the pictures as in training: resized from the aligned crop, or from its middle where the crop was
    made with a shrink.
    """
    tapped = tap_encoder(encoder.network, blocks)

    def measure(pictures: dict[str, tf.Tensor]) -> dict[str, dict[str, tf.Tensor]]:
        features = {
            role: tapped(prepare_pictures(encoder.description, batch, samples.shrink), training=False)
            for role, batch in pictures.items()
        }
        return {
            block: {kind: cosine_distance(features[a][block], features[b][block]) for kind, (a, b) in kinds}
            for block in [*blocks, EMBEDDING]
        }

    kinds = list(samples.kinds.items())
    graph = tf.function(measure, autograph=False, reduce_retracing=True)
    parts: dict[str, dict[str, list[np.ndarray]]] = {
        block: {kind: [] for kind, _ in kinds} for block in [*blocks, EMBEDDING]
    }
    with tqdm(total=len(samples.groups), unit="sample", disable=None) as bar:
        for batch in samples.batches():
            count = len(next(iter(batch.values())))
            # The last batch is filled with copies, so that one graph serves all batches.
            full = {
                role: tf.constant(np.concatenate([p, p[:1].repeat(BATCH - count, 0)]))
                for role, p in batch.items()
            }
            for block, by_kind in graph(full).items():
                for kind, distance in by_kind.items():
                    parts[block][kind].append(keras.ops.convert_to_numpy(distance)[:count])
            bar.update(count)
    return {b: {k: np.concatenate(v) for k, v in of_kind.items()} for b, of_kind in parts.items()}
