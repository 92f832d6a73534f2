"""Reads and writes manifests: `manifest-<part>-of-<parts>.json` lists the shards of a folder.

A manifest is written last, so a folder without one is unfinished. Now there is one part; earlier versions could make a
folder in several, with a manifest each, which the reader merges.
"""

import json
import re
from dataclasses import asdict, dataclass, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

from data.records import SCHEMA_VERSION
from data.whole_files import whole_file

Split = Literal["train", "validation"]
SETTINGS = (
    "settings.json"  # what prepare_data.py writes first: the settings that all manifests of a folder repeat
)
LARGEST_BYTES, LONGEST_SOURCE = 2**28, 1000
LARGEST_PARTS, LARGEST_SIZE_PX = 100_000, 65_536
_SHARD_NAME = re.compile(r"[\w-]+\.tfrecord", re.ASCII)  # a name, never a path
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Shard:
    """One finished TFRecord file: its `name`, `split`, number of records, size in bytes and SHA-256."""

    name: str
    split: str
    count: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The shards, sorted by name, and the settings that made them (among these `size_px` and `shrink`)."""

    settings: dict[str, Any]
    shards: tuple[Shard, ...]

    @property
    def size_px(self) -> int:
        """The side of the stored crops."""
        return int(self.settings["size_px"])

    @property
    def shrink(self) -> float:
        """The shrink factor of the alignment."""
        return float(self.settings["shrink"])

    def of(self, split: Split) -> tuple[Shard, ...]:
        """The shards of one split that hold at least one record."""
        return tuple(shard for shard in self.shards if shard.split == split and shard.count)

    def count(self, split: Split) -> int:
        """The number of records in a split."""
        return sum(shard.count for shard in self.of(split))


def manifest_name(part: int, parts: int) -> str:
    """The file name of the manifest of `part` of `parts`; parts are counted from 0, as shards are."""
    return f"manifest-{part:05d}-of-{parts:05d}.json"


def write_json(path: Path, content: Any) -> None:
    """Writes `content` as JSON to a file beside `path`, flushes it to the disk, then moves it into place."""
    text = json.dumps(content, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
    with whole_file(path, durable=True) as file:
        file.write(text.encode("ascii"))


def write_manifest(folder: Path, manifest: Manifest, part: int = 0, parts: int = 1) -> Path:
    """Writes the manifest of one part; its presence says that the part is finished."""
    path = folder / manifest_name(part, parts)
    content = {
        "version": SCHEMA_VERSION,
        "part": part,
        "parts": parts,
        "settings": manifest.settings,
        "shards": [asdict(shard) for shard in manifest.shards],
        "counts": {split: manifest.count(split) for split in ("train", "validation")},
    }
    write_json(path, content)
    return path


def read_manifest(folder: Path) -> Manifest:
    """Reads the manifests of `folder` and merges them into one.

    Raises ValueError where there is none, one is damaged or was changed, a part is missing, parts were made with
    different settings, the version is unknown, or a shard's file is absent or has another size.
    """
    folder = Path(folder)
    contents = [_read_part(path) for path in sorted(folder.glob("manifest-*.json"))]
    if not contents:
        raise ValueError(f"{folder} holds no finished shards (no manifest-*.json): run prepare_data.py first")
    first = contents[0]
    for content in contents[1:]:
        if content["settings"] != first["settings"] or content["parts"] != first["parts"]:
            raise ValueError(f"{folder} holds parts made with different settings: keep one set per folder")
    made_with = folder / SETTINGS
    if made_with.is_file() and _read_json(made_with) != first["settings"]:
        raise ValueError(
            f"{folder} must have the same settings in its manifest and in {SETTINGS}, and one of them was changed: run "
            "prepare_data.py with the same arguments again, which writes the manifest anew"
        )
    missing = sorted(set(range(first["parts"])) - {content["part"] for content in contents})
    if missing:
        numbers = ", ".join(f"{part + 1}/{first['parts']}" for part in missing)
        raise ValueError(
            f"{folder} lacks the manifest of part {numbers}, which an earlier version made apart: copy it there, or "
            "make the shards anew with prepare_data.py"
        )
    shards = sorted((Shard(**row) for content in contents for row in content["shards"]), key=lambda s: s.name)
    for shard, after in pairwise(shards):
        if shard.name == after.name:
            raise ValueError(
                f"{folder} must have each shard in one manifest. Received: two list {shard.name}; keep one"
            )
    for shard in shards:
        path = folder / shard.name
        if not path.is_file() or path.stat().st_size != shard.bytes:
            raise ValueError(f"{path} must be there and hold {shard.bytes} bytes, as its manifest says")
    return Manifest(first["settings"], tuple(shards))


def _read_json(path: Path) -> Any:
    """The content of a JSON file, or None where it is none or too large."""
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= LARGEST_BYTES else None
    except (ValueError, RecursionError):
        return None


def _read_part(path: Path) -> dict[str, Any]:
    """Reads one manifest; raises ValueError where it is not as `write_manifest` writes them."""
    content = _read_json(path)
    if isinstance(content, dict) and content.get("version") != SCHEMA_VERSION:
        raise ValueError(
            f"{path} must have version {SCHEMA_VERSION}; make the shards anew with prepare_data.py. "
            f"Received: version={content.get('version')!r}"
        )
    if not _is_manifest(content) or not _is_source(content["settings"].get("source", "")):
        raise ValueError(
            f"{path} must be as prepare_data.py wrote it, and it is damaged or was changed: run prepare_data.py with "
            "the same arguments again, which writes it anew"
        )
    return content


def _is_manifest(content: Any) -> bool:
    """Says whether every entry of a manifest is there, of its type and within its bounds."""
    if not isinstance(content, dict) or not isinstance(settings := content.get("settings"), dict):
        return False
    part, parts, rows = (content.get(name) for name in ("part", "parts", "shards"))
    shrink = settings.get("shrink")
    return (
        isinstance(parts, int)
        and is_count(parts, 1, LARGEST_PARTS)
        and is_count(part, 0, parts - 1)
        and is_count(settings.get("size_px"), 1, LARGEST_SIZE_PX)
        and isinstance(shrink, (int, float))
        and not isinstance(shrink, bool)
        and 0.0 < shrink <= 1.0
        and isinstance(rows, list)
        and all(is_shard(row) for row in rows)
    )


def _is_source(source: Any) -> bool:
    """Whether `source` says in a few printable words where the pictures come from; model files repeat it."""
    return isinstance(source, str) and len(source) <= LONGEST_SOURCE and source.isprintable()


def is_shard(row: Any) -> bool:
    """Whether `row`, from a file, has a shard's entries, each of its type and within its bounds."""
    return (
        isinstance(row, dict)
        and row.keys() == {field.name for field in fields(Shard)}
        and isinstance(row["name"], str)
        and bool(_SHARD_NAME.fullmatch(row["name"]))
        and row["split"] in get_args(Split)
        and is_count(row["count"])
        and is_count(row["bytes"])
        and isinstance(row["sha256"], str)
        and bool(_SHA256.fullmatch(row["sha256"]))
    )


def is_count(value: Any, smallest: int = 0, largest: int = 2**53) -> bool:
    """Whether `value`, from a file, is a whole number within the bounds."""
    return type(value) is int and smallest <= value <= largest
