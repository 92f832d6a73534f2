"""Reads and writes manifests: `manifest-<part>-of-<parts>.json` lists the shards that one `--part` put into a folder.

A manifest is written last, so a part without one is unfinished. The reader merges all parts of a folder.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from data.records import SCHEMA_VERSION
from data.whole_files import whole_file

Split = Literal["train", "validation"]


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

    Raises ValueError where there is none, a part is missing, parts were made with different settings, the version is
    unknown, or a shard's file is absent or has another size.
    """
    folder = Path(folder)
    contents = []
    for path in sorted(folder.glob("manifest-*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("version") != SCHEMA_VERSION:
            raise ValueError(
                f"{path} must have version {SCHEMA_VERSION}; make the shards anew with prepare_data.py. "
                f"Received: version={content.get('version')}"
            )
        contents.append(content)
    if not contents:
        raise ValueError(f"{folder} holds no finished shards (no manifest-*.json): run prepare_data.py first")
    first = contents[0]
    for content in contents[1:]:
        if content["settings"] != first["settings"] or content["parts"] != first["parts"]:
            raise ValueError(f"{folder} holds parts made with different settings: keep one set per folder")
    missing = sorted(set(range(first["parts"])) - {content["part"] for content in contents})
    if missing:
        numbers = ", ".join(f"{part + 1}/{first['parts']}" for part in missing)
        raise ValueError(
            f"{folder} lacks the manifest of part {numbers}: finish prepare_data.py --part {numbers}"
        )
    shards = sorted((Shard(**row) for content in contents for row in content["shards"]), key=lambda s: s.name)
    for shard in shards:
        path = folder / shard.name
        if not path.is_file() or path.stat().st_size != shard.bytes:
            raise ValueError(f"{path} must be there and hold {shard.bytes} bytes, as its manifest says")
    return Manifest(first["settings"], tuple(shards))
