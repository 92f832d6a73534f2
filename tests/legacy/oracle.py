"""FaceDancer's generator in the stack it was released in: TensorFlow 2.15, tf.keras 2 and tensorflow-addons.

An independent reference, which shares no code with `networks/`. Run by the legacy environment, never imported:

    .venv-legacy/bin/python tests/legacy/oracle.py FOLDER [CASE …]      writes FOLDER/CASE.npz
    .venv-legacy/bin/python tests/legacy/oracle.py tests/legacy/goldens    renews the committed goldens

A file holds `arguments` (JSON, those of `build_generator`), the random weights in the order in which the released
code creates its layers, `weight_000` …, the inputs `target` and `identity`, and the output `swapped`. Weights and
inputs are rounded to float16 before use, so that a file is small and still exact. Pictures are NHWC in [-1, 1].
"""

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_addons as tfa
from tensorflow.keras import layers

SMALL: dict[str, Any] = {
    "size_px": 64,
    "base_filters": 4,
    "identity_width": 24,
    "mapping_depth": 2,
    "mapping_width": 16,
}
GOLDENS: dict[str, dict[str, Any]] = {
    "default": {**SMALL, "fusion": ["no_skip", "no_skip", "affa", "affa", "affa", "concat"]},
    "affa5": {**SMALL, "fusion": ["affa"] * 5 + ["concat"]},
    "every_kind": {
        **SMALL,
        "size_px": 96,
        "mapping_depth": 0,
        "fusion": ["do_affa", "d_affa", "concat", "add", "no_skip", "affa"],
    },
}
RELEASED: dict[str, Any] = {
    "size_px": 256,
    "base_filters": 64,
    "identity_width": 512,
    "mapping_depth": 4,
    "mapping_width": 512,
}
CASES: dict[str, dict[str, Any]] = {
    **GOLDENS,
    "released_default": {**RELEASED, "fusion": GOLDENS["default"]["fusion"]},
    "released_affa5": {**RELEASED, "mapping_width": 256, "fusion": GOLDENS["affa5"]["fusion"]},
}


class Generator:
    """Builds the released generator and remembers its layers with weights in creation order."""

    def __init__(self, size_px, identity_width, base_filters, fusion, mapping_depth, mapping_width):
        self.created = []
        target = layers.Input((size_px, size_px, 3))
        identity = layers.Input((identity_width,))
        z = identity
        for i in range(mapping_depth):
            z = self.remember(layers.Dense(mapping_width))(z)
            if i < mapping_depth - 1:
                z = layers.LeakyReLU(0.2)(z)

        f = base_filters
        x = self.conv(target, f, 3)
        features = [x]
        for filters in (2 * f, 4 * f, 8 * f, 8 * f, 8 * f):
            x = self.down(x, filters, pool=True)
            features.append(x)
        x = self.down(x, 8 * f, pool=False)

        h = self.identity_block(x, z, 8 * f, up=False)
        for kind, feature, filters in zip(
            fusion, features[::-1], (8 * f, 8 * f, 4 * f, 2 * f, f, 3), strict=True
        ):
            h = self.fuse(kind, feature, h)
            h = self.identity_block(h, z, filters, up=filters != 3)
        self.model = tf.keras.Model([target, identity], h)

    def remember(self, layer):
        self.created.append(layer)
        return layer

    def conv(self, x, filters, kernel_px, activation=None):
        return self.remember(layers.Conv2D(filters, kernel_px, padding="same", activation=activation))(x)

    def norm(self, x):
        return self.remember(tfa.layers.InstanceNormalization())(x)

    def down(self, x, filters, pool):
        halve = layers.AveragePooling2D if pool else lambda: lambda y: y
        skip = halve()(self.conv(x, filters, 1))
        main = layers.LeakyReLU(0.2)(self.norm(x))
        main = halve()(self.conv(main, filters, 3))
        return layers.Add()([main, skip])

    def identity_block(self, x, z, filters, up):
        double = (lambda: layers.UpSampling2D(interpolation="bilinear")) if up else lambda: lambda y: y
        main = self.norm(x)
        scale = self.remember(layers.Dense(x.shape[-1]))(z)
        shift = self.remember(layers.Dense(x.shape[-1]))(z)
        main = layers.LeakyReLU(0.2)(main * scale[:, None, None, :] + shift[:, None, None, :])
        skip = double()(self.conv(x, filters, 1))
        main = double()(self.conv(main, filters, 3))
        return layers.Add()([main, skip])

    def mask(self, both, hidden, filters):
        m = self.norm(layers.LeakyReLU(0.2)(self.conv(both, hidden, 3)))
        return self.conv(m, filters, 1, activation="sigmoid")

    def affa(self, x, h):
        m = self.mask(layers.Concatenate()([x, h]), x.shape[-1] // 4, x.shape[-1])
        return (1.0 - m) * x + m * h

    def fuse(self, kind, x, h):
        if kind == "no_skip":
            return h
        if kind == "add":
            return layers.Add()([x, h])
        if kind == "concat":
            return layers.Concatenate()([x, h])
        if kind == "affa":
            return self.affa(x, h)
        if kind == "d_affa":
            return self.affa(x, self.affa(x, h))
        both = layers.Concatenate()([x, h])
        m = self.mask(both, x.shape[-1], x.shape[-1])  # do_affa
        m = m * self.mask(both, x.shape[-1], 1)
        return (1.0 - m) * x + m * h


def random_weight(name, shape, rng):
    """A weight that keeps activations alive: kernels by 1/sqrt(fan in), gammas about 1, the rest small."""
    n = rng.standard_normal(shape)
    leaf = name.split("/")[-1].split(":")[0]
    value = {"kernel": n / np.sqrt(np.prod(shape[:-1])), "gamma": 1 + 0.1 * n}.get(leaf, 0.1 * n)
    return value.astype("float16")


def write_case(case, path):
    arguments = CASES[case]
    rng = np.random.default_rng(zlib.crc32(case.encode()))
    generator = Generator(**arguments)
    weights = []
    for layer in generator.created:
        values = [random_weight(w.name, tuple(w.shape), rng) for w in layer.weights]
        layer.set_weights([v.astype("float32") for v in values])
        weights += values
    batch = 1 if arguments["size_px"] > 96 else 2
    size_px = arguments["size_px"]
    target = rng.uniform(-1, 1, (batch, size_px, size_px, 3)).astype("float16")
    identity = rng.standard_normal((batch, arguments["identity_width"])).astype("float16")
    swapped = generator.model([target.astype("float32"), identity.astype("float32")], training=False).numpy()
    named = {f"weight_{i:03d}": w for i, w in enumerate(weights)}
    save = np.savez_compressed if case in GOLDENS else np.savez
    save(path, arguments=json.dumps(arguments), target=target, identity=identity, swapped=swapped, **named)
    print(f"{path}: {generator.model.count_params()} parameters")


def write_instance_norm(path):
    """tensorflow-addons' instance normalisation on a map whose channels differ in size and spread."""
    rng = np.random.default_rng(5)
    spread = 10.0 ** np.arange(-3, 3)  # from far below epsilon to far above
    features = (rng.standard_normal((2, 5, 7, 6)) * spread + 3 * spread[::-1]).astype("float32")
    gamma, beta = rng.standard_normal((2, 6)).astype("float32")
    layer = tfa.layers.InstanceNormalization()
    layer.build(features.shape)
    layer.set_weights([gamma, beta])
    np.savez_compressed(path, features=features, gamma=gamma, beta=beta, normalised=layer(features).numpy())


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for case in sys.argv[2:] or GOLDENS:
        write_case(case, folder / f"{case}.npz")
    if len(sys.argv) == 2:
        write_instance_norm(folder / "instance_norm.npz")


if __name__ == "__main__":
    main()
