"""Reads the pairs and the gallery that `--pairs` names."""

from pathlib import Path

from data.folders import LeftOut
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.pairs import (
    Pair,
    PairSet,
    Photograph,
    bundled_photographs,
    choose_gallery,
    draw_pairs,
)
from facedancer_tf.evaluation.pairs_csv import read_pairs_csv
from facedancer_tf.people import list_people


def read_pair_set(where: str, count: int, gallery: int, seed: int) -> PairSet:
    """Reads the pairs that `where` names: "bundled", a CSV file of pairs, or a folder of pictures.

    count: how many pairs are drawn from a folder. gallery: how many pictures the gallery has; all pictures of the pairs
    are in it, others fill the room that is left. Raises UserError where there is no such place, or not enough in it.
    """
    path = Path(where)
    not_listed: LeftOut = {}
    if where == "bundled":
        photographs = bundled_photographs()
        pairs = [Pair(s, t) for s in photographs for t in photographs if s is not t]
        name, sampling = f"{len(photographs)} bundled photographs", "all ordered pairs"
    elif path.is_dir():
        folder = list_people(path)
        photographs = [Photograph(file, person) for file, person in folder.pictures]
        not_listed = folder.left_out
        pairs = draw_pairs(photographs, count, seed, path)
        people = len({photograph.identity for photograph in photographs})
        name = path.resolve().name
        sampling = (
            f"{count} pairs at random among {len(photographs)} pictures of {people} people, seed {seed}"
        )
    elif path.is_file():
        file = read_pairs_csv(path)
        pairs, photographs = file.pairs, []
        name = f"{path.name} (SHA-256 {file.sha256[:12]})"
        sampling = "every line of the file" + (f", made from {file.made_from}" if file.made_from else "")
    else:
        raise UserError(
            f"there are no pairs {where}: name 'bundled', a CSV file or a folder of pictures", "missing"
        )
    all_of_gallery = tuple(choose_gallery(pairs, photographs, gallery, seed))
    return PairSet(tuple(pairs), all_of_gallery, name, sampling, not_listed)
