"""The pasted face: the swapped crop as the target's picture will hold it.

What a swap puts at the crop's rim (forehead, hair, background) pleases the identity encoder and is thrown away when the
face is pasted back. Where the encoder sees it pasted, the identity has to lie in what stays.
"""

import numpy as np
import tensorflow as tf

from facedancer_tf.swapping.paste import face_mask


def paste_back(swapped: tf.Tensor, target: tf.Tensor, shrink: float) -> tf.Tensor:
    """Pastes the `swapped` crops [b, S, S, 3] into their `target` crops, by the mask that pastes them into pictures.

    shrink: the factor that the crops were aligned with.
    """
    pixels = np.arange(swapped.shape[1], dtype=np.float32)
    mask = face_mask(pixels[None, :], pixels[:, None], swapped.shape[1], shrink)
    return target + mask[..., None] * (swapped - target)
