"""Hostile texts: CSV files of pairs and groups, casts of a film, journals of a batch, and configs."""

import json
import random
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.hostile.bytes import damage
from benchmarks.hostile.kind import kind_of_files
from benchmarks.hostile.values import damaged_json, damaged_text
from facedancer_tf.batches.journal import Journal
from facedancer_tf.batches.pairs_table import read_jobs
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.groups_csv import with_groups
from facedancer_tf.evaluation.pairs import Pair, PairSet, Photograph
from facedancer_tf.evaluation.pairs_csv import read_pairs_csv
from facedancer_tf.margins.pairs_file import read_rows
from facedancer_tf.training.config import config_as_yaml, parse_config
from facedancer_tf.video.cast_file import read_cast

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
BOMBS = (
    "&a [x]\n"
    + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 10)}]\n" for n in range(12)),
    "a: &a\n  b: *a\n",
    "[" * 20_000,
    "a: " * 20_000,
    "!!python/object/apply:os.system ['x']\n",
    "? " * 5000,
)
TABLES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "evaluation.csv": (
        "# drawn from congress.zip\nsource,target,source_id,target_id,source_group,target_group\n"
        'a/1.jpg,b/1.jpg,a,b,f,m\nb/1.jpg,a/1.jpg,b,a,m,f\n"c, d/1.jpg",b/2.jpg,c,b,f,m\n',
        read_pairs_csv,
    ),
    "groups.csv": (
        "picture,group\na.jpg,f\nb.jpg,m\n",
        lambda path: with_groups(_pair_set(path.parent), path),
    ),
    "margins.csv": ("target,swapped,source\na.jpg,b.jpg,c.jpg\nd.jpg,e.jpg,f.jpg\n", read_rows),
    "jobs.csv": ("source,target,output\na.jpg;b.jpg,c.jpg,d/c.png\na.jpg,film.mp4,film.mp4\n", read_jobs),
    "cast.yaml": (
        "- source: anna.jpg\n  person: 0\n- source: [ben_1.jpg, ben_2.jpg]\n  person: somebody.jpg\n"
        "- source: carl.jpg\n  person: {x: 320, y: 180, at: 12.5}\n",
        read_cast,
    ),
}


def _pair_set(folder: Path) -> PairSet:
    one, other = (Photograph(folder / f"{name}.jpg", name, "") for name in "ab")
    return PairSet((Pair(one, other),), (one, other), "pairs", "all")


@cache
def tables() -> Mapping[str, bytes]:
    return {name: content.encode() for name, (content, _) in TABLES.items()} | {".swapped.jsonl": _journal()}


def _journal() -> bytes:
    entry = {"output": "a.jpg", "made_from": "0" * 64, "content": "1" * 64, "before": 0.1, "after": 0.5}
    return (json.dumps(entry) + "\n").encode() * 3


def damaged_table(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    name = chance.choice(list(files))
    if chance.random() < 0.2:
        return name, damage(files[name], files[chance.choice(list(files))], chance)
    if name.endswith("jsonl") and chance.random() < 0.7:
        return name, b"".join(
            damaged_json(json.loads(line), chance) + b"\n" for line in files[name].splitlines()
        )
    if name.endswith("yaml") and chance.random() < 0.1:
        return name, chance.choice(BOMBS).encode() + files[name]
    return name, damaged_text(files[name].decode(), chance)


def _read_table(path: Path) -> None:
    if path.suffix == ".jsonl":
        Journal(path.parent)
    else:
        TABLES[path.name][1](path)


@cache
def configs() -> Mapping[str, bytes]:
    """The recipes of configs/, and one that has every setting."""
    files = {path.name: path.read_bytes() for path in sorted(CONFIGS.glob("*.yaml"))}
    return files | {"all.yaml": config_as_yaml(parse_config([])).encode()}


def damaged_config(files: Mapping[str, bytes], chance: random.Random) -> tuple[str, bytes]:
    name = chance.choice([*files, "all.yaml"])
    if chance.random() < 0.05:
        return name, chance.choice(BOMBS).encode() + files[name]
    if chance.random() < 0.1:
        return name, damage(files[name], files[name], chance)
    return name, damaged_text(files[name].decode(), chance)


def _read_config(path: Path) -> None:
    parse_config(["--config", str(path)])


TABLE_KIND = kind_of_files(tables, damaged_table, _read_table, (UserError,))
CONFIG_KIND = kind_of_files(configs, damaged_config, _read_config, (UserError,))
