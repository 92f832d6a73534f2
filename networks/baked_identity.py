"""One identity folded into a generator's weights: a network of one input, the target.

With a fixed identity, AdaIN's scale and shift are constants, and AdaIN after instance normalisation is one affine map
after another: (x̂ · gamma + beta) · scale + shift = x̂ · (gamma · scale) + (beta · scale + shift). So gamma and beta
take both, exactly, and the mapping network and AdaIN with its dense layers are gone.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from networks.generator import build_generator
from networks.layers import InstanceNormalization


def bake_identity(generator: keras.Model, identity: np.ndarray, **arguments: Any) -> keras.Model:
    """A generator G(target) → swapped that gives what `generator` gives for this one identity.

    identity: the raw embedding [W]. arguments: those of `build_generator` that `generator` was built with. The layers
    that are left keep their names. Raises ValueError for an embedding of another shape.
    """
    width = generator.inputs[1].shape[-1]
    if np.shape(identity) != (width,):
        raise ValueError(f"`identity` must be one embedding [{width}]. Received: shape {np.shape(identity)}")
    folded = _folded_norms(generator, identity)
    baked = build_generator(**{**arguments, "identity_width": None})
    for layer in baked.layers:
        layer.set_weights(folded.get(layer.name) or generator.get_layer(layer.name).get_weights())
    return baked


def _folded_norms(generator: keras.Model, identity: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Gamma and beta [C] of every instance norm that does AdaIN, by the norm's name."""
    norms = [layer for layer in generator.layers if isinstance(layer, InstanceNormalization)]
    modulations = {
        layer.name: layer.input[1:] for layer in norms if isinstance(layer.input, list)
    }  # scale, shift
    mapping = keras.Model(generator.inputs[1], modulations)
    folded = {}
    for norm, modulation in mapping(ops.convert_to_tensor(identity[None], "float32")).items():
        scale, shift = (ops.convert_to_numpy(tensor)[0] for tensor in modulation)
        gamma, beta = generator.get_layer(norm).get_weights()
        folded[norm] = [gamma * scale, beta * scale + shift]
    return folded
