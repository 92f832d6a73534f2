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
    """Builds a generator G(target) → swapped face that gives what `generator` gives for this one identity.

    The layers that remain keep their names.

    Args:
        generator: a generator with target and identity as inputs; it stays as it is.
        identity: the raw embedding [W] of the source.
        arguments: the arguments of `build_generator` that `generator` was built with.

    Raises:
        ValueError: for an embedding of another shape.

    >>> plan = {"size_px": 64, "identity_width": 8, "base_filters": 4, "mapping_width": 8}
    >>> baked = bake_identity(build_generator(**plan), np.zeros(8, "float32"), **plan)
    >>> tuple(baked(np.zeros((1, 64, 64, 3), "float32")).shape)
    (1, 64, 64, 3)
    """
    width = generator.inputs[1].shape[-1]
    if np.shape(identity) != (width,):
        raise ValueError(f"`identity` must be one embedding [{width}]. Received: shape {np.shape(identity)}")
    norms = _norms_with_identity(generator, identity)
    baked = build_generator(**{**arguments, "identity_width": None})
    for layer in baked.layers:
        layer.set_weights(norms.get(layer.name) or generator.get_layer(layer.name).get_weights())
    return baked


def _norms_with_identity(generator: keras.Model, identity: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Computes gamma and beta [C] of every instance norm that applies AdaIN, by the norm's name."""
    norms = [layer for layer in generator.layers if isinstance(layer, InstanceNormalization)]
    modulations = {
        layer.name: layer.input[1:] for layer in norms if isinstance(layer.input, list)
    }  # scale, shift
    mapping = keras.Model(generator.inputs[1], modulations)
    weights = {}
    for norm, modulation in mapping(ops.convert_to_tensor(identity[None], "float32")).items():
        scale, shift = (ops.convert_to_numpy(tensor)[0] for tensor in modulation)
        gamma, beta = generator.get_layer(norm).get_weights()
        weights[norm] = [gamma * scale, beta * scale + shift]
    return weights
