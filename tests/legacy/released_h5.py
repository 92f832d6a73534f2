"""Checkpoints as the released code saves them: full Keras 2 `.h5` models with custom layers, and weights alone.

An independent reference for `import_weights.py`; shares no code with the project but the oracle beside it. Run by the
legacy environment, never imported:

    .venv-legacy/bin/python tests/legacy/released_h5.py FOLDER [small|released] [CASE …]

writes, for each case, FOLDER/CASE.h5, FOLDER/CASE_weights.h5 (weights alone) and FOLDER/CASE.npz with the inputs' seed
and the output `y`; and FOLDER/CASE.layout.json.gz, from which `layouts.py` can write the `.h5` again without Keras 2.
Weights follow from their names as `layouts.tensor` says.
"""

import gzip
import json
import sys
from pathlib import Path

import layouts
import numpy as np
import oracle
import tensorflow as tf
import tensorflow_addons as tfa
from tensorflow.keras import layers

SIZES = {"small": {**oracle.SMALL, "identity_width": 512}, "released": oracle.RELEASED}
PLANS = {
    "default": oracle.GOLDENS["default"]["fusion"],
    "d_affa": ["d_affa"] * 5 + ["concat"],
    "do_affa": ["do_affa"] * 5 + ["concat"],
    "concat": ["concat"] * 6,
    "add": ["add"] * 6,
    "depth_0": oracle.GOLDENS["default"]["fusion"],
}


class AdaIN(layers.Layer):
    """The released AdaIN, which holds its two dense layers itself."""

    def build(self, shapes):
        self.scale, self.shift = layers.Dense(shapes[0][-1]), layers.Dense(shapes[0][-1])

    def call(self, inputs):
        features, identity = inputs
        return self.scale(identity)[:, None, None] * features + self.shift(identity)[:, None, None]


class AdaptiveAttention(layers.Layer):
    def call(self, inputs):
        mask, target, decoder = inputs
        return (1 - mask) * target + mask * decoder


class ReleasedGenerator(oracle.Generator):
    """The oracle's generator with the released code's custom layers and the masks' names."""

    def identity_block(self, x, z, filters, up):
        double = (lambda: layers.UpSampling2D(interpolation="bilinear")) if up else lambda: lambda y: y
        skip = double()(self.conv(x, filters, 1))
        main = layers.LeakyReLU(0.2)(AdaIN()([self.norm(x), z]))
        return layers.Add()([double()(self.conv(main, filters, 3)), skip])

    def named_mask(self, both, hidden, filters, name):
        m = self.norm(layers.LeakyReLU(0.2)(self.conv(both, hidden, 3)))
        return layers.Conv2D(filters, 1, activation="sigmoid", name=name)(m)

    def affa(self, x, h, suffix=""):
        mask = self.named_mask(
            layers.Concatenate()([x, h]), x.shape[-1] // 4, x.shape[-1], self.where(h) + suffix
        )
        return AdaptiveAttention()([mask, x, h])

    def where(self, h):
        return f"{2 * h.shape[1]}x{2 * h.shape[1]}"

    def fuse(self, kind, x, h):
        if kind == "d_affa":
            return self.affa(x, self.affa(x, h, "_0"), "_1")
        if kind != "do_affa":
            return super().fuse(kind, x, h)
        both, name = layers.Concatenate()([x, h]), self.where(h)
        mask = self.named_mask(both, x.shape[-1], x.shape[-1], name)
        mask = mask * self.named_mask(both, x.shape[-1], 1, f"{name}_hat")
        return AdaptiveAttention()([mask, x, h])


def discriminator(size_px, filters):
    def conv(x, f, k, padding="same"):
        return layers.Conv2D(f, k, padding=padding)(x)

    def normed(x):
        return layers.LeakyReLU(0.2)(tfa.layers.InstanceNormalization()(x))

    picture = layers.Input((size_px, size_px, 3))
    x = conv(picture, filters, 3)
    for width in (2, 4, 8, 8, 8, 8):
        skip = layers.AveragePooling2D()(conv(x, width * filters, 1))
        x = layers.AveragePooling2D()(conv(normed(x), width * filters, 3))
        x = layers.Add()([conv(normed(x), width * filters, 3), skip])
    x = layers.LeakyReLU(0.2)(conv(x, 8 * filters, size_px // 64, "valid"))
    return tf.keras.Model(picture, conv(x, 1, 1))


def arcface(head):
    """Wrapper → nested ResNet-50 → nested head, the usual one or another."""
    picture = layers.Input((112, 112, 3))
    features = tf.keras.applications.ResNet50(include_top=False, weights=None, input_shape=(112, 112, 3))(
        picture
    )
    x = inner = layers.Input(features.shape[1:])
    if head == "usual":
        x = layers.Flatten()(layers.Dropout(0.5)(layers.BatchNormalization()(x)))
        x = layers.BatchNormalization()(layers.Dense(512)(x))
    else:
        x = layers.Dense(512, use_bias=False)(layers.GlobalAveragePooling2D()(x))
        x = layers.BatchNormalization(epsilon=2e-5, scale=False)(x)
    return tf.keras.Model(picture, tf.keras.Model(inner, x, name="OutputLayer")(features))


def build(case, size):
    if case == "discriminator":
        return discriminator(size["size_px"], size["base_filters"])
    if case.startswith("arcface"):
        return arcface(case.removeprefix("arcface_"))
    depth = 0 if case == "depth_0" else size["mapping_depth"]
    return ReleasedGenerator(**{**size, "fusion": PLANS[case], "mapping_depth": depth}).model


def write(case, size, folder):
    model = build(case, size)
    for weight in model.weights:
        weight.assign(layouts.tensor(weight.name, tuple(weight.shape)))
    model.save(folder / f"{case}.h5", include_optimizer=False)
    model.save_weights(folder / f"{case}_weights.h5")
    inputs = layouts.inputs([tuple(tensor.shape[1:]) for tensor in model.inputs])
    np.savez_compressed(folder / f"{case}.npz", y=model(inputs, training=False).numpy())
    with gzip.open(folder / f"{case}.layout.json.gz", "wt") as file:
        json.dump(layouts.read(folder / f"{case}.h5"), file)
    print(f"{case}: {model.count_params()} parameters")


def main():
    folder, size, *cases = Path(sys.argv[1]), *(sys.argv[2:] or ["small"])
    folder.mkdir(parents=True, exist_ok=True)
    for case in cases or [*PLANS, "discriminator", "arcface_usual", "arcface_pooled"]:
        tf.keras.backend.clear_session()
        write(case, SIZES[size], folder)


if __name__ == "__main__":
    main()
