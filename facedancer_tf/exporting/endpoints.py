"""The functions of an exported model, whatever its format: tensor functions with named inputs and outputs.

`target` and `source` are uint8 RGB crops [B, S, S, 3] and [B, 112, 112, 3], `identity` is float32 [B, W], `swapped`
uint8 [B, S, S, 3]. The batch size is free; a source or an identity of batch 1 serves a whole batch of targets. The
functions round and clip themselves.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import keras
import numpy as np
import tensorflow as tf

from facedancer_tf.swapping.engine import Engine, as_crops, as_pictures

# The endpoints of a model that was written and loaded again: by name, functions of arrays by name.
Exported: TypeAlias = Mapping[str, Callable[..., dict[str, np.ndarray]]]


@dataclass(frozen=True)
class Endpoint:
    """One function of an exported model.

    inputs: in the function's order, each with the name of its argument. function: returns its tensors by name. network:
    the network that it runs, None if it runs two. low, high, channel_order: how that network reads crops (0 → low,
    255 → high).
    """

    name: str
    inputs: tuple[tf.TensorSpec, ...]
    function: Callable[..., dict[str, tf.Tensor]]
    network: keras.Model | None
    low: float = -1.0
    high: float = 1.0
    channel_order: str = "RGB"


def two_input_endpoints(engine: Engine, joined: bool) -> list[Endpoint]:
    """`swap_with_embedding` (target, identity) and `embed` (source); with `joined` also `swap` (target, source).

    `swap` runs both networks. In a format whose endpoints do not share weights, it would store all weights once more.
    """
    target, reads = _target(engine), engine.encoder.description
    source = tf.TensorSpec((None, reads.size_px, reads.size_px, 3), tf.uint8, name="source")
    identity = tf.TensorSpec((None, reads.width), tf.float32, name="identity")
    endpoints = [
        Endpoint(
            "swap_with_embedding",
            (target, identity),
            lambda target, identity: {"swapped": engine.swap(target, identity)},
            engine.generator,
        ),
        Endpoint(
            "embed",
            (source,),
            lambda source: {"identity": engine.encoder.embed(source)},
            engine.encoder.network,
            reads.low,
            reads.high,
            reads.channel_order,
        ),
    ]
    if joined:
        endpoints.append(
            Endpoint(
                "swap",
                (target, source),
                lambda target, source: {"swapped": engine.swap(target, engine.encoder.embed(source))},
                None,
            )
        )
    return endpoints


def baked_endpoints(engine: Engine, baked: keras.Model) -> list[Endpoint]:
    """`swap` (target) with `baked`, a generator with one input (see networks/baked_identity.py)."""
    return [
        Endpoint(
            "swap",
            (_target(engine),),
            lambda target: {"swapped": as_crops(baked(as_pictures(target), training=False))},
            baked,
        )
    ]


def _target(engine: Engine) -> tf.TensorSpec:
    size_px = engine.recipe.size_px
    return tf.TensorSpec((None, size_px, size_px, 3), tf.uint8, name="target")
