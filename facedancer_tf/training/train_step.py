"""Defines one training step: X_c and D(X_c) are computed once, and each network's gradients reach only that network.

Pictures are NHWC, RGB, [-1, 1]. Every term is a mean over the *global* batch, but its gradient reaches only this
replica's samples. The optimizers sum gradients over replicas, so that any number of replicas makes the same update as
one device.
"""

from collections.abc import Callable
from typing import TypeAlias

import keras
import tensorflow as tf

from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.config_checks import GENERATOR_TERMS
from facedancer_tf.training.identities import perturb_identities
from facedancer_tf.training.models import Models
from facedancer_tf.training.pair_faces import faces_of_pairs
from facedancer_tf.training.pasting import keep_occluder, paste_back
from facedancer_tf.training.views import Views, random_views
from losses.adversarial import discriminator_adversarial, generator_adversarial, per_sample_mean
from losses.gradient_penalty import r1_logit_sum, r1_penalty
from losses.identity import identity_contrast_loss, identity_loss
from losses.ifsr import ifsr_loss
from losses.occluder import occluder_loss
from losses.perceptual import perceptual_loss
from losses.reconstruction import cycle_loss, reconstruction_loss

Scalars = dict[str, tf.Tensor]
TrainStep: TypeAlias = tf.types.experimental.PolymorphicFunction  # (batch, with_r1, with_cycle) -> Scalars
WARM_UP = 0.1  # the average of weights reaches back over at most this share of the images so far


def global_batch_mean(batch_size: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Builds the mean of per-sample values `[b]` over the samples of all replicas.

    The gradient reaches only this replica's samples.
    """

    def mean(values: tf.Tensor) -> tf.Tensor:
        local = tf.reduce_sum(values) / batch_size
        replica = tf.distribute.get_replica_context()
        if replica.num_replicas_in_sync == 1:
            return local
        total = replica.all_reduce(tf.distribute.ReduceOp.SUM, tf.stop_gradient(local))
        return local + tf.stop_gradient(total - local)

    return mean


class Objective:
    """Computes the losses of both networks for one batch, without those whose weight in the config is zero."""

    def __init__(self, models: Models, config: TrainConfig) -> None:
        self.models, self.config = models, config
        self.batch_mean = global_batch_mean(config.batch_size)

    def generator_terms(self, batch: dict, source: dict, target: dict, swapped: tf.Tensor, swapped_logits: tf.Tensor,
                        with_cycle: bool, views: Views | None = None) -> Scalars:  # fmt: skip
        """Computes the generator's unweighted terms by name.

        `source` and `target` are `Models.faces` of the batch's pictures; `views` are the same random views in which the
        encoder saw the targets.
        """
        weight, mean, models = self.config.loss, self.batch_mean, self.models
        terms = {}
        if weight.adversarial:
            terms["adversarial"] = mean(generator_adversarial(swapped_logits))
        by_first = weight.identity or weight.identity_contrast or weight.ifsr
        by_second = weight.second_identity or weight.second_contrast
        if by_first or by_second:
            pasted = self.config.encoder.pasted
            visible = paste_back(swapped, batch["target"], models.shrink) if pasted else swapped
            if "occluder" in batch:
                visible = keep_occluder(visible, batch["target"], batch["occluder"])
        if by_first:
            swapped_faces = models.faces(visible, views)
        if weight.identity:
            terms["identity"] = mean(identity_loss(source["embedding"], swapped_faces["embedding"]))
        if weight.identity_contrast:
            three = (face["embedding"] for face in (source, target, swapped_faces))
            terms["identity_contrast"] = mean(identity_contrast_loss(*three))
        if by_second:
            seconds = source["second"], target["second"], models.second_embeddings(visible, views)
        if weight.second_identity:
            terms["second_identity"] = mean(identity_loss(seconds[0], seconds[2]))
        if weight.second_contrast:
            terms["second_contrast"] = mean(identity_contrast_loss(*seconds))
        if weight.ifsr:
            terms["ifsr"] = ifsr_loss(
                target, swapped_faces, self.config.margins, weight.ifsr_scale, weight.ifsr_weights, mean
            )
        flags, batch_size = batch["self_swap"], self.config.batch_size
        if weight.reconstruction:
            terms["reconstruction"] = reconstruction_loss(batch["target"], swapped, flags, batch_size, mean)
        if weight.occluder:
            terms["occluder"] = occluder_loss(batch["target"], swapped, batch["occluder"], mean)
        if weight.perceptual:
            if models.vgg is None:
                raise ValueError("`loss.perceptual` needs VGG. Received: models.vgg=None")
            of_target, of_swapped = models.vgg(batch["target"]), models.vgg(swapped)
            terms["perceptual"] = perceptual_loss(of_target, of_swapped, flags, batch_size, mean)
        if weight.cycle and with_cycle:
            returned = models.generator([swapped, target["embedding"]], training=True)
            terms["cycle"] = mean(cycle_loss(batch["target"], returned))
        return terms

    def discriminator_terms(self, real: tf.Tensor, swapped_logits: tf.Tensor, with_r1: bool) -> Scalars:
        """Computes the adversarial term and, with `with_r1`, R1 of the real pictures `[b, S, S, 3]`."""
        if not with_r1:
            logits = self.models.discriminator(real, training=True)
            return {"discriminator": self.batch_mean(discriminator_adversarial(logits, swapped_logits))}
        with tf.GradientTape() as tape:
            tape.watch(real)
            logits = self.models.discriminator(real, training=True)
            logit_sum = r1_logit_sum(logits)
        gradients = tape.gradient(logit_sum, real)
        return {
            "discriminator": self.batch_mean(discriminator_adversarial(logits, swapped_logits)),
            "r1": self.batch_mean(r1_penalty(gradients)),
        }


def build_optimizer(config: TrainConfig, variables: list) -> keras.optimizers.Optimizer:
    """Builds Adam and its state, so that a checkpoint can be restored into it."""
    settings = config.optimizer
    optimizer = keras.optimizers.Adam(learning_rates(config), beta_1=settings.beta_1, beta_2=settings.beta_2)
    optimizer.build(variables)
    return optimizer


def learning_rates(config: TrainConfig) -> keras.optimizers.schedules.LearningRateSchedule:
    """The released decay of the learning rate, which counts all steps of the run."""
    settings = config.optimizer
    return keras.optimizers.schedules.ExponentialDecay(
        settings.learning_rate, settings.decay_steps, settings.decay_rate
    )


def gradient_norm(gradients: list[tf.Tensor]) -> tf.Tensor:
    """Computes the Euclidean norm of all gradients together; replicas sum theirs first, as the optimizers do."""
    replica = tf.distribute.get_replica_context()
    if replica.num_replicas_in_sync > 1:
        gradients = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    return tf.linalg.global_norm(gradients)


def _weighted_sum(terms: Scalars, weights: dict[str, float]) -> tf.Tensor:
    return tf.add_n([weights[name] * value for name, value in terms.items()])


def build_train_step(
    models: Models,
    config: TrainConfig,
    generator_optimizer: keras.optimizers.Optimizer,
    discriminator_optimizer: keras.optimizers.Optimizer,
    strategy: tf.distribute.Strategy,
) -> TrainStep:
    """Builds `step(batch, with_r1, with_cycle) -> scalars`, a `tf.function` that updates everything once.

    `batch` comes from the pipeline: target, source `[b, S, S, 3]`, self_swap `[b]` and, where faces are
    covered, occluder `[b, S, S, 1]`. The two flags are Python bools (each combination is a graph of its own). They
    switch on the lazy terms, which then weigh `…_every_steps` times as much. The scalars are the unweighted terms, the
    weighted sums, the mean logits and the norms of both networks' gradients. `config` is that of one stage of the
    schedule; the optimizers take its learning rate.
    """
    objective = Objective(models, config)
    loss = config.loss
    weights = {
        **{name: getattr(loss, name) for name in GENERATOR_TERMS},
        "cycle": loss.cycle * config.cycle_every_steps,
        "discriminator": loss.adversarial,
        "r1": loss.r1 * config.r1_every_steps,
    }
    noise, length = config.encoder.identity_noise, config.encoder.identity_length

    def replica_step(batch: dict, with_r1: bool, with_cycle: bool) -> Scalars:
        views = random_views(config.encoder.views, config.seed, batch)
        source, target = faces_of_pairs(
            models, batch, bool(loss.ifsr or loss.cycle or loss.identity_contrast), views
        )
        if noise or length:
            perturbed = perturb_identities(source["embedding"], noise, length, config.seed, batch)
            source = {**source, "embedding": perturbed}
        with tf.GradientTape() as generator_tape, tf.GradientTape() as discriminator_tape:
            swapped = models.generator([batch["target"], source["embedding"]], training=True)
            swapped_logits = models.discriminator(swapped, training=True)
            terms = objective.generator_terms(
                batch, source, target, swapped, swapped_logits, with_cycle, views
            )
            generator_loss = _weighted_sum(terms, weights)
            discriminator_terms = objective.discriminator_terms(batch["source"], swapped_logits, with_r1)
            discriminator_loss = _weighted_sum(discriminator_terms, weights)
        norms = {}
        for name, tape, total, model, optimizer in (
            ("generator", generator_tape, generator_loss, models.generator, generator_optimizer),
            (
                "discriminator",
                discriminator_tape,
                discriminator_loss,
                models.discriminator,
                discriminator_optimizer,
            ),
        ):
            # Each tape is asked for the variables of one network alone, which keeps the gradients apart.
            variables = model.trainable_variables
            gradients = tape.gradient(total, variables)
            norms[f"{name}_gradient_norm"] = gradient_norm(gradients)
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return {
            **terms,
            **discriminator_terms,
            "generator_total": generator_loss,
            "discriminator_total": discriminator_loss,
            "swapped_logit": objective.batch_mean(per_sample_mean(swapped_logits)),
            **norms,
        }

    @tf.function(jit_compile=config.xla or None, autograph=False)
    def train_step(batch: dict, with_r1: bool, with_cycle: bool) -> Scalars:
        for optimizer in (generator_optimizer, discriminator_optimizer):
            optimizer.learning_rate = learning_rates(config)  # runs while a graph is built, which keeps it
        scalars = strategy.run(replica_step, args=(batch, with_r1, with_cycle))
        update_average(models, generator_optimizer.iterations, config, strategy)
        # The terms are global already: every replica holds the same values.
        return {name: strategy.experimental_local_results(value)[0] for name, value in scalars.items()}

    return train_step


def update_average(
    models: Models, iterations: tf.Variable, config: TrainConfig, strategy: tf.distribute.Strategy
) -> None:
    """Updates the average by the images of one step: averaged += (1 − e^(−batch / horizon))·(generator − averaged).

    The horizon is `averaging_images`, whatever the batch size. In a young run it is a share of the images so far, so
    that the average soon forgets the start.
    """
    images = tf.cast(iterations, "float32") * config.batch_size
    horizon = tf.minimum(config.averaging_images, WARM_UP * images)
    rate = -tf.math.expm1(-config.batch_size / horizon)  # 1 for a horizon of 0: no average
    for average, value in zip(models.averaged.variables, models.generator.variables, strict=True):
        strategy.extended.update(
            average.value, lambda a, v: a.assign_add(rate * (v - a)), args=(value.value,), group=False
        )
