"""Pastes the swapped face into its target crop in training, as it will later be pasted into the target's picture.

What a swap puts at the crop's rim (forehead, hair, background) pleases the identity encoder, but it is thrown away when
the face is pasted back. If the encoder sees the pasted face, the identity has to lie in the part that stays. Likewise,
the encoder sees a covered face behind the target's own occluder.
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


def keep_occluder(visible: tf.Tensor, target: tf.Tensor, occluder: tf.Tensor) -> tf.Tensor:
    """Lays the occluders of the `target` crops [b, S, S, 3] over the `visible` faces that the encoder sees.

    `occluder` [b, S, S, 1] is 1 where they are. The identity that is asked for is that of the bare source. If the
    encoder saw the hand that the generator draws, its loss would fall with every feature painted over that hand. So it
    sees the target's hand: covered pixels get no gradient, and the identity has to lie in the rest of the face. IFSR
    compares two faces behind one occluder. What keeps the occluder is `losses.occluder`, reconstruction in self-swaps,
    and the discriminator, which sees occluders in real pictures too.
    """
    return visible + occluder * (target - visible)
