"""Says which file of a run's data is damaged where reading it fails: TensorFlow's errors name none."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from data.damaged_shards import damage_of
from data.manifest import Manifest
from data.record_index import DamagedShard
from data.stream import Companions
from facedancer_tf.errors import UserError
from facedancer_tf.training.cached_embeddings import unsound_embeddings
from facedancer_tf.training.config import TrainConfig

# A wrong checksum; a record that is no picture of its size; a file that ends early; one that is gone.
_SIGNS = (
    tf.errors.DataLossError,
    tf.errors.InvalidArgumentError,
    tf.errors.FailedPreconditionError,
    tf.errors.NotFoundError,
)


@contextmanager
def damage_named(config: TrainConfig, manifest: Manifest, embeddings: Companions | None) -> Iterator[None]:
    """Raises UserError where the block fails because a shard or a file of `embeddings` is damaged, which it names.

    Every shard and file is then compared with its SHA-256. Where all are sound, the error stays as it is.
    """
    try:
        yield
    except DamagedShard as error:
        raise UserError(str(error), "unreadable") from error
    except _SIGNS as error:
        if damage := damage_of(config.data.folder, manifest):
            raise UserError(str(damage), "unreadable") from error
        if embeddings and (shards := unsound_embeddings(embeddings, manifest.of("train"))):
            names = ", ".join(shard.name for shard in shards)
            raise UserError(
                f"damaged in {embeddings.folder}: {names}; start again, and these embeddings are computed anew",
                "unreadable",
            ) from error
        raise
