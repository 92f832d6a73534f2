"""Which source goes into which target, and among whom the source must be found again.

A photograph's identity is a word: two photographs with the same word show one person.
"""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError
from facedancer_tf.people import list_people
from facedancer_tf.writing import write_text

COLUMNS = ("source", "target", "source_id", "target_id")


@dataclass(frozen=True)
class Photograph:
    """A picture's file and who it shows."""

    path: Path
    identity: str


@dataclass(frozen=True)
class Pair:
    """The source gives the identity, the target everything else."""

    source: Photograph
    target: Photograph

    @property
    def people(self) -> str:
        """Who goes into whom: one word for all pairs of these two people in this order."""
        return f"{self.source.identity}\0{self.target.identity}"


@dataclass(frozen=True)
class PairSet:
    """Pairs with their gallery. `name` and `sampling` say in words where they come from and how they were drawn."""

    pairs: tuple[Pair, ...]
    gallery: tuple[Photograph, ...]
    name: str
    sampling: str


def read_pair_set(where: str, count: int, gallery: int, seed: int) -> PairSet:
    """The pairs that `where` means: "bundled", a CSV file of pairs, or a folder of pictures.

    count: how many pairs are drawn from a folder; gallery: pictures in the gallery; the pairs' own are always in
    it, the others as far as there is room. Raises UserError where there is no such place, or not enough in it.
    """
    path = Path(where)
    if where == "bundled":
        photographs = bundled_photographs()
        pairs = [Pair(s, t) for s in photographs for t in photographs if s is not t]
        name, sampling = f"{len(photographs)} bundled photographs", "all ordered pairs"
    elif path.is_dir():
        photographs = photographs_in(path)
        pairs = draw_pairs(photographs, count, seed, path)
        people = len({photograph.identity for photograph in photographs})
        name = path.resolve().name
        sampling = (
            f"{count} pairs at random among {len(photographs)} pictures of {people} people, seed {seed}"
        )
    elif path.is_file():
        pairs = read_pairs_csv(path)
        photographs, name, sampling = [], path.name, "every line of the file"
    else:
        raise UserError(f"there are no pairs {where}: name 'bundled', a CSV file or a folder of pictures")
    return PairSet(tuple(pairs), tuple(choose_gallery(pairs, photographs, gallery, seed)), name, sampling)


def bundled_photographs() -> list[Photograph]:
    """The photographs that come with the project, one of each person."""
    return [Photograph(path, path.stem) for path in bundled_pictures()]


def photographs_in(folder: Path) -> list[Photograph]:
    """The pictures below `folder` in order of name, and the people that `facedancer_tf.people` sees in their names."""
    return [Photograph(path, person) for path, person in list_people(folder)]


def draw_pairs(photographs: Sequence[Photograph], count: int, seed: int, place: Path) -> list[Pair]:
    """`count` different ordered pairs of two identities, uniformly at random.

    Raises UserError where there are fewer; `place` is named in it.
    """
    sizes = Counter(photograph.identity for photograph in photographs).values()
    possible = len(photographs) ** 2 - sum(size**2 for size in sizes)
    if count < 1 or count > possible:
        raise UserError(
            f"{count} pairs cannot be drawn from {place}: its {len(photographs)} pictures of {len(sizes)} people make "
            f"{possible} pairs of two people"
        )
    random = np.random.default_rng(seed)
    drawn: dict[tuple[int, int], None] = {}  # a dict keeps the order
    while len(drawn) < count:
        source, target = (int(index) for index in random.integers(len(photographs), size=2))
        if photographs[source].identity != photographs[target].identity:
            drawn[source, target] = None
    return [Pair(photographs[source], photographs[target]) for source, target in drawn]


def choose_gallery(
    pairs: Sequence[Pair], others: Sequence[Photograph], size: int, seed: int
) -> list[Photograph]:
    """Every source, every target, then others at random, until there are `size`; more where the pairs alone are.

    With all targets in it, a swapped face that stays nearest to its target is a miss, whatever the size.
    """
    known = list(dict.fromkeys([*(pair.source for pair in pairs), *(pair.target for pair in pairs)]))
    beside = sorted(set(others) - set(known), key=lambda photograph: photograph.path)
    order = np.random.default_rng(seed).permutation(len(beside))
    return [*known, *(beside[index] for index in order[: max(0, size - len(known))])]


def read_pairs_csv(path: Path) -> list[Pair]:
    """The pairs of a CSV file with the columns source, target and, if wanted, source_id and target_id.

    Paths are relative to the file. Without an id a picture is a person of its own. Raises UserError for a file that
    is no such table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as a CSV file: {error}") from error
    if not rows or not {"source", "target"} <= set(rows[0]):
        raise UserError(f"{path} must have the columns source and target, and at least one line below them")
    pairs = []
    for line, row in enumerate(rows, start=2):
        if not row["source"] or not row["target"]:
            raise UserError(f"{path}, line {line}: name both a source and a target")
        sides = [
            Photograph(path.parent / row[side], row.get(f"{side}_id") or row[side])
            for side in ("source", "target")
        ]
        if sides[0].identity == sides[1].identity:
            raise UserError(f"{path}, line {line}: source and target are one person, {sides[0].identity}")
        pairs.append(Pair(*sides))
    return pairs


def write_pairs_csv(path: Path, pairs: Sequence[Pair]) -> None:
    """Writes what `read_pairs_csv` reads; pictures below the file's folder are named relative to it."""

    def place(picture: Path) -> str:
        inside = picture.resolve().is_relative_to(path.parent.resolve())
        return str(picture.resolve().relative_to(path.parent.resolve()) if inside else picture.resolve())

    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    writer.writerow(COLUMNS)
    for pair in pairs:
        source, target = pair.source, pair.target
        writer.writerow([place(source.path), place(target.path), source.identity, target.identity])
    write_text(path, lines.getvalue())
