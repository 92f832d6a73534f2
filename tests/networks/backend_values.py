"""Values and gradients of the networks and losses, on whichever backend Keras runs here.

    KERAS_BACKEND=jax python -m tests.networks.backend_values values.npz

The inputs and the weights are drawn by NumPy, so that two backends compute with the same numbers. The file holds, by
case, the output, the gradients of the inputs and, for networks, those of the weights.
"""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import ops

from losses.adversarial import discriminator_adversarial, generator_adversarial, per_sample_mean
from losses.cosine import cosine_distance
from losses.flagged import flagged_mean
from losses.gradient_penalty import r1_logit_sum, r1_penalty
from losses.identity import identity_contrast_loss, identity_loss
from losses.ifsr import ifsr_loss
from losses.occluder import occluder_loss
from losses.perceptual import perceptual_loss
from losses.reconstruction import absolute_error, cycle_loss, reconstruction_loss
from networks.blocks import FUSIONS
from networks.discriminator import build_image_discriminator, build_patch_discriminator
from networks.encoders import ENCODERS, prepare_pictures
from networks.generator import build_generator
from networks.layers import PReLU

Function = Callable[..., Any]


def output_and_slopes(function: Function, total: Function, values: list) -> tuple[Any, tuple]:
    """`function(*values)` and the gradients of the scalar `total` of it with respect to every value."""
    if keras.backend.backend() == "jax":
        import jax

        def total_and_output(*values: Any) -> tuple:
            out = function(*values)
            return total(out), out

        everything = tuple(range(len(values)))
        slopes, out = jax.grad(total_and_output, argnums=everything, has_aux=True)(*values)
        return out, slopes
    import tensorflow as tf

    values = [tf.convert_to_tensor(value) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(values)
        out = function(*values)
        result = total(out)
    return out, tuple(tape.gradient(result, values, unconnected_gradients="zero"))


def compiled(function: Function) -> Function:
    if keras.backend.backend() == "jax":
        import jax

        return jax.jit(function)
    import tensorflow as tf

    return tf.function(function, autograph=False)


def output_and_gradients(function: Function, *values: np.ndarray) -> list[np.ndarray]:
    """The output of `function` and the gradients of the sum of its values, each times a fixed random factor."""

    def total(out: Any) -> Any:
        factors = np.random.default_rng(1).standard_normal(tuple(out.shape)).astype("float32")
        return ops.sum(factors * out)

    out, slopes = compiled(lambda *x: output_and_slopes(function, total, list(x)))(*values)
    return [ops.convert_to_numpy(value) for value in (out, *slopes)]


def drawn_weights(model: keras.Model) -> list[np.ndarray]:
    """Random weights that keep features near 1: gammas about 1, vectors about 0, kernels by their inputs."""
    rng, weights = np.random.default_rng(2), []
    for variable in model.weights:
        value = rng.standard_normal(variable.shape).astype("float32")
        if variable.name == "gamma":
            weights.append(1 + 0.1 * value)
        else:
            weights.append(0.1 * value if value.ndim == 1 else value / np.sqrt(np.prod(value.shape[:-1])))
    return weights


def network_function(model: keras.Model, training: bool) -> Function:
    """The model as a function of its inputs, then its weights."""

    def function(*values: Any) -> Any:
        count = len(model.inputs)
        inputs = list(values[:count]) if count > 1 else values[0]
        return model.stateless_call(list(values[count:]), [], inputs, training=training)[0]

    return function


def of_network(model: keras.Model, *inputs: np.ndarray) -> list[np.ndarray]:
    return output_and_gradients(network_function(model, training=True), *inputs, *drawn_weights(model))


def of_r1(model: keras.Model, pictures: np.ndarray) -> list[np.ndarray]:
    """R1 and its gradients, for which a backend differentiates every layer twice."""
    logits = network_function(model, training=True)

    def function(pictures: Any, *weights: Any) -> Any:
        def total(x: Any) -> Any:
            return r1_logit_sum(logits(x, *weights))

        return r1_penalty(output_and_slopes(total, ops.sum, [pictures])[1][0])

    return output_and_gradients(function, pictures, *drawn_weights(model))


def network_cases() -> Iterator[tuple[str, list[np.ndarray]]]:
    rng = np.random.default_rng(0)
    target = rng.uniform(-1, 1, (2, 64, 64, 3)).astype("float32")
    identity = rng.standard_normal((2, 8)).astype("float32")
    generator = build_generator(64, 8, 4, FUSIONS, mapping_depth=2, mapping_width=16)
    yield "generator", of_network(generator, target, identity)
    patch, image = build_patch_discriminator(64, 4), build_image_discriminator(64, 4)
    yield "patch discriminator", of_network(patch, target)
    yield "image discriminator", of_network(image, target)
    yield "R1", of_r1(patch, target)
    features = keras.Input((6, 5, 4))
    values = rng.standard_normal((2, 6, 5, 4)).astype("float32")
    yield "PReLU", of_network(keras.Model(features, PReLU()(features)), values)
    sface = partial(prepare_pictures, ENCODERS["sface"], shrink=0.8)
    yield "pictures for SFace", output_and_gradients(sface, target)


def loss_cases() -> Iterator[tuple[str, list[np.ndarray]]]:
    """Every public function of `losses`, by its name."""
    rng = np.random.default_rng(3)
    a, b = (rng.uniform(-1, 1, (2, 8, 8, 3)).astype("float32") for _ in range(2))
    x, y, z = (rng.standard_normal((2, 16)).astype("float32") for _ in range(3))
    self_swap = np.array([1, 0], "float32")
    covered = rng.uniform(0, 1, (2, 8, 8, 1)).astype("float32")
    cases: dict[str, tuple[Function, tuple[np.ndarray, ...]]] = {
        "per_sample_mean": (per_sample_mean, (a,)),
        "generator_adversarial": (generator_adversarial, (a,)),
        "discriminator_adversarial": (discriminator_adversarial, (a, b)),
        "r1_logit_sum": (r1_logit_sum, (a,)),
        "r1_penalty": (r1_penalty, (a,)),
        "cosine_distance": (cosine_distance, (a, b)),
        "identity_loss": (identity_loss, (x, y)),
        "identity_contrast_loss": (identity_contrast_loss, (x, y, z)),
        "ifsr_loss": (lambda a, b: ifsr_loss({"block": a}, {"block": b}, {"block": 0.1}), (a, b)),
        "flagged_mean": (lambda errors: flagged_mean(errors, self_swap, 2), (x[:, 0],)),
        "reconstruction_loss": (lambda a, b: reconstruction_loss(a, b, self_swap, 2), (a, b)),
        "absolute_error": (absolute_error, (a, b)),
        "cycle_loss": (cycle_loss, (a, b)),
        "occluder_loss": (lambda a, b: occluder_loss(a, b, covered), (a, b)),
        "perceptual_loss": (lambda a, b: perceptual_loss([a], [b], self_swap, 2), (a, b)),
    }
    for name, (function, values) in cases.items():
        yield name, output_and_gradients(function, *values)


def all_values() -> dict[str, np.ndarray]:
    """Every array by "case/number": the output is number 0."""
    cases = (*network_cases(), *loss_cases())
    return {f"{case}/{i}": value for case, values in cases for i, value in enumerate(values)}


if __name__ == "__main__":
    np.savez(sys.argv[1], allow_pickle=False, **all_values())
