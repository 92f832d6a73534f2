"""Samples from several views of the same people: where no swapper is at hand yet.

A sample is two views of one person, and a picture of somebody else in the first one's view where there is one.
"""

import itertools
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from data.folders import Item
from data.pictures import SUFFIXES
from facedancer_tf.errors import UserError
from facedancer_tf.margins.faces import FaceReader
from facedancer_tf.margins.samples import BATCH, DIFFERENT, SAME, Samples, as_pictures
from facedancer_tf.people import list_people


@contextmanager
def opened(source: Path) -> Iterator[Path]:
    """`source` as a folder: itself, or the pictures of a zip file, unpacked for as long as the block runs.

    Raises UserError where it is neither, or the zip file is damaged.
    """
    if source.is_dir():
        yield source
        return
    if not zipfile.is_zipfile(source):
        raise UserError(f"{source} is neither a folder nor a zip file of pictures; check the name")
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(source) as archive:
                archive.extractall(
                    folder, [name for name in archive.namelist() if name.lower().endswith(SUFFIXES)]
                )
        except (zipfile.BadZipFile, RuntimeError, OSError) as error:  # RuntimeError: encrypted
            raise UserError(f"{source} cannot be unpacked ({error}); make it anew") from error
        yield Path(folder)


def view_of(path: Path, person: str) -> str:
    """Which view of `person` the file is: the same word means the same pose and light."""
    return path.stem.removeprefix(f"{person}_")


def samples_of_views(source: Path, count: int, seed: int, size_px: int, detector: str = "yunet") -> Samples:
    """At most `count` samples of the folder or zip file `source`, all pairs of people drawn by chance.

    size_px: of the crops, as a recipe trains on them; the encoder's size is another matter (`prepare_pictures`).

    Raises UserError where there are not two people, one of them with two views that show a face.
    """
    random = np.random.default_rng(seed)
    reader = FaceReader(detector, size_px)
    crops: list[np.ndarray] = []
    views: list[str] = []
    people: dict[str, list[int]] = {}
    pairs: list[tuple[str, int, int]] = []
    with opened(source) as folder:
        items = [Item(p.relative_to(folder).as_posix(), person, str(p)) for p, person in list_people(folder)]
        material = reader.describe(source, items)
        by_person = defaultdict(list)
        for item in items:
            by_person[item.label].append(Path(item.where))
        several = sorted(person for person, found in by_person.items() if len(found) > 1)
        for person in random.permutation(several).tolist():
            if len(pairs) >= count:
                break
            people[person] = []
            for path in by_person[person]:
                if (crop := reader.crop(path)) is not None:
                    people[person].append(len(crops))
                    crops.append(crop)
                    views.append(view_of(path, person))
            pairs += [(person, one, other) for one, other in itertools.combinations(people[person], 2)]
    pairs = pairs[:count]
    measured = {person for person, _, _ in pairs}
    if len(measured) < 2:
        raise UserError(
            f"{source} holds no pairs to measure on: it takes two people or more, each with two views that show a "
            "face, in a folder per person or named person_0.jpg, person_1.jpg"
        )
    others = _strangers(pairs, {p: i for p, i in people.items() if p in measured}, views, random)

    def batches() -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, len(pairs), BATCH):
            part = slice(start, start + BATCH)
            yield {
                "one": as_pictures([crops[one] for _, one, _ in pairs[part]]),
                "same": as_pictures([crops[other] for _, _, other in pairs[part]]),
                "stranger": as_pictures([crops[other] for other in others[part]]),
            }

    return Samples(
        batches=batches,
        kinds={SAME: ("one", "same"), DIFFERENT: ("one", "stranger")},
        groups=[person for person, _, _ in pairs],
        shrink=1.0,
        origin=f"bootstrapped from views: {len(pairs)} pairs of views of {len(measured)} people",
        material=material,
        left_out=dict(reader.left_out),
    )


def _strangers(
    pairs: list[tuple[str, int, int]],
    people: dict[str, list[int]],
    views: list[str],
    random: np.random.Generator,
) -> list[int]:
    """For each pair the index of somebody else's picture, in the view of the pair's first one where there is any."""
    by_view: dict[str, list[tuple[str, int]]] = defaultdict(list)
    everybody = [(person, index) for person, indices in people.items() for index in indices]
    for person, index in everybody:
        by_view[views[index]].append((person, index))
    chosen = []
    for person, one, _ in pairs:
        alike = [index for other, index in by_view[views[one]] if other != person]
        anybody = alike or [index for other, index in everybody if other != person]
        chosen.append(anybody[int(random.integers(len(anybody)))])
    return chosen
