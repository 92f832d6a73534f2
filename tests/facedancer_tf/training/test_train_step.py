import numpy as np
import pytest
import tensorflow as tf

from facedancer_tf.errors import UserError
from facedancer_tf.training.train_loop import stop_if_not_finite
from tests.facedancer_tf.training.small_training import SMALL, batch_of, build, with_settings

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
    assert set(scalars) == TERMS | {"generator_total", "discriminator_total", "swapped_logit"}
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


def test_the_whole_step_lowers_to_xla(batch):
    # Lowered, not run: compiling it for a CPU takes minutes.
    step = build(with_settings(SMALL, xla=True)).step
    program = step.experimental_get_compiler_ir(batch, with_r1=True, with_cycle=True)(stage="hlo")
    assert "ENTRY" in program


def test_gradients_of_a_loss_reach_its_own_network_only(batch):
    # Adam keeps (1 − β₂)·g² of the first step: compared with gradients taken one network at a time, by hand.
    built = build(with_settings(LIGHT, loss={"cycle": 0.0}))
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


def test_lazy_terms_weigh_as_many_times_more_and_the_average_follows(batch):
    built = build(with_settings(LIGHT, r1_every_steps=4, cycle_every_steps=2, averaging_decay=0.05))
    models, step = built.models, built.step
    start = models.generator.get_weights()[0]
    scalars = {name: float(value) for name, value in step(batch, with_r1=True, with_cycle=True).items()}
    assert scalars["discriminator_total"] == pytest.approx(
        scalars["discriminator"] + 4 * 5 * scalars["r1"], rel=1e-5
    )
    generator = scalars["adversarial"] + 5 * scalars["reconstruction"] + 2 * scalars["cycle"]
    assert scalars["generator_total"] == pytest.approx(generator, rel=1e-5)

    first, average = models.generator.get_weights()[0], models.averaged.get_weights()[0]
    np.testing.assert_allclose(average, first + 0.05 * (start - first), rtol=1e-5, atol=1e-8)
    assert not {"r1", "cycle"} & set(step(batch, with_r1=False, with_cycle=False))
    second = models.generator.get_weights()[0]
    np.testing.assert_allclose(
        models.averaged.get_weights()[0], second + 0.05 * (average - second), rtol=1e-5, atol=1e-8
    )


def test_cached_embeddings_give_the_same_step(batch, first_step):
    built = build(SMALL)
    cached = {
        f"{role}_embedding": built.models.faces(batch[role])["embedding"] for role in ("source", "target")
    }
    scalars = built.step({**batch, **cached}, with_r1=True, with_cycle=True)
    for name, value in first_step[2].items():
        assert float(scalars[name]) == pytest.approx(value, rel=1e-4), name


def test_not_finite_is_named():
    scalars = {
        "identity": tf.constant(0.5),
        "ifsr": tf.constant(np.nan),
        "generator_total": tf.constant(np.nan),
    }
    with pytest.raises(UserError, match="'ifsr' is not finite at step 7"):
        stop_if_not_finite(scalars, 7)
    stop_if_not_finite({"identity": tf.constant(0.5)}, 7)


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
