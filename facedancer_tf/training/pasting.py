"""Pastes the swapped face into its target crop in training, as it will later be pasted into the target's picture.

What a swap puts at the crop's rim (forehead, hair, background) pleases the identity encoder, but it is thrown away when
the face is pasted back. If the encoder sees the pasted face, the identity has to lie in the part that stays.
"""

import numpy as np
import tensorflow as tf

from facedancer_tf.swapping.paste import face_mask


def paste_back(swapped: tf.Tensor, target: tf.Tensor, shrink: float) -> tf.Tensor:
    """Pastes the `swapped` crops [b, S, S, 3] into their `target` crops, with the mask that pastes faces into pictures.

    `shrink` is the factor that the crops were aligned with.
    """
    pixels = np.arange(swapped.shape[1], dtype=np.float32)
    mask = face_mask(pixels[None, :], pixels[:, None], swapped.shape[1], shrink)
    return target + mask[..., None] * (swapped - target)
