import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.training.config_sections import AugmentationConfig, ViewsConfig
from facedancer_tf.training.pasting import paste_back
from facedancer_tf.training.train_step import build_train_step, learning_rates, update_average
from facedancer_tf.training.views import random_views
from facedancer_tf.weights.identity_encoder import load_encoder
from tests.facedancer_tf.training.small_training import (
    SMALL,
    batch_of,
    build,
    build_tiny,
    tiny_models,
    with_settings,
)

TERMS = {"adversarial", "identity", "ifsr", "reconstruction", "cycle", "discriminator", "r1"}
# Without the encoder's gradient a step is built in a fraction of the time.
LIGHT = with_settings(SMALL, loss={"identity": 0.0, "ifsr": 0.0})


@pytest.fixture(scope="module")
def batch(face_crops):
    return batch_of(face_crops, [0, 1, 2, 3], [0, 2, 3, 4])


@pytest.fixture(scope="module")
def first_step(batch):
    """Networks before and after the first step of the full objective, and its scalars."""
    built = build(SMALL)
    models, step = built.models, built.step
    before = {name: getattr(models, name).get_weights() for name in ("generator", "discriminator", "encoder")}
    scalars = {name: float(value) for name, value in step(batch, with_r1=True, with_cycle=True).items()}
    return models, before, scalars


def test_one_step_updates_both_networks_and_leaves_the_encoder(first_step):
    models, before, _ = first_step
    for name, share in (("generator", 0.9), ("discriminator", 0.9), ("encoder", 0.0)):
        after = getattr(models, name).get_weights()
        changed = [not np.array_equal(a, b) for a, b in zip(before[name], after, strict=True)]
        assert np.mean(changed) >= share, name
        assert share or not any(changed)


def test_every_term_is_named_and_weighed(first_step):
    _, _, scalars = first_step
    assert set(scalars) == TERMS | {
        *(
            f"{network}_{what}"
            for network in ("generator", "discriminator")
            for what in ("total", "gradient_norm")
        ),
        "swapped_logit",
    }
    weights = {"adversarial": 1, "identity": 10, "ifsr": 1, "reconstruction": 5, "cycle": 1}
    assert scalars["generator_total"] == pytest.approx(
        sum(w * scalars[n] for n, w in weights.items()), rel=1e-5
    )
    assert scalars["discriminator_total"] == pytest.approx(
        scalars["discriminator"] + 5 * scalars["r1"], rel=1e-5
    )


def test_bfloat16_gives_nearly_the_same_first_step(batch, first_step):
    scalars = build(with_settings(SMALL, precision="mixed_bfloat16")).step(
        batch, with_r1=True, with_cycle=False
    )
    for name in ("identity", "reconstruction", "ifsr", "discriminator", "r1"):
        assert float(scalars[name]) == pytest.approx(first_step[2][name], rel=0.05, abs=1e-3), name


@pytest.mark.slow
def test_the_whole_step_lowers_to_xla(batch):
    # Lowered, not run: compiling it for a CPU takes minutes.
    step = build(with_settings(SMALL, xla=True)).step
    program = step.experimental_get_compiler_ir(batch, with_r1=True, with_cycle=True)(stage="hlo")
    assert "ENTRY" in program


def test_gradients_of_a_loss_reach_its_own_network_only(batch):
    # Adam keeps (1 − β₂)·g² of the first step: compared with gradients taken one network at a time, by hand.
    built = build_tiny(with_settings(LIGHT, loss={"cycle": 0.0}))
    models = built.models
    source = models.faces(batch["source"])["embedding"]

    def swap():
        return models.generator([batch["target"], source], training=True)

    with tf.GradientTape() as tape:
        logits, swapped = models.discriminator(swap(), training=True), swap()
        adversarial = tf.reduce_mean(tf.math.softplus(-logits))
        errors = tf.reduce_mean(tf.abs(batch["target"] - swapped), axis=[1, 2, 3])
        flags = batch["self_swap"]
        loss = adversarial + 5 * 0.5 * tf.reduce_sum(flags * errors) / (tf.reduce_sum(flags) + 0.001)
    generator = tape.gradient(loss, models.generator.trainable_variables)
    swapped = swap()
    with tf.GradientTape() as tape:
        real, fake = (models.discriminator(x, training=True) for x in (batch["source"], swapped))
        loss = tf.reduce_mean(tf.math.softplus(fake)) + tf.reduce_mean(tf.math.softplus(-real))
    discriminator = tape.gradient(loss, models.discriminator.trainable_variables)

    built.step(batch, with_r1=False, with_cycle=False)
    for optimizer, gradients in (
        (built.generator_optimizer, generator),
        (built.discriminator_optimizer, discriminator),
    ):
        seconds = [v for v in optimizer.variables if v.path.endswith("velocity")]
        assert len(seconds) == len(gradients)
        for second, gradient in zip(seconds, gradients, strict=True):
            expected = 0.01 * np.square(gradient)
            # 2e-15: a bias that a normalisation undoes has no gradient but rounding, of up to 4e-7.
            np.testing.assert_allclose(
                second.numpy(), expected, rtol=1e-2, atol=1e-4 * expected.max() + 2e-15
            )


def test_lazy_terms_weigh_as_many_times_more(batch):
    step = build_tiny(with_settings(LIGHT, r1_every_steps=4, cycle_every_steps=2)).step
    scalars = {name: float(value) for name, value in step(batch, with_r1=True, with_cycle=True).items()}
    assert scalars["discriminator_total"] == pytest.approx(
        scalars["discriminator"] + 4 * 5 * scalars["r1"], rel=1e-5
    )
    generator = scalars["adversarial"] + 5 * scalars["reconstruction"] + 2 * scalars["cycle"]
    assert scalars["generator_total"] == pytest.approx(generator, rel=1e-5)
    assert not {"r1", "cycle"} & set(step(batch, with_r1=False, with_cycle=False))


@pytest.mark.parametrize("images", [6.0, 0.0])
def test_the_average_reaches_back_over_so_many_images_and_over_fewer_at_first(batch, images):
    built = build_tiny(with_settings(LIGHT, averaging_images=images, loss={"cycle": 0.0}))
    average = built.models.generator.get_weights()
    for number in range(1, 31):
        built.step(batch, with_r1=False, with_cycle=False)
        horizon = min(images, number * 4 / 10)  # four images a step
        kept = np.exp(-4 / horizon) if horizon else 0.0
        weights = built.models.generator.get_weights()
        average = [kept * a + (1 - kept) * w for a, w in zip(average, weights, strict=True)]
        if number in (1, 5, 30):
            for got, expected in zip(built.models.averaged.get_weights(), average, strict=True):
                np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-6)


def test_twice_the_batch_and_half_the_steps_average_alike(batch):
    """What is left of the start after 4,000 images, by the rate of one step: the same for any batch size."""
    left = []
    for batch_size in (4, 8):
        config = with_settings(SMALL, batch_size=batch_size, averaging_images=4000.0)
        models = tiny_models(config)
        for old, new in zip(models.averaged.variables, models.generator.variables, strict=True):
            old.assign(0.0 * old)
            new.assign(0.0 * new + 1.0)
        update_average(models, tf.constant(10**6), config, tf.distribute.get_strategy())
        left.append((1 - models.averaged.get_weights()[0].flat[0]) ** (4000 / batch_size))
    assert left == pytest.approx([np.exp(-1)] * 2, rel=1e-3)


def test_the_learning_rate_falls_as_the_config_says(batch):
    """Adam's steps without momentum are as long as the learning rate, wherever a gradient keeps its sign."""
    moves = {}
    for rate in (1.0, 0.25):
        config = with_settings(
            LIGHT,
            loss={"cycle": 0.0},
            optimizer={"learning_rate": 1e-6, "decay_rate": rate, "decay_steps": 2},
        )
        built = build_tiny(config)
        for _ in range(5):
            before = built.models.generator.get_weights()[0]
            built.step(batch, with_r1=False, with_cycle=False)
        moves[rate] = np.abs(built.models.generator.get_weights()[0] - before).mean()
        assert float(learning_rates(config)(4)) == pytest.approx(1e-6 * rate**2, rel=1e-5)
    assert moves[0.25] == pytest.approx(moves[1.0] * 0.25**2, rel=0.1)


def test_a_later_stage_takes_its_own_rate_with_the_same_optimizers(batch):
    config = with_settings(LIGHT, loss={"cycle": 0.0}, optimizer={"learning_rate": 1e-6})
    built = build_tiny(config)
    later = build_train_step(
        built.models, with_settings(config, optimizer={"learning_rate": 3e-6}),
        built.generator_optimizer, built.discriminator_optimizer, tf.distribute.get_strategy(),
    )  # fmt: skip
    moves = []
    for step in (built.step, later):
        before = built.models.generator.get_weights()[0]
        step(batch, with_r1=False, with_cycle=False)
        moves.append(np.abs(built.models.generator.get_weights()[0] - before).mean())
    assert moves[1] == pytest.approx(3 * moves[0], rel=0.1)


def test_the_norms_are_those_of_the_gradients(batch):
    built = build_tiny(with_settings(LIGHT, loss={"cycle": 0.0}))
    scalars = built.step(batch, with_r1=False, with_cycle=False)
    for name in ("generator", "discriminator"):
        # Adam without momentum keeps the gradient itself.
        kept = [v for v in getattr(built, f"{name}_optimizer").variables if v.path.endswith("momentum")]
        expected = np.sqrt(sum(float(np.sum(np.square(v.numpy()))) for v in kept))
        assert float(scalars[f"{name}_gradient_norm"]) == pytest.approx(expected, rel=1e-4)


def test_cached_embeddings_give_the_same_step(batch):
    built, other = build_tiny(SMALL), build_tiny(SMALL)
    cached = {
        f"{role}_embedding": other.models.faces(batch[role])["embedding"] for role in ("source", "target")
    }
    plain, fast = (
        step({**batch, **extra}, with_r1=True, with_cycle=True)
        for step, extra in ((built.step, {}), (other.step, cached))
    )
    for name, value in plain.items():
        assert float(fast[name]) == pytest.approx(float(value), rel=1e-4), name


def test_a_second_encoder_asks_for_the_source_and_against_the_target_in_the_same_views(batch):
    config = with_settings(
        SMALL,
        data={"cached_embeddings": True},
        encoder={"views": ViewsConfig(scale=0.1, flip=True), "pasted": True},
        second_encoder={"name": "mobileface"},
        loss={"second_identity": 20.0, "second_contrast": 30.0, "cycle": 0.0, "ifsr": 0.0},
    )
    second = load_encoder("mobileface")
    models = dataclasses.replace(tiny_models(config), second_encoder=second)
    embedded = {f"{role}_embedding": models.embeddings(batch[role]) for role in ("source", "target")}
    source, target = (embedded[f"{role}_embedding"] for role in ("source", "target"))
    width = models.encoder_description.width
    swapped = models.generator([batch["target"], source[:, :width]])
    views = random_views(config.encoder.views, config.seed, batch)
    seen = paste_back(swapped, batch["target"], models.shrink)
    own = models.second_embeddings(seen, views)
    near = lambda a, b: -keras.losses.cosine_similarity(a, b)  # noqa: E731
    identity = np.mean(1.0 - near(source[:, width:], own))
    left = near(target[:, width:], own) - near(target[:, width:], source[:, width:])
    scalars = build(config, models=models).step({**batch, **embedded}, with_r1=False, with_cycle=False)
    assert float(scalars["second_identity"]) == pytest.approx(identity, rel=1e-4)
    assert float(scalars["second_contrast"]) == pytest.approx(np.mean(np.maximum(left, 0)), rel=1e-3)
    weights = {
        "adversarial": 1, "identity": 10, "reconstruction": 5, "second_identity": 20, "second_contrast": 30,
    }  # fmt: skip
    total = sum(weight * float(scalars[name]) for name, weight in weights.items())
    assert float(scalars["generator_total"]) == pytest.approx(total, rel=1e-5)


def test_what_covers_a_target_is_kept_by_a_term_of_its_own_and_shown_to_the_encoder_as_it_is(batch):
    augmentation = AugmentationConfig("colour_and_geometry", occluded=0.3)
    covers = {"augmentation": augmentation, "cached_embeddings": True}
    config = with_settings(SMALL, data=covers, loss={"occluder": 20.0, "cycle": 0.0})
    models = tiny_models(config)
    embedded = {f"{role}_embedding": models.faces(batch[role])["embedding"] for role in ("source", "target")}
    occluder = np.zeros((4, 64, 64, 1), np.float32)
    occluder[1, 20:40] = 1.0
    swapped = models.generator([batch["target"], embedded["source_embedding"]])
    apart = np.abs(batch["target"] - swapped)[1, 20:40].mean()
    seen = np.where(occluder > 0, batch["target"], swapped)
    identity = 1.0 + keras.losses.cosine_similarity(
        models.faces(tf.constant(seen))["embedding"], embedded["source_embedding"]
    )
    step = build(config, models=models).step
    scalars = step({**batch, **embedded, "occluder": tf.constant(occluder)}, with_r1=False, with_cycle=False)
    assert float(scalars["occluder"]) == pytest.approx(apart, rel=2e-3)
    assert float(scalars["identity"]) == pytest.approx(np.mean(identity), rel=1e-4)
    weights = {"adversarial": 1, "identity": 10, "ifsr": 1, "reconstruction": 5, "occluder": 20}
    total = sum(weight * float(scalars[name]) for name, weight in weights.items())
    assert float(scalars["generator_total"]) == pytest.approx(total, rel=1e-5)


@pytest.mark.slow
def test_eight_pairs_can_be_learnt_by_heart(face_crops):
    """Reconstruction halves and the identity loss falls by a third: the objective pulls where it should."""
    config = with_settings(
        SMALL,
        batch_size=8,
        generator={"base_filters": 8},
        optimizer={"learning_rate": 1e-3},
        loss={"cycle": 0.0},
    )
    pairs = batch_of(face_crops, [0, 1, 2, 3, 4, 0, 1, 2], [0, 1, 2, 3, 4, 1, 2, 3])
    step = build(config).step
    curve = [step(pairs, with_r1=i % 4 == 0, with_cycle=False) for i in range(150)]
    first, last = ({k: float(v) for k, v in scalars.items()} for scalars in (curve[1], curve[-2]))
    print(f"reconstruction {first['reconstruction']:.3f} -> {last['reconstruction']:.3f}, "
          f"identity {first['identity']:.3f} -> {last['identity']:.3f}")  # fmt: skip
    assert last["reconstruction"] < first["reconstruction"] / 2
    assert last["identity"] < first["identity"] * 2 / 3
