"""Validates on held-out pictures while training: does the identity move, and does the picture stay?

It gives figures, and pictures to look at. Pictures are NHWC, RGB, [-1, 1]. The figures come from the encoder that also
trains the generator, so they help to steer a run and to compare its steps; they are no evaluation, which needs an
independent encoder.
"""

import cv2
import keras
import numpy as np
import tensorflow as tf

from facedancer_tf.swapping.drawing import draw_heads
from facedancer_tf.training.models import Models
from losses.cosine import cosine_distance
from networks.generator import tap_masks

GRID_ROWS = 6
# Means over pairs of different people lie below it, by the encoders that are known here; views of one person above.
SAME_PERSON = 0.5


class Validation:
    """Runs a fixed set of held-out pairs through the averaged generator.

    Args:
        models: the run's networks.
        batches: the pipeline's batches (held-out split, no augmentation), which are read once and then kept.
    """

    def __init__(self, models: Models, batches: tf.data.Dataset) -> None:
        self.models = models
        self.batches = [
            {name: value for name, value in batch.items() if name != "sample"} for batch in batches
        ]
        self.with_masks = tap_masks(models.averaged)
        self.measure = tf.function(self._measure, autograph=False)

    def embed(self, pictures: tf.Tensor) -> tf.Tensor:
        return self.models.faces(pictures)["embedding"]

    def _measure(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        source, target = self.embed(batch["source"]), self.embed(batch["target"])
        swapped = self.embed(tf.clip_by_value(self.models.averaged([batch["target"], source]), -1.0, 1.0))
        itself = tf.clip_by_value(self.models.averaged([batch["target"], target]), -1.0, 1.0)
        return {
            "similarity_to_source": 1.0 - cosine_distance(source, swapped),
            "similarity_to_target": 1.0 - cosine_distance(target, swapped),
            "source_to_target": 1.0 - cosine_distance(source, target),
            "self_swap_psnr_db": tf.image.psnr(itself, batch["target"], max_val=2.0),
        }

    def scalars(self) -> dict[str, float]:
        """Computes means over the held-out set: cosine similarities of the pairs, and the PSNR of self-swaps in dB.

        A self-swap is a target swapped with itself. `source_to_target` is the `similarity_to_source` that a mere copy
        of the target would have.
        """
        parts = [
            {name: value.numpy() for name, value in self.measure(batch).items()} for batch in self.batches
        ]
        return {name: float(np.concatenate([part[name] for part in parts]).mean()) for name in parts[0]}

    def grid(self) -> np.ndarray:
        """Draws rows of source | target | swapped | reconstruction | masks, with heads, uint8 `[H, columns·S, 3]`.

        A mask is shown as the mean over its channels: white takes the identity-conditioned feature, and black takes the
        target's feature.
        """
        batch = {name: value[:GRID_ROWS] for name, value in self.batches[0].items()}
        out = self.with_masks([batch["target"], self.embed(batch["source"])])
        itself = self.models.averaged([batch["target"], self.embed(batch["target"])])
        columns = [_to_uint8(p) for p in (batch["source"], batch["target"], out["swapped"], itself)]
        heads = ["source", "target", "swapped", "reconstruction"]
        size_px = columns[0].shape[1]
        for name in sorted((name for name in out if name != "swapped"), key=lambda name: out[name].shape[1]):
            mask = keras.ops.convert_to_numpy(keras.ops.mean(keras.ops.cast(out[name], "float32"), axis=-1))
            large = [cv2.resize(m, (size_px, size_px), interpolation=cv2.INTER_NEAREST) for m in mask]
            heads.append(f"mask {mask.shape[1]} px")
            columns.append(np.repeat((np.stack(large) * 255 + 0.5).astype(np.uint8)[..., None], 3, axis=-1))
        rows = np.concatenate([np.concatenate(list(column), axis=0) for column in columns], axis=1)
        return draw_heads(rows, heads)


def doubt(scalars: dict[str, float]) -> str | None:
    """A sentence where the held-out figures mean nothing, because sources and targets show the same people."""
    alike = scalars["source_to_target"]
    if alike < SAME_PERSON:
        return None
    return (
        f"held-out sources are the same people as their targets (cosine {alike:.2f}), so similarity_to_source says "
        "nothing about swapping: hold out several people"
    )


def _to_uint8(pictures: tf.Tensor) -> np.ndarray:
    return np.clip(np.asarray(pictures) * 127.5 + 128.0, 0, 255).astype(np.uint8)
