"""Builds the training batches of a run, on the devices that use them."""

from collections.abc import Iterator

import tensorflow as tf

from data.augmentation import colour_and_geometry_augmentation, released_augmentation
from data.occluders.sprites import draw_sprites
from data.pipeline import Augmentation, build_dataset
from data.stream import Companions
from facedancer_tf.training.config import TrainConfig


def _augmentation(config: TrainConfig) -> Augmentation | None:
    settings = config.data.augmentation
    if settings.kind == "colour_and_geometry":
        sprites = draw_sprites(config.seed) if settings.occluded else None
        return colour_and_geometry_augmentation(**settings.strengths(), sprites=sprites)
    return released_augmentation() if settings.kind == "released" else None


def build_batches(
    config: TrainConfig,
    start_sample: int,
    strategy: tf.distribute.Strategy,
    embeddings: Companions | None = None,
) -> Iterator:
    """Builds this worker's share of every global batch from `start_sample` on, divided among its devices.

    `embeddings` are the files of cached embeddings beside the shards, where the config uses them.
    """

    def share(worker: tf.distribute.InputContext) -> tf.data.Dataset:
        dataset = build_dataset(
            config.data.folder, "train", config.size_px, config.batch_size, config.seed, start_sample,
            config.data.self_swap_probability, _augmentation(config), worker.input_pipeline_id,
            worker.num_input_pipelines, embeddings,
        )  # fmt: skip
        if strategy.num_replicas_in_sync > worker.num_input_pipelines:
            dataset = dataset.rebatch(config.batch_size // strategy.num_replicas_in_sync)
        # Declared endless: otherwise workers ask one another before every batch whether there is one.
        return dataset.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))

    return iter(strategy.distribute_datasets_from_function(share))
