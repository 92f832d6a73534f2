"""Makes samples from several views of the same people, for the time before there is a swapper.

A sample is two views of one person and a picture of somebody else, if possible in the same view as the first.
"""

import itertools
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from data.picture_kinds import looks_like_picture
from data.picture_reading import FILE_MAX_BYTES
from data.zip_members import DAMAGE, check_member, open_zip
from facedancer_tf.errors import UserError
from facedancer_tf.margins.faces import FaceReader
from facedancer_tf.margins.samples import BATCH, DIFFERENT, SAME, Samples, stack_crops

CEILING_BYTES = 8 << 30  # of all pictures of a zip file together, unpacked


@contextmanager
def open_folder(source: Path) -> Iterator[Path]:
    """Opens `source` as a folder. If it is a zip file, its pictures are unpacked for as long as the block runs.

    Those that cannot be read are unpacked too, so that they are counted. Raises UserError where it is neither folder
    nor zip file, or the zip file is damaged, packed by another method than deflating, or too large.
    """
    if source.is_dir():
        yield source
        return
    if not zipfile.is_zipfile(source):
        raise UserError(f"{source} is neither a folder nor a zip file of pictures; check the name", "missing")
    with tempfile.TemporaryDirectory() as folder:
        try:
            with open_zip(source) as archive:
                pictures = [info for info in archive.infolist() if looks_like_picture(info.filename)]
                left_bytes = CEILING_BYTES
                for info in pictures:
                    check_member(info, min(left_bytes, FILE_MAX_BYTES))
                    left_bytes -= info.file_size
                archive.extractall(folder, pictures)
        except DAMAGE as error:
            reason = " ".join(str(error).split())[:200] or "it ends too early"
            raise UserError(
                f"{source} cannot be unpacked ({reason}); make it anew, or unpack it and name the folder",
                "unreadable",
            ) from error
        yield Path(folder)


def view_of(path: Path, person: str) -> str:
    """The word for the file's view of `person`: the same word means the same pose and light."""
    return path.stem.removeprefix(f"{person}_")


def samples_of_views(source: Path, count: int, seed: int, size_px: int, detector: str = "yunet") -> Samples:
    """Makes at most `count` samples of the folder or zip file `source`: all pairs of views of people drawn at random.

    size_px: size of the crops, as a recipe trains on them; `prepare_pictures` resizes them to the encoder's own size.
    Raises UserError where there are fewer than two people with two views that show a face.
    """
    random = np.random.default_rng(seed)
    reader = FaceReader(detector, size_px)
    crops: list[np.ndarray] = []
    views: list[str] = []
    people: dict[str, list[int]] = {}
    pairs: list[tuple[str, int, int]] = []
    with open_folder(source) as folder:
        items = reader.list_people(folder)
        material = reader.describe_material(source, items)
        by_person = defaultdict(list)
        for item in items:
            by_person[item.label].append(item)
        several = sorted(person for person, of_person in by_person.items() if len(of_person) > 1)
        for person in random.permutation(several).tolist():
            if len(pairs) >= count:
                break
            people[person] = []
            for item in by_person[person]:
                if (crop := reader.crop(item)) is not None:
                    people[person].append(len(crops))
                    crops.append(crop)
                    views.append(view_of(Path(item.where), person))
            pairs += [(person, one, other) for one, other in itertools.combinations(people[person], 2)]
    pairs = pairs[:count]
    pair_people = {person for person, _, _ in pairs}
    if len(pair_people) < 2:
        raise UserError(
            f"{source} holds no pairs to measure on: it takes two people or more, each with two views that show a "
            "face, in a folder per person or named person_0.jpg, person_1.jpg"
        )
    others = _strangers(pairs, {p: i for p, i in people.items() if p in pair_people}, views, random)

    def batches() -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, len(pairs), BATCH):
            part = slice(start, start + BATCH)
            yield {
                "one": stack_crops([crops[one] for _, one, _ in pairs[part]]),
                "same": stack_crops([crops[other] for _, _, other in pairs[part]]),
                "stranger": stack_crops([crops[other] for other in others[part]]),
            }

    return Samples(
        batches=batches,
        kinds={SAME: ("one", "same"), DIFFERENT: ("one", "stranger")},
        groups=[person for person, _, _ in pairs],
        shrink=1.0,
        origin=f"bootstrapped from views: {len(pairs)} pairs of views of {len(pair_people)} people",
        material=material,
        left_out=dict(reader.left_out),
    )


def _strangers(
    pairs: list[tuple[str, int, int]],
    people: dict[str, list[int]],
    views: list[str],
    random: np.random.Generator,
) -> list[int]:
    """For each pair, the index of a picture of somebody else: in the first picture's view, if there is one."""
    by_view: dict[str, list[tuple[str, int]]] = defaultdict(list)
    everybody = [(person, index) for person, indices in people.items() for index in indices]
    for person, index in everybody:
        by_view[views[index]].append((person, index))
    strangers = []
    for person, one, _ in pairs:
        alike = [index for other, index in by_view[views[one]] if other != person]
        anybody = alike or [index for other, index in everybody if other != person]
        strangers.append(anybody[int(random.integers(len(anybody)))])
    return strangers
