"""Every fused layer, and both whole networks, against the plain operations that they stand for: values, gradients."""

from contextlib import contextmanager

import keras
import numpy as np
import pytest
import tensorflow as tf

from benchmarks.weights import copy_weights
from facedancer_tf.graphs.graph import match
from facedancer_tf.graphs.keras_layers import model_graph
from networks import reference
from networks.blocks import FUSIONS, identity_block
from networks.discriminator import build_image_discriminator, build_patch_discriminator
from networks.generator import RELEASED_FUSION, build_generator
from networks.instance_norm import normalise
from networks.layers import (
    InstanceNormalization,
    MaskConv2D,
    PictureConv2D,
    PooledConv2D,
    PReLU,
    UpsampledSum,
)
from networks.reference import (
    build_reference_generator,
    build_reference_image_discriminator,
    build_reference_patch_discriminator,
)

rng = np.random.default_rng(0)


def picture(*shape, mean=0.0):
    return (mean + rng.standard_normal(shape)).astype("float32")


def randomise(*models_alike):
    """The same random weights for all, biases and gammas too: at 0 and 1 they would hide what is done with them."""
    first, *others = models_alike
    first.set_weights([value + 0.1 * picture(*value.shape) for value in first.get_weights()])
    for other in others:
        copy_weights(first, other)


@contextmanager
def dtype_policy(name):
    """Keras' global dtype policy, which the reference computes in, for a while."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def values_and_gradients(function, variables, inputs):
    """What `function` gives and, for a fixed random sum of it, the gradients of inputs and variables."""
    inputs = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        out = function(*inputs)
        total = tf.reduce_sum(
            out * tf.constant(np.random.default_rng(1).standard_normal(out.shape), out.dtype)
        )
    gradients = tape.gradient(total, [*inputs, *[variable.value for variable in variables]])
    return [np.asarray(value) for value in (out, *gradients)]


def assert_equal(fast, plain, tolerance):
    for one, other in zip(fast, plain, strict=True):
        assert np.abs(one - other).max() <= tolerance * np.abs(other).max()


@pytest.mark.parametrize(
    ("fused", "after"),
    [
        (PooledConv2D(5, 3, padding="same"), keras.layers.AveragePooling2D(2)),
        (PooledConv2D(5, 1, padding="same"), keras.layers.AveragePooling2D(2)),
        (PictureConv2D(3, 3, padding="same"), None),
        (PictureConv2D(3, 1, padding="same"), None),
        (MaskConv2D(5, 1), keras.layers.Activation("sigmoid")),
    ],
)
@pytest.mark.parametrize("shape", [(2, 8, 8, 4), (1, 12, 4, 3)])
def test_convolutions(fused, after, shape):
    fused = type(fused).from_config(fused.get_config())
    plain = keras.layers.Conv2D(fused.filters, fused.kernel_size, padding="same")
    x = picture(*shape)
    fused.build(shape)
    plain.build(shape)
    fused.set_weights([picture(*w.shape) for w in fused.weights])
    plain.set_weights(fused.get_weights())
    assert fused.compute_output_shape(shape) == tuple(fused(x).shape)
    fast = values_and_gradients(fused, fused.weights, [x])
    slow = values_and_gradients(lambda y: after(plain(y)) if after else plain(y), plain.weights, [x])
    assert_equal(fast, slow, 1e-5)


def test_gamma_and_beta_are_not_rounded_in_mixed_bfloat16():
    x = tf.constant(picture(2, 6, 6, 3))  # float32, so that nothing but the result need be rounded
    layer, exact = InstanceNormalization(dtype="mixed_bfloat16"), InstanceNormalization()
    for norm in (layer, exact):
        norm.build(x.shape)
        norm.set_weights([np.full(3, 1 + 2**-9, "float32"), np.full(3, 2**-12, "float32")])
    np.testing.assert_array_equal(layer(x, training=True), tf.cast(exact(x, training=True), "bfloat16"))


def test_second_derivatives_of_the_normalisation_by_differences():
    # Where a skip path goes round it the gradient is no longer free of a mean, which `tf.nn.moments` forgets.
    x, weights = picture(1, 4, 4, 2, mean=0.5), picture(1, 4, 4, 2)
    factor, summand = tf.ones((1, 1, 1, 2)), tf.zeros((1, 1, 1, 2))

    def penalty_and_gradient(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                total = tf.reduce_sum(weights * (x + normalise(x, factor, summand, 1e-3)))
            penalty = tf.reduce_sum(tf.square(inner.gradient(total, x)))
        return float(penalty), outer.gradient(penalty, x).numpy()

    direction = picture(*x.shape)
    step = 1e-2
    ahead, behind = (penalty_and_gradient(tf.constant(x + s * step * direction))[0] for s in (1, -1))
    along = np.sum(penalty_and_gradient(tf.constant(x))[1] * direction)
    assert along == pytest.approx((ahead - behind) / (2 * step), rel=2e-3)


def test_upsampled_sum():
    a, b, double = (
        picture(2, 4, 6, 3),
        picture(2, 4, 6, 3),
        keras.layers.UpSampling2D(2, interpolation="bilinear"),
    )
    fast = values_and_gradients(lambda x, y: UpsampledSum()([x, y]), [], [a, b])
    assert_equal(fast, values_and_gradients(lambda x, y: double(x) + double(y), [], [a, b]), 1e-5)


@pytest.mark.parametrize("batch", [1, 3])
def test_normalisation_with_adain_and_leaky(batch):
    x, scale, shift = picture(batch, 6, 10, 4, mean=0.5), picture(batch, 4), picture(batch, 4)
    fused, norm = InstanceNormalization(0.2), reference.InstanceNormalization()
    adain, leaky = reference.AdaIN(), keras.layers.LeakyReLU(0.2)
    norm.build(x.shape)
    fused.build([x.shape, scale.shape, shift.shape])
    fused.set_weights([picture(4), picture(4)])
    norm.set_weights(fused.get_weights())
    fast = values_and_gradients(lambda *y: fused([*y]), fused.weights, [x, scale, shift])
    plain = values_and_gradients(
        lambda y, a, b: leaky(adain([norm(y), a, b])), norm.weights, [x, scale, shift]
    )
    assert_equal(fast, plain, 1e-5)


@pytest.mark.parametrize(("dtype", "mean", "tolerance"), [("float32", 30.0, 1e-4), ("bfloat16", 3.0, 0.04)])
def test_statistics_stand_a_large_mean(dtype, mean, tolerance):
    x, plain = tf.cast(picture(2, 64, 64, 3, mean=mean), dtype), reference.InstanceNormalization()
    policy = "mixed_bfloat16" if dtype == "bfloat16" else dtype
    ours = InstanceNormalization(dtype=policy)(x)
    np.testing.assert_allclose(tf.cast(ours, "float32"), plain(x), atol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_normalisation_of_a_constant_channel_is_its_beta(dtype):
    x = tf.fill((2, 32, 32, 3), tf.constant(7.75, dtype))
    np.testing.assert_allclose(tf.cast(InstanceNormalization(dtype=dtype)(x), "float32"), 0, atol=1e-3)


@pytest.mark.parametrize("fusion", [RELEASED_FUSION, FUSIONS, FUSIONS[::-1]])
def test_generator_is_the_reference(fusion):
    arguments = {"size_px": 64, "identity_width": 8, "base_filters": 4, "fusion": fusion, "mapping_depth": 2,
                 "mapping_width": 16}  # fmt: skip
    keras.utils.set_random_seed(0)
    plain, fast = build_reference_generator(**arguments), build_generator(**arguments)
    randomise(plain, fast)
    assert plain.count_params() == fast.count_params()
    inputs = [picture(2, 64, 64, 3), picture(2, 8)]
    for training in (False, True):
        ours, theirs = (
            values_and_gradients(lambda *x, m=m, t=training: m([*x], training=t), [], inputs)
            for m in (fast, plain)
        )
        assert_equal(ours[:1], theirs[:1], 1e-4)
        for one, other in zip(
            ours[1:], theirs[1:], strict=True
        ):  # at LeakyReLU's kink single values may differ
            assert np.linalg.norm(one - other) <= 0.02 * np.linalg.norm(other)
    assert (
        match(model_graph(fast), model_graph(plain)).keys()
        == match(model_graph(plain), model_graph(fast)).keys()
    )


def second_gradients(model, x):
    """Logits, their gradient, R1's square of it, and what R1 does to every kernel, by layer name."""
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            logits = model(x, training=True)
            total = tf.reduce_sum(logits)
        of_picture = inner.gradient(total, x)
        penalty = tf.reduce_sum(tf.square(of_picture))
    layers = sorted((layer for layer in model.layers if layer.weights), key=lambda layer: layer.name)
    of_kernels = outer.gradient(penalty, [layer.weights[0].value for layer in layers])
    return [np.asarray(value) for value in (logits, of_picture, penalty, *of_kernels)]


@pytest.mark.parametrize(
    ("build_plain", "build_fast"),
    [
        (build_reference_image_discriminator, build_image_discriminator),
        (build_reference_patch_discriminator, build_patch_discriminator),
    ],
)
def test_discriminator_is_the_reference_up_to_second_gradients(build_plain, build_fast):
    keras.utils.set_random_seed(0)
    plain, fast = build_plain(64, 4), build_fast(64, 4)
    randomise(plain, fast)
    assert (
        match(model_graph(fast), model_graph(plain)).keys()
        == match(model_graph(plain), model_graph(fast)).keys()
    )
    x = tf.constant(picture(2, 64, 64, 3))
    fast_values, plain_values = (second_gradients(model, x) for model in (fast, plain))
    assert_equal(fast_values, plain_values, 1e-3)


def test_losses_and_gradients_through_both_networks_in_float64():
    """Adversarial loss, cycle, R1: what float32 rounds apart (LeakyReLU's kinks make much of it) is the same."""
    with dtype_policy("float64"):
        plain = (
            build_reference_generator(64, 16, 4, FUSIONS, 2, 16),
            build_reference_image_discriminator(64, 4),
        )
    fast = (
        build_generator(64, 16, 4, FUSIONS, 2, 16, dtype="float64"),
        build_image_discriminator(64, 4, dtype="float64"),
    )
    for one, other in zip(plain, fast, strict=True):
        randomise(one)
        one.set_weights([value.astype("float32") for value in one.get_weights()])  # which gammas are held in
        copy_weights(one, other)
    target, source = (tf.constant(picture(2, 64, 64, 3), "float64") for _ in range(2))
    z_source, z_target = (tf.constant(picture(2, 16), "float64") for _ in range(2))

    def step(generator, discriminator):
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            swapped = generator([target, z_source], training=True)
            fake = discriminator(swapped, training=True)
            with tf.GradientTape() as tape:
                tape.watch(source)
                real = discriminator(source, training=True)
            r1 = tf.reduce_sum(tape.gradient(real, source) ** 2)
            returned = generator([swapped, z_target], training=True)
            cycle = tf.reduce_mean(tf.abs(returned - target))
            of_generator = tf.reduce_mean(tf.nn.softplus(-fake)) + cycle
            of_discriminator = tf.reduce_mean(tf.nn.softplus(fake) + tf.nn.softplus(-real)) + r1
        gradients: dict[str, np.ndarray] = {}
        for total, tape, network in (
            (of_generator, generator_tape, generator),
            (of_discriminator, discriminator_tape, discriminator),
        ):
            values = [np.asarray(g, "float64") for g in tape.gradient(total, network.trainable_variables)]
            names = [f"{network is generator} {variable.path}" for variable in network.trainable_variables]
            gradients |= dict(zip(names, values, strict=True))
        return [float(loss) for loss in (of_generator, cycle, of_discriminator, r1)], gradients

    (plain_losses, expected), (losses, gradients) = step(*plain), step(*fast)
    np.testing.assert_allclose(losses, plain_losses, rtol=1e-6)
    assert gradients.keys() == expected.keys()
    norm = np.sqrt(sum(np.sum(value**2) for value in expected.values()))
    apart = np.sqrt(sum(np.sum((gradients[name] - value) ** 2) for name, value in expected.items()))
    assert apart <= 1e-6 * norm, apart / norm


def test_prelu_is_keras_own_with_its_gradients():
    rng = np.random.default_rng(0)
    x, upstream = (tf.constant(rng.normal(size=(2, 5, 4, 6)), "float32") for _ in range(2))
    plain, fast = keras.layers.PReLU(shared_axes=(1, 2)), PReLU()
    results = []
    for layer in (plain, fast):
        layer.build(x.shape)
        layer.set_weights([np.array([-0.8, 0.0, 0.25, 0.9, 1.0, 1.12], "float32").reshape(1, 1, 6)])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        results.append([y, *tape.gradient(y, [x, layer.alpha.value], upstream)])
    for ours, theirs in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_gradient_of_a_block_that_doubles_the_picture_compiles_with_xla_in_bfloat16():
    # TensorFlow's resize gives a float32 gradient to features of any type, and XLA refuses to add it to a bfloat16 one.
    features = keras.Input((4, 4, 2))
    x = keras.layers.Conv2D(2, 3, padding="same", dtype="mixed_bfloat16")(features)
    block = keras.Model(features, identity_block(x, None, 2, "block", "mixed_bfloat16", upsample=True))

    @tf.function(jit_compile=True)
    def gradient() -> tf.Tensor:
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(block(tf.ones((1, 4, 4, 2)), training=True))
        return tape.gradient(total, block.trainable_variables[0])

    assert gradient().shape == (3, 3, 2, 2)
