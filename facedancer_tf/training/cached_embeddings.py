"""Computes the identity embeddings of all training pictures once and stores them beside the shards.

The encoder is frozen, so every epoch would compute the same embeddings again. They lie in a folder of
`<data>/embeddings/` that is named after the encoder's weights, the size and the shards' checksums. Each shard has a
TFRecord file of its own name there, with the raw embeddings [W], float32 little-endian, of its records in order. They
are those of the pictures as the pipeline decodes them. With a second encoder its embeddings follow in the same row.
SHA256SUMS there has the checksum of each file: a file that is not the one that was computed is computed again.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from tqdm import tqdm

from data.checksums import file_sha256, read_sums, write_sums
from data.locks import only_one
from data.manifest import Manifest, Shard
from data.pipeline import decode_picture
from data.record_index import FRAME_BYTES
from data.stream import Companions
from data.whole_files import whole_file
from facedancer_tf.errors import UserError, disk_reason
from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.models import Models

BATCH = 32
LOCK = ".lock"


def embeddings_of_run(
    config: TrainConfig, models: Models, manifest: Manifest, make: bool
) -> Companions | None:
    """Finds the embeddings of the training shards; returns None if the config does not use them.

    With `make`, those that are missing or damaged are computed first; of several workers only the chief does so, and
    the others find its files. Raises UserError where some are missing or damaged without `make`, or cannot be written.
    """
    if not config.data.cached_embeddings:
        return None
    pictures = hashlib.sha256("".join(shard.sha256 for shard in manifest.of("train")).encode()).hexdigest()
    encoders = [(models.encoder_description, models.encoder_fingerprint)]
    if models.second_encoder is not None:
        encoders.append((models.second_encoder.description, models.second_encoder.fingerprint))
    encoder = "-".join(f"{description.name}-{fingerprint[:16]}" for description, fingerprint in encoders)
    folder = config.data.folder / "embeddings" / f"{encoder}-{config.size_px}px-{pictures[:16]}"
    companions = Companions(folder, sum(description.width for description, _ in encoders) * 4)
    shards = manifest.of("train")
    if not make and (unsound := unsound_embeddings(companions, shards)):
        raise UserError(
            f"{folder} lacks sound embeddings of {unsound[0].name}: the first worker has made them on its machine; "
            "copy the folder, share the disk, or set `data.cached_embeddings` to false"
        )
    if make and unsound_embeddings(companions, shards):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with only_one(
                folder / LOCK, wait=True
            ):  # another training of the same data may be computing them
                _make(config, models, manifest, unsound_embeddings(companions, shards), folder)
        except (OSError, tf.errors.ResourceExhaustedError) as error:  # the latter is TensorFlow's full disk
            raise UserError(
                f"the embeddings cannot be kept in {folder} ({disk_reason(error)}): make room or give the right to "
                "write there, or set `data.cached_embeddings` to false",
                "unwritable",
            ) from error
    return companions


def unsound_embeddings(companions: Companions, shards: Sequence[Shard]) -> list[Shard]:
    """Lists the shards whose embeddings are not there, or not those that were computed."""
    sums = _sums(companions.folder)
    framed = companions.bytes_each + FRAME_BYTES

    def is_sound(shard: Shard) -> bool:
        path = companions.folder / shard.name
        return (
            path.is_file()
            and path.stat().st_size == shard.count * framed
            and file_sha256(path) == sums.get(shard.name)
        )

    return [shard for shard in shards if not is_sound(shard)]


def _sums(folder: Path) -> dict[str, str]:
    """The checksums in `folder`; empty where there are none, or the file is damaged."""
    try:
        return read_sums(folder)
    except (FileNotFoundError, ValueError):
        return {}


def _make(config: TrainConfig, models: Models, manifest: Manifest, shards: list[Shard], folder: Path) -> None:
    """Computes the embeddings of `shards` and writes one file for each into `folder`, with its checksum."""
    embed = tf.function(models.embeddings, autograph=False)
    with tqdm(total=sum(shard.count for shard in shards), unit="picture", desc="embedding") as bar:
        for shard in shards:
            records = tf.data.TFRecordDataset(str(config.data.folder / shard.name))
            pictures = records.map(
                lambda record: decode_picture(record, manifest.size_px, config.size_px), tf.data.AUTOTUNE
            )
            with whole_file(folder / shard.name) as file, tf.io.TFRecordWriter(file.name) as writer:
                for batch in pictures.batch(BATCH):
                    embeddings = embed(tf.cast(batch, tf.float32) / 127.5 - 1.0).numpy().astype("<f4")
                    for embedding in embeddings:
                        writer.write(embedding.tobytes())
                    bar.update(len(batch))
            write_sums(folder, {**_sums(folder), shard.name: file_sha256(folder / shard.name)})
