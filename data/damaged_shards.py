"""Finds which shards are not those of their manifest, where reading a record has failed."""

from pathlib import Path

from data.checksums import file_sha256
from data.manifest import Manifest
from data.record_index import DamagedShard


def damage_of(folder: Path, manifest: Manifest) -> DamagedShard | None:
    """An error that names every shard in `folder` whose SHA-256 is not its manifest's; None where all are sound.

    All shards are read: this is for after a failure. Raises OSError where one cannot be read.
    """
    names = [
        shard.name
        for shard in manifest.shards
        if not (folder / shard.name).is_file() or file_sha256(folder / shard.name) != shard.sha256
    ]
    if not names:
        return None
    return DamagedShard(
        f"damaged in {folder}: {', '.join(names)}; delete it and run prepare_data.py with the same arguments again, "
        "which makes it anew"
    )
