"""Builds the networks of a training run from its config, and defines what goes into and out of them."""

from dataclasses import dataclass

import keras

from facedancer_tf.errors import UserError
from facedancer_tf.importing.encoders import load_needed_encoder
from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.views import Views
from facedancer_tf.weights.identity_encoder import Encoder
from losses.perceptual import VGG_BLOCKS
from networks.discriminator import build_image_discriminator, build_patch_discriminator
from networks.encoders import ENCODERS, IdentityEncoder, prepare_pictures, tap_encoder
from networks.generator import build_generator


@dataclass(frozen=True)
class Models:
    """The networks of a run: generator, its average and discriminator are trained; encoder and VGG are frozen.

    `encoder` maps prepared pictures to a dict of `embedding` and the blocks that have a margin. `vgg` maps pictures in
    [-1, 1] to its five pooled maps, or is None in recipes without the perceptual loss. `second_encoder` is None in
    recipes without one.
    """

    generator: keras.Model
    averaged: keras.Model
    discriminator: keras.Model
    encoder: keras.Model
    encoder_description: IdentityEncoder
    encoder_fingerprint: str
    vgg: keras.Model | None
    shrink: float  # the factor that the pictures were aligned with
    second_encoder: Encoder | None = None

    def faces(
        self,
        pictures: keras.KerasTensor,
        views: Views | None = None,
    ) -> dict[str, keras.KerasTensor]:
        """Runs the identity encoder on pictures `[B, S, S, 3]` in [-1, 1].

        Returns `embedding` `[B, W]` and the IFSR blocks by name. With `views` the encoder sees random views of the
        pictures instead, see `facedancer_tf.training.views`.
        """
        return self.encoder(self._prepare(self.encoder_description, pictures, views), training=False)

    def second_embeddings(self, pictures: keras.KerasTensor, views: Views | None = None) -> keras.KerasTensor:
        """Runs the second encoder as `faces` runs the first, and returns its embeddings `[B, W2]`."""
        if self.second_encoder is None:
            raise ValueError("This needs a second encoder. Received: models.second_encoder=None")
        prepared = self._prepare(self.second_encoder.description, pictures, views)
        return self.second_encoder.network(prepared, training=False)

    def embeddings(self, pictures: keras.KerasTensor) -> keras.KerasTensor:
        """Computes the embeddings of all encoders in one row: `[B, W + W2]`, or `[B, W]` without a second encoder."""
        first = self.faces(pictures)["embedding"]
        if self.second_encoder is None:
            return first
        return keras.ops.concatenate([first, self.second_embeddings(pictures)], axis=1)

    def _prepare(
        self, description: IdentityEncoder, pictures: keras.KerasTensor, views: Views | None
    ) -> keras.KerasTensor:
        resample = None if views is None else lambda whole: views(whole, description.size_px)
        return prepare_pictures(description, pictures, self.shrink, resample)


def generator_arguments(config: TrainConfig) -> dict:
    """The arguments of `build_generator` for this run's generator; they are also the recipe inside its model file."""
    return {
        "size_px": config.size_px,
        "identity_width": ENCODERS[config.encoder.name].width,
        "base_filters": config.generator.base_filters,
        "fusion": tuple(config.generator.fusion),
        "mapping_depth": config.generator.mapping_depth,
        "mapping_width": config.generator.mapping_width,
    }


def build_vgg() -> keras.Model:
    """Builds VGG16 up to its last pooling, with ImageNet weights that Keras downloads at first use.

    Raises:
        UserError: if the weights are neither on this machine nor can be downloaded.
    """
    try:
        vgg = keras.applications.VGG16(include_top=False, weights="imagenet")
    except Exception as error:
        # Keras reports a failed download as a bare Exception; it is passed on, not swallowed.
        raise UserError(
            f"VGG16's weights could not be had ({error}): connect once so that Keras can download them, or set "
            "`loss.perceptual` to 0 to train without the perceptual loss."
        ) from error
    vgg.trainable = False
    return keras.Model(vgg.input, [vgg.get_layer(block).output for block in VGG_BLOCKS], name="vgg16_pools")


def build_models(config: TrainConfig, shrink: float) -> Models:
    """Builds all networks for pictures that are aligned with `shrink`, with all that any stage of the schedule needs.

    Initial weights depend on the seed alone.

    The frozen networks stay float32 whatever the precision: on CPUs SFace is slower in bfloat16.
    """
    encoder = load_needed_encoder(config.encoder.name, "", config.encoder.weights)
    second = config.second_encoder
    second_encoder = second.name and load_needed_encoder(second.name, "", second.weights)
    stages = config.stages()
    blocks = tuple(dict.fromkeys(block for stage in stages if stage.loss.ifsr for block in stage.margins))
    vgg = build_vgg() if any(stage.loss.perceptual for stage in stages) else None
    keras.utils.set_random_seed(config.seed)
    arguments = generator_arguments(config)
    generator = build_generator(**arguments, dtype=config.precision)
    averaged = build_generator(**arguments, dtype=config.precision, name="averaged_generator")
    averaged.set_weights(generator.get_weights())
    sizes = {"size_px": config.size_px, "base_filters": config.discriminator.base_filters}
    if config.discriminator.kind == "image":
        discriminator = build_image_discriminator(**sizes, dtype=config.precision)
    else:
        discriminator = build_patch_discriminator(
            **sizes, down_blocks=config.discriminator.down_blocks, dtype=config.precision
        )
    tapped = tap_encoder(encoder.network, blocks)
    return Models(
        generator, averaged, discriminator, tapped, encoder.description, encoder.fingerprint, vgg, shrink,
        second_encoder or None,
    )  # fmt: skip
