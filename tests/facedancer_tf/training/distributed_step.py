"""Runs two training steps on one device, on two devices of one process or by two workers: the same global batches.

    python -m tests.facedancer_tf.training.distributed_step KIND FOLDER SHARDS

FOLDER holds crops.npy and, except for the kind one_device, the ifsr.npz that one_device wrote. The chief writes
KIND.npz (losses, gradients, weights), and each worker writes KIND-batch-WORKER.npz (its share of the pipeline's third
batch).
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.training.batches import build_batches
from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.workers import build_strategy, is_chief
from losses.cosine import cosine_distance
from tests.facedancer_tf.training.small_training import (
    SMALL,
    Built,
    batch_of,
    build,
    tiny_models,
    with_settings,
)

# Pairs (targets, sources). In the first batch both self-swaps fall to the first replica; in the second batch one falls
# to the first replica and two fall to the second.
BATCHES = (([0, 1, 2, 3], [0, 1, 3, 4]), ([0, 1, 2, 3], [0, 4, 2, 3]))
BLOCKS = ("stage4_block2_out", "stage3_block1_out")


def distances(built: Built, batch: dict) -> np.ndarray:
    """Computes IFSR's distance of each block of BLOCKS and each sample, `[2, 4]`, before the first step."""
    source = built.models.faces(batch["source"])["embedding"]
    swapped = built.models.faces(built.models.generator([batch["target"], source], training=True))
    target = built.models.faces(batch["target"])
    return np.stack([cosine_distance(target[block], swapped[block]) for block in BLOCKS])


def thresholds_between_replicas(distance: np.ndarray) -> np.ndarray:
    """Chooses mean distances `[2]` at which each block's hinge is active on only one replica.

    In the global mean, which alone counts, the first block's hinge is active and the second block's is not.
    """
    local, whole = distance.reshape(2, 2, 2).mean(axis=2), distance.mean(axis=1)  # [block, replica], [block]
    return np.array([(local[0].min() + whole[0]) / 2, (local[1].max() + whole[1]) / 2])


def build_here(config: TrainConfig, strategy: tf.distribute.Strategy) -> Built:
    """The step with tiny networks, whose variables are on all devices."""
    with strategy.scope():
        return build(config, strategy, tiny_models(config))


def main(kind: str, folder: Path, shards: Path) -> None:
    run_graphs_as_they_are()
    if kind == "mirrored":
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    config = with_settings(SMALL, strategy=kind, data={"folder": shards}, wait_for_workers_s=120.0)
    strategy = build_strategy(config)
    crops = np.load(folder / "crops.npy")
    if kind == "one_device":
        built = build_here(with_settings(config, loss={"ifsr_margins": dict.fromkeys(BLOCKS, 1.0)}), strategy)
        distance = distances(built, batch_of(crops, *BATCHES[0]))
        np.savez(folder / "ifsr.npz", distance=distance, threshold=thresholds_between_replicas(distance))
    margins = np.load(folder / "ifsr.npz")["threshold"] / config.loss.ifsr_scale
    config = with_settings(config, loss={"ifsr_margins": dict(zip(BLOCKS, margins.tolist(), strict=True))})
    built, results = build_here(config, strategy), {}

    def share(worker: tf.distribute.InputContext) -> tf.data.Dataset:
        batches = [tf.data.Dataset.from_tensor_slices(batch_of(crops, *pairs)) for pairs in BATCHES]
        dataset = batches[0].concatenate(batches[1]).batch(config.batch_size // strategy.num_replicas_in_sync)
        return dataset.shard(worker.num_input_pipelines, worker.input_pipeline_id)

    given = iter(strategy.distribute_datasets_from_function(share))
    for number in range(len(BATCHES)):
        scalars = built.step(next(given), with_r1=True, with_cycle=True)
        results.update({f"{number}/loss/{name}": value.numpy() for name, value in scalars.items()})
        state = {}
        for name in ("generator", "discriminator"):
            # Adam without momentum keeps the gradient itself.
            gradients = [
                v for v in getattr(built, f"{name}_optimizer").variables if v.path.endswith("momentum")
            ]
            state[f"gradient/{name}"] = [v.numpy() for v in gradients]
        for name in ("generator", "averaged", "discriminator"):
            state[f"weight/{name}"] = getattr(built.models, name).get_weights()
        results.update({f"{number}/{name}/{i}": v for name, vs in state.items() for i, v in enumerate(vs)})
    if is_chief(strategy):
        np.savez(folder / f"{kind}.npz", **results)

    batch = next(build_batches(config, 2 * config.batch_size, strategy))
    parts = {name: strategy.experimental_local_results(value) for name, value in batch.items()}
    worker = 0 if is_chief(strategy) else 1
    whole: dict = {name: np.concatenate(part) for name, part in parts.items()}
    np.savez(folder / f"{kind}-batch-{worker}.npz", **whole)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
