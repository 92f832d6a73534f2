"""Shows what AFFA's gates choose for one face: the target's features, or those that carry the source's identity."""

from weakref import WeakKeyDictionary

import keras
import numpy as np

from data.faces.face import Face
from facedancer_tf.swapping.engine import Engine, as_pictures
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.swapper import Swapper
from networks.generator import tap_masks

_TAPPED: WeakKeyDictionary[Engine, keras.Model] = WeakKeyDictionary()


def affa_masks(
    swapper: Swapper, picture: np.ndarray, face: Face, identity: Identity
) -> dict[int, np.ndarray]:
    """The masks of `face`, uint8 [M, M] by their size M, as the mean over their channels; none without AFFA.

    White takes the feature that carries the identity, black the target's. Of several gates of one size the last is
    shown, which is the product of the others in `do_affa`.
    """
    crop, _ = swapper.cut(picture, face)
    inputs = [as_pictures(crop[None]), keras.ops.convert_to_tensor(identity.embedding[None])]
    outputs = _tapped(swapper.engine)(inputs, training=False)
    masks = [keras.ops.convert_to_numpy(outputs[name])[0] for name in outputs if name != "swapped"]
    return {len(mask): np.round(mask.mean(axis=-1) * 255).astype(np.uint8) for mask in masks}


def _tapped(engine: Engine) -> keras.Model:
    """The generator with its masks, built once."""
    if engine not in _TAPPED:
        _TAPPED[engine] = tap_masks(engine.generator)
    return _TAPPED[engine]
