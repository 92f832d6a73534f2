"""Tests runs with tiny networks: a schedule, what is logged, what a stop leaves, folders of any name."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from data.occluders.sprites import draw_sprites
from facedancer_tf.errors import UserError
from facedancer_tf.training import batches, train_loop
from facedancer_tf.training.batches import build_batches
from facedancer_tf.training.config import TrainConfig, config_as_yaml, parse_config
from facedancer_tf.training.config_sections import AugmentationConfig
from facedancer_tf.training.run_folder import CHECKPOINTS
from tests.facedancer_tf.training.small_training import SMALL, tiny_models, with_settings

SCHEDULE: dict[int, dict[str, Any]] = {
    3: {"optimizer.learning_rate": 3e-3, "loss.reconstruction": 50.0},
    5: {"loss.ifsr": 20.0, "loss.ifsr_margins": {"stage3_block2_out": 0.0}, "data.self_swap_probability": 1.0,
        "data.augmentation.kind": "colour_and_geometry", "data.augmentation.brightness": 0.3},
}  # fmt: skip


@pytest.fixture
def recipe(face_shards, tmp_path, monkeypatch) -> TrainConfig:
    """Six steps of tiny networks, all logged, that leave no model file and no pictures."""
    monkeypatch.setattr(train_loop, "build_models", tiny_models)
    monkeypatch.setattr(train_loop, "save_model_file", lambda *_: None)
    monkeypatch.setattr(train_loop, "_validation", lambda *_: None)
    return with_settings(
        SMALL, run=tmp_path / "run", steps=6, log_every_steps=1, save_every_steps=100,
        data={"folder": face_shards}, loss={"ifsr": 0.0, "r1": 0.0, "cycle": 0.0},
    )  # fmt: skip


def logged(run: Path) -> dict[str, dict[int, float]]:
    """The scalars in TensorBoard's files, by name and step."""
    values: dict[str, dict[int, float]] = {}
    for name in sorted(os.listdir(run / "logs")):
        with open(run / "logs" / name, "rb") as file:
            (run.parent / "events").write_bytes(file.read())
        for record in tf.data.TFRecordDataset(str(run.parent / "events")):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                values.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    return values


def newest(run: Path) -> dict[str, np.ndarray]:
    """Everything in the newest checkpoint, by key."""
    reader = tf.train.load_checkpoint(str(run / CHECKPOINTS))
    return {key: reader.get_tensor(key) for key in reader.get_variable_to_shape_map() if "OBJECT" not in key}


def test_a_schedule_changes_settings_at_its_steps_and_resuming_is_exact(recipe, tmp_path):
    straight = with_settings(recipe, schedule=SCHEDULE, loss={"r1": 5.0}, r1_every_steps=2)
    train_loop.train(straight)
    curves = logged(straight.run)
    rates = curves["train/learning_rate"]
    assert [rates[step] for step in range(1, 7)] == pytest.approx([1e-4] * 2 + [3e-3] * 4, rel=1e-4)
    assert set(curves["train/ifsr"]) == {5, 6}
    for step, weight in ((2, 5), (4, 50)):
        terms = {
            name: curves[f"train/{name}"][step] for name in ("adversarial", "identity", "reconstruction")
        }
        expected = terms["adversarial"] + 10 * terms["identity"] + weight * terms["reconstruction"]
        assert curves["train/generator_total"][step] == pytest.approx(expected, rel=1e-5)

    whole, run = newest(straight.run), tmp_path / "stopped"
    for steps in (3, 4, 6):  # within a stage, at the end of one
        train_loop.train(with_settings(straight, run=run, steps=steps))
    resumed = newest(run)
    assert whole.keys() == resumed.keys()
    assert [key for key in whole if not np.array_equal(whole[key], resumed[key])] == []


def test_settings_in_force_are_those_of_the_last_change_and_survive_yaml(tmp_path):
    config = with_settings(SMALL, schedule=SCHEDULE)
    assert config.at(2) == SMALL
    assert config.at(4) == with_settings(
        SMALL, loss={"reconstruction": 50.0}, optimizer={"learning_rate": 3e-3}
    )
    last = config.at(100)
    assert (last.loss.reconstruction, last.loss.ifsr, last.data.augmentation.brightness) == (50.0, 20.0, 0.3)
    assert last.margins == {"stage3_block2_out": 0.0}
    assert config.stages() == [config.at(step) for step in (1, 3, 5)]
    (tmp_path / "c.yaml").write_text(config_as_yaml(config))
    assert parse_config(["--config", str(tmp_path / "c.yaml")]) == config


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ("{0: {loss.identity: 3}}", "steps from 1 on"),
        ("{x: {loss.identity: 3}}", "schedule"),
        ("{5: 3}", "schedule"),
        ("[3]", "schedule"),
        ("{5: {loss.identitty: 3}}", "single settings.*loss.identitty"),
        ("{5: {loss: {identity: 3}}}", "single settings.*name='loss'"),
        ("{5: {data.augmentation: {kind: none}}}", "single settings"),
        ("{5: {size_px: 64}}", "single settings"),
        ("{5: {batch_size: 8}}", "single settings"),
        ("{5: {schedule: {}}}", "single settings"),
        ("{5: {loss.ifsr_margins.x: 1}}", "single settings"),
        ("{5: {loss.identity: much}}", "in `schedule`, from step 5: .*loss.identity"),
        ("{5: {loss.identity: -1}}", "in `schedule`, from step 5: `loss` takes no negative weights"),
        ("{5: {encoder.views.flip: true}}", "from step 5: `encoder.views` needs `data.cached_embeddings`"),
        ("{5: {data.augmentation.flip: true}}", "from step 5: `data.augmentation` takes strengths only"),
    ],
)
def test_a_wrong_schedule_stops_before_anything_is_loaded(schedule: str, says: str):
    with pytest.raises(UserError, match=says) as error:
        parse_config(["--schedule", schedule])
    assert "\n" not in str(error.value)


def test_means_rates_norms_and_speed_are_logged(recipe):
    every = with_settings(recipe, steps=3)
    train_loop.train(every)
    thirds = with_settings(recipe, steps=3, log_every_steps=3, run=recipe.run.parent / "thirds")
    train_loop.train(thirds)
    single, mean = logged(every.run), logged(thirds.run)
    assert {name for name in single if not name.startswith("train/")} == {
        "speed/steps_per_s",
        "speed/images_per_s",
    }
    for name in ("generator_gradient_norm", "discriminator_gradient_norm", "learning_rate", "identity"):
        assert set(single[f"train/{name}"]) == {1, 2, 3}
    for name, values in mean.items():
        assert set(values) == {3}
        if name.startswith("train/") and name != "train/learning_rate":
            assert values[3] == pytest.approx(np.mean([single[name][step] for step in (1, 2, 3)]), rel=1e-5)
    assert mean["speed/images_per_s"][3] == pytest.approx(4 * mean["speed/steps_per_s"][3])


@pytest.mark.parametrize("name", [b"a[b]*?", b"q\"uo'te\\\n", b"\xff"])
def test_a_run_of_any_name_starts_goes_on_and_is_not_touched_where_it_is_damaged(
    recipe, tmp_path, capsys, name: bytes
):
    run = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # as `run_main` does
    train_loop.train(with_settings(recipe, run=run, steps=1))
    train_loop.train(with_settings(recipe, run=run, steps=2))
    train_loop.train(with_settings(recipe, run=run, steps=2))
    out = capsys.readouterr().out
    for words in ("Starting", "Continuing", "has its 2 steps already"):
        assert words in out
    assert set(logged(run)["train/identity"]) == {1, 2}
    for path in (run / CHECKPOINTS).glob("*.index"):
        path.write_bytes(b"")
    with pytest.raises(UserError, match="none of them is whole"):
        train_loop.train(with_settings(recipe, run=run, steps=3))


@pytest.mark.parametrize("kind", ["released", "none"])
def test_batches_are_augmented_as_the_config_says(recipe, kind):
    strategy = tf.distribute.get_strategy()
    plain, other = (
        next(build_batches(with_settings(recipe, data={"augmentation": AugmentationConfig(k)}), 0, strategy))
        for k in ("none", kind)
    )
    apart = float(tf.reduce_max(tf.abs(plain["target"] - other["target"])))
    assert apart > 0.05 if kind == "released" else apart == 0


def test_the_config_covers_faces(recipe, monkeypatch):
    monkeypatch.setattr(batches, "draw_sprites", lambda seed: draw_sprites(seed, 4))
    settings = AugmentationConfig("colour_and_geometry", occluded=1.0)
    config = with_settings(recipe, data={"augmentation": settings, "cached_embeddings": True})
    batch = next(build_batches(config, 0, tf.distribute.get_strategy()))
    assert (np.max(batch["occluder"], axis=(1, 2, 3)) > 0.5).mean() > 0.7


def test_a_run_begun_with_another_order_of_pictures_says_so(recipe, capsys, monkeypatch):
    train_loop.train(with_settings(recipe, steps=1))
    monkeypatch.setattr(train_loop, "ORDER_VERSION", 3)
    monkeypatch.setattr(train_loop, "_iterate", lambda *_: None)
    train_loop.train(recipe)
    assert "was begun with order 2 of the pictures, and this version has order 3" in capsys.readouterr().out


def test_what_is_not_finite_stops_the_run_and_the_last_checkpoint_stays(recipe):
    train_loop.train(with_settings(recipe, steps=1))
    before = newest(recipe.run)
    with pytest.raises(UserError, match="is not finite at step 2"):
        train_loop.train(with_settings(recipe, save_every_steps=1, loss={"identity": 1e38}))
    after = newest(recipe.run)
    assert all(np.array_equal(before[key], after[key]) for key in before)


def of_another_set(content: bytes) -> bytes:
    """Sound records in as many bytes, which hold no pictures."""
    with tempfile.NamedTemporaryFile() as file:
        with tf.io.TFRecordWriter(file.name) as writer:
            at = 0
            while at < len(content):
                length = int.from_bytes(content[at : at + 8], "little")
                writer.write(bytes(length))
                at += 16 + length
        return Path(file.name).read_bytes()


@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda c: b"\xff" * 8 + c[8:], "train-00000.tfrecord(;| must hold 10 whole records)"),
        (lambda c: c[:99] + bytes([c[99] ^ 1]) + c[100:], "damaged in .*: train-00000.tfrecord; delete it"),
        (of_another_set, "damaged in .*: train-00000.tfrecord; delete it"),
    ],
    ids=["length", "bit", "another"],
)
def test_damaged_shards_are_one_sentence(recipe, face_shards, tmp_path, damage, says, cached):
    folder = tmp_path / "data"
    folder.mkdir()
    for path in face_shards.glob("*.*"):
        content = path.read_bytes()
        (folder / path.name).write_bytes(damage(content) if path.name.startswith("train") else content)
    with pytest.raises(UserError, match=says):
        train_loop.train(
            with_settings(recipe, data={"folder": folder, "cached_embeddings": cached}, steps=20)
        )


@pytest.mark.parametrize(
    "harm", [lambda path: os.truncate(path, path.stat().st_size // 2), Path.unlink], ids=["cut", "gone"]
)
def test_a_shard_that_is_harmed_while_it_is_trained_on_is_named(
    recipe, face_shards, tmp_path, monkeypatch, harm
):
    folder = Path(shutil.copytree(face_shards, tmp_path / "data"))

    def harmed(config: TrainConfig, *arguments: Any) -> Any:
        iterator = build_batches(config, *arguments)
        next(iterator)
        harm(folder / "train-00000.tfrecord")
        return iterator

    monkeypatch.setattr(train_loop, "build_batches", harmed)
    with pytest.raises(UserError, match=r"damaged in .*: train-00000.tfrecord; delete it"):
        train_loop.train(with_settings(recipe, data={"folder": folder}, steps=20))
