"""The same weights in two networks: what makes the outputs of the plain and of the fast one comparable."""

import keras


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Gives every layer of `target` the weights of `source`'s layer of that name.

    Raises ValueError where one of them has a layer with weights that the other lacks.
    """
    ours, theirs = ({layer.name: layer for layer in m.layers if layer.weights} for m in (source, target))
    if ours.keys() != theirs.keys():
        raise ValueError(f"both must have the same layers. Received: {sorted(ours.keys() ^ theirs.keys())}")
    for name, layer in theirs.items():
        layer.set_weights(ours[name].get_weights())
