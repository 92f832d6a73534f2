"""Two devices give the update of one. In a process of its own: logical devices must be made before anything else."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.facedancer_tf.training import SMALL, batch_of, build, with_settings

crops = np.load(sys.argv[1])
# Both self-swaps on the first device; margins that some blocks keep and others do not.
batch = batch_of(crops, [0, 1, 2, 3], [0, 1, 3, 4])
config = with_settings(SMALL, loss={"ifsr_margins": {"stage4_block2_out": 0.01, "stage3_block1_out": 1.5}})
results = []
for strategy in (None, tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
    built = build(config, strategy)
    given = batch
    if strategy is not None:
        dataset = tf.data.Dataset.from_tensors(batch).unbatch().batch(4)
        given = next(iter(strategy.experimental_distribute_dataset(dataset)))
    scalars = built.step(given, with_r1=True, with_cycle=True)
    models = (built.models.generator, built.models.averaged, built.models.discriminator)
    weights = np.concatenate([np.ravel(w) for m in models for w in m.get_weights()])
    # Adam's first step is blind to the size of a gradient; its second moment is not.
    seconds = [np.sqrt(v.numpy()) for o in (built.generator_optimizer, built.discriminator_optimizer)
               for v in o.variables if v.path.endswith("velocity")]
    results.append(({k: float(v) for k, v in scalars.items()}, weights, seconds))
one, two = results
for name in one[0]:
    assert abs(one[0][name] - two[0][name]) <= 1e-4 * max(abs(one[0][name]), 1e-2), (name, one[0][name], two[0][name])
for a, b in zip(one[2], two[2]):  # 1e-8: a bias that a normalisation undoes has no gradient but rounding
    assert np.abs(a - b).max() <= 1e-2 * a.max() + 1e-8, (a.max(), np.abs(a - b).max())
moved = np.abs(one[1] - two[1])
assert np.mean(moved < 2e-5) > 0.99, np.mean(moved < 2e-5)
print("same", float(moved.max()))
"""


def test_two_devices_give_the_losses_and_weights_of_one(face_crops, tmp_path):
    import numpy as np

    np.save(tmp_path / "crops.npy", face_crops)
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / "crops.npy")], cwd=ROOT, capture_output=True,
                          text=True, timeout=500)  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert "same" in done.stdout


TRAIN = """
import sys
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from facedancer_tf.config import parse_config
from facedancer_tf.train_loop import train

train(parse_config(sys.argv[1:]))
"""


def test_a_mirrored_run_saves_and_goes_on(face_shards, tmp_path):
    flags = ["--config", "configs/smoke.yaml", "--data.folder", str(face_shards), "--run", str(tmp_path / "run"),
             "--strategy", "mirrored", "--batch_size", "4", "--loss.identity", "0", "--loss.ifsr", "0"]  # fmt: skip
    for steps, words in (("1", "Starting"), ("2", "Continuing")):
        done = subprocess.run([sys.executable, "-c", TRAIN, *flags, "--steps", steps], cwd=ROOT, capture_output=True,
                              text=True, timeout=500)  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        assert words in done.stdout
        assert "2 x CPU" in done.stdout
    from facedancer_tf.model_file import load_model_file

    assert load_model_file(tmp_path / "run" / "model.keras")[1].step == 2
