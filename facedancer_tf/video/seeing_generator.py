"""A generator that also says where in each crop the face is seen: not covered by hair, and not beside the head.

AFFA's masks choose, place by place, between the target's features and those that carry the identity (paper, section
3.2; `networks.generator.tap_masks`). In a trained generator one of them is almost a drawing of the face: its mean over
channels has one level on the face and another one on hair and background. Which one, and which way round, differs from
model to model. So it is found with the five bundled photographs: the mask that parts best the middle of the face from
what lies around the paste's oval. Where none does, as in a generator without AFFA, the face counts as seen everywhere.

What lies in front of a face's middle, such as a hand, hardly shows in these masks: the generator itself keeps it, or
does not.

Crops are uint8 RGB [B, S, S, 3].
"""

import cv2
import keras
import numpy as np
import tensorflow as tf

from facedancer_tf.swapping.engine import Engine, as_crops, as_pictures
from facedancer_tf.swapping.paste import face_mask
from facedancer_tf.weights.identity_encoder import BATCH
from networks.generator import tap_masks

# Levels on the way from the face's (0) to its surroundings' (1) between which the face fades out. 5 in 100 places of an
# uncovered face lie above 0.34 (25 pictures).
SEEN, UNSEEN = 0.35, 0.8
LEAST_PARTED = 2.0  # distance of the two levels, in sums of their spreads, below which a mask parts nothing


class SeeingGenerator:
    """Swaps crops, and says where their faces are seen.

    `example_crops` are aligned crops of uncovered faces, and `example_identity` [W] is any raw embedding: with them the
    mask is chosen.
    """

    def __init__(self, engine: Engine, example_crops: np.ndarray, example_identity: np.ndarray) -> None:
        self._middle, self._around = _regions(engine.recipe.size_px, engine.recipe.shrink)
        masks = {name: mask for name, mask in tap_masks(engine.generator).output.items() if name != "swapped"}
        self.mask = self._best_mask(engine, masks, example_crops, example_identity)
        outputs = {"swapped": engine.generator.output}
        if self.mask is not None:
            outputs["mask"] = masks[self.mask]
        network = keras.Model(engine.generator.inputs, outputs)

        def swap(crops: tf.Tensor, identities: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            made = network([as_pictures(crops), identities], training=False)
            levels = made["mask"] if self.mask is not None else made["swapped"][:, :1, :1]
            return as_crops(made["swapped"]), keras.ops.cast(keras.ops.mean(levels, -1), "float32")

        target, identity = (tf.TensorSpec(shape, "float32") for shape in engine.generator.input_shape)
        crops = tf.TensorSpec(target.shape, tf.uint8)
        self._graph = tf.function(swap, autograph=False).get_concrete_function(crops, identity)

    def swap_crops(self, crops: np.ndarray, identities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Swaps `crops` with as many `identities` [B, W]: swapped crops, and where faces are seen, float32 [B, M, M].

        1 is seen, 0 is not. M is the mask's size, which covers the crop.
        """
        parts = [
            self._graph(
                tf.convert_to_tensor(crops[i : i + BATCH]), tf.convert_to_tensor(identities[i : i + BATCH])
            )
            for i in range(0, len(crops), BATCH)
        ]
        swapped, levels = (np.concatenate([part[i].numpy() for part in parts]) for i in (0, 1))
        if self.mask is None:
            return swapped, np.ones_like(levels)
        return swapped, np.stack([self._seen(level) for level in levels])

    def _seen(self, levels: np.ndarray) -> np.ndarray:
        """Where the face is seen [M, M], from the mask's levels in one crop; everywhere, if these part nothing."""
        face, around, spread = self._levels(levels)
        if abs(around - face) < spread:
            return np.ones_like(levels)
        unseen = np.clip(((levels - face) / (around - face) - SEEN) / (UNSEEN - SEEN), 0, 1)
        settled = np.asarray(cv2.medianBlur(unseen, 3))  # single places flicker
        return 1.0 - settled * settled * (3.0 - 2.0 * settled)

    def _levels(self, levels: np.ndarray) -> tuple[float, float, float]:
        """The mask's level in the middle of the face, that around it, and the sum of their spreads."""
        middle, around = (levels[_shrunk(region, len(levels))] for region in (self._middle, self._around))
        return float(np.median(middle)), float(np.median(around)), float(middle.std() + around.std())

    def _best_mask(
        self, engine: Engine, masks: dict[str, keras.KerasTensor], crops: np.ndarray, identity: np.ndarray
    ) -> str | None:
        """The name of the mask that parts the faces of `crops` best from what is around them, or None."""
        if not masks:
            return None
        network = keras.Model(engine.generator.inputs, masks)
        identities = keras.ops.tile(identity[None], (len(crops), 1))
        values = network([as_pictures(crops), identities], training=False)
        parted = {}
        for name, value in values.items():
            if value.shape[1] >= 16:  # a coarser one has too few places
                levels = [self._levels(one) for one in keras.ops.convert_to_numpy(value).mean(-1)]
                parted[name] = float(np.median([abs(b - a) / max(spread, 1e-6) for a, b, spread in levels]))
        best = max(parted, key=lambda name: parted[name], default=None)
        return best if best is not None and parted[best] >= LEAST_PARTED else None


def _regions(size_px: int, shrink: float) -> tuple[np.ndarray, np.ndarray]:
    """The middle of the face and what is around the paste's oval, in a crop: bool [S, S] each.

    Below the oval is the neck, skin too: it counts as neither.
    """
    y, x = np.mgrid[:size_px, :size_px].astype(np.float32)
    across, down = (x / size_px - 0.5) / shrink, (y / size_px - 0.5) / shrink
    middle = np.hypot(across / 0.26, (down - 0.1) / 0.24) < 1
    around = (face_mask(x, y, size_px, shrink) == 0) & (down < 0.4)
    return middle, around


def _shrunk(region: np.ndarray, size_px: int) -> np.ndarray:
    """A region bool [S, S] at another size: the nearest places."""
    places = ((np.arange(size_px) + 0.5) * len(region) / size_px).astype(int)
    return region[np.ix_(places, places)]
