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
    models, step = build(config, strategy)
    if strategy is None:
        given = batch
    else:
        dataset = tf.data.Dataset.from_tensors(batch).unbatch().batch(4)
        given = next(iter(strategy.experimental_distribute_dataset(dataset)))
    scalars = step(given, with_r1=True, with_cycle=True)
    again = step(given, with_r1=True, with_cycle=True)
    weights = np.concatenate([np.ravel(w) for m in (models.generator, models.averaged, models.discriminator)
                              for w in m.get_weights()])
    results.append(({k: float(v) for k, v in scalars.items()}, {k: float(v) for k, v in again.items()}, weights))
one, two = results
for first, second in zip(one[:2], two[:2]):
    for name in first:
        assert abs(first[name] - second[name]) <= 2e-3 * max(abs(first[name]), 1e-2), (name, first[name], second[name])
moved = np.abs(one[2] - two[2])
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
