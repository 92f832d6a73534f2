"""Hostile sets: folders of shards and their manifests, zip files of pictures, and the people of a film."""

import hashlib
import io
import json
import random
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import tensorflow as tf

from benchmarks.hostile.bytes import damage
from benchmarks.hostile.kind import Kind, kind_of_files
from benchmarks.hostile.messages import damaged_message
from benchmarks.hostile.pictures import damaged, sound_pictures
from benchmarks.hostile.values import damaged_json, damaged_text
from benchmarks.hostile.zips import STORED, damaged_zip, member, write_zip
from data.folders import list_pictures
from data.manifest import SETTINGS, Manifest, Shard, manifest_name, read_manifest, write_json, write_manifest
from data.record_index import DamagedShard
from data.records import encode_crop, serialise_record
from facedancer_tf.errors import UserError
from facedancer_tf.margins.views import open_folder
from facedancer_tf.training.batches import build_batches
from facedancer_tf.training.config import TrainConfig
from facedancer_tf.training.config_sections import AugmentationConfig, DataConfig
from facedancer_tf.training.damaged_data import damage_named
from facedancer_tf.video.people_file import read_people, write_people
from facedancer_tf.video.tracks import OUTLINE_POINTS, Clock, People, Person, Track

SIZE_PX, RECORDS, SHARDS, BATCH, BATCHES = 64, 5, 2, 2, 6
SHARD, MANIFEST = "train-00000.tfrecord", manifest_name(0, 1)


@cache
def _examples() -> Sequence[bytes]:
    drawn = np.random.default_rng(0).integers(0, 256, (SHARDS * RECORDS, SIZE_PX, SIZE_PX, 3), np.uint8)
    return [
        serialise_record(encode_crop(crop, 95 if number % 2 else None), f"person{number}", f"{number}.png#0")
        for number, crop in enumerate(drawn)
    ]


def _write_set(folder: Path, examples: Sequence[bytes]) -> Path:
    """A sound set of shards that holds these records, whatever is in them."""
    folder.mkdir(parents=True)
    shards = []
    for number in range(SHARDS):
        name = f"train-{number:05d}.tfrecord"
        with tf.io.TFRecordWriter(str(folder / name)) as writer:
            for example in examples[number * RECORDS : (number + 1) * RECORDS]:
                writer.write(example)
        content = (folder / name).read_bytes()
        shards.append(Shard(name, "train", RECORDS, len(content), hashlib.sha256(content).hexdigest()))
    settings = {"size_px": SIZE_PX, "shrink": 1.0}
    write_json(folder / SETTINGS, settings)
    write_manifest(folder, Manifest(settings, tuple(shards)))
    return folder


def damaged_set(folder: Path, chance: random.Random) -> Path:
    """A set with damage of a shard's bytes, of the manifest or settings, or of records whose checksums are right."""
    place = folder / f"set{chance.getrandbits(60)}"
    examples = list(_examples())
    if chance.random() < 0.3:
        at = chance.randrange(len(examples))
        examples[at] = damaged_message(tf.train.Example.FromString(examples[at]), chance)
        if chance.random() < 0.5:
            picture = damaged(sound_pictures(), chance)[1]
            examples[at] = serialise_record(picture, "x", "x")
        return _write_set(place, examples)
    path = _write_set(place, examples) / chance.choice((SHARD, SHARD, MANIFEST, MANIFEST, SETTINGS))
    content = path.read_bytes()
    if path.name == SHARD:
        bad = damage(content, content, chance)
        if chance.random() < 0.7:  # of the same size
            bad = bad[: len(content)].ljust(len(content), b"\0")
        path.write_bytes(bad)
        if chance.random() < 0.3:
            path.unlink()
    elif chance.random() < 0.8:
        path.write_bytes(damaged_json(json.loads(content), chance))
    else:
        path.write_bytes(damaged_text(content.decode(), chance))
    return place


def _read_set(folder: Path) -> None:
    """Reads some batches as a training does."""
    config = TrainConfig(
        size_px=SIZE_PX, batch_size=BATCH, data=DataConfig(folder, augmentation=AugmentationConfig("none"))
    )
    manifest = read_manifest(folder)
    with damage_named(config, manifest, None):
        for _ in islice(build_batches(config, 0, tf.distribute.get_strategy()), BATCHES):
            pass


@cache
def zips_of_views() -> Mapping[str, bytes]:
    """A zip file of pictures, as people bring crops and views."""
    members = [member(name, content, STORED) for name, content in sound_pictures().items()]
    return {"views.zip": write_zip(members)}


def damaged_views(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    (name,) = files
    if chance.random() < 0.5:
        return name, damage(files[name], files[name], chance, (b"PK\1\2", b"PK\3\4", b"PK\5\6"))
    return name, damaged_zip(sound_pictures(), chance)


def _read_views(path: Path) -> None:
    with open_folder(path) as folder:
        list_pictures([folder], lambda error: None)


@cache
def people_files() -> Mapping[str, bytes]:
    """A file of one person in a film of ten frames."""
    count, time_base = 10, Fraction(1, 10)
    track = Track(
        np.arange(count, dtype=np.int32), np.ones((count, 5, 2), np.float32),
        np.ones((count, OUTLINE_POINTS, 2), np.float32), np.ones(count, np.float32),
    )  # fmt: skip
    portrait = np.zeros((64, 64, 3), np.uint8)
    pts = np.arange(count)
    clock = Clock(pts, time_base)
    person = Person(0, [track], np.ones(8, np.float32), 1.0, clock.presences([track]), portrait)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.npz"
        write_people(path, People([person], ["a sentence"], pts, time_base, 640, 360, 0))
        return {path.name: path.read_bytes()}


def damaged_people(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    """The file with damage of its bytes, of how it is packed, or of an array's head or content."""
    (name,) = files
    if chance.random() < 0.2:
        return name, damage(files[name], files[name], chance, (b"PK\1\2", b"PK\3\4", b"PK\5\6", b"NUMPY"))
    with zipfile.ZipFile(io.BytesIO(files[name])) as archive:
        members = {inner: archive.read(inner) for inner in archive.namelist()}
    inner = chance.choice(list(members))
    if chance.random() < 0.3:
        return name, damaged_zip(members, chance)
    if chance.random() < 0.5:
        head, _, rest = members[inner].partition(b"\n")
        text = damaged_text(head[10:].decode("latin-1"), chance)[:60_000]
        members[inner] = head[:8] + (len(text) + 1).to_bytes(2, "little") + text + b"\n" + rest
    else:
        array = np.load(io.BytesIO(members[inner]), allow_pickle=False)
        other = np.load(io.BytesIO(members[chance.choice(list(members))]), allow_pickle=False)
        file = io.BytesIO()
        values = (
            other,
            array[:0] if array.ndim else array,
            array.astype("S9"),
            np.zeros_like(array),
            np.array([None]),
        )
        np.save(file, chance.choice(values), allow_pickle=True)
        members[inner] = file.getvalue()
    return name, write_zip([member(inner, content) for inner, content in members.items()])


SHARD_KIND = Kind(
    lambda folder: [_write_set(folder / "sound", _examples())],
    damaged_set,
    _read_set,
    (ValueError, DamagedShard, UserError),
)
ZIP_KIND = kind_of_files(zips_of_views, damaged_views, _read_views, (UserError,))
PEOPLE_KIND = kind_of_files(people_files, damaged_people, read_people, (ValueError,))
