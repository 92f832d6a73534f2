"""Keeps the people of a film in a file, so that a run that was stopped need not look through the film again.

The file is a plain .npz without pickled objects. Everything in it is checked when it is read: it may come from anybody.
"""

import io
import math
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np

from data.whole_files import whole_file
from data.zip_members import DAMAGE, open_zip, read_member
from facedancer_tf.video.tracks import OUTLINE_POINTS, Clock, People, Person, Track

VERSION = 1
LARGEST_BYTES = 4 * 2**30  # a day of one face at 30 frames a second
LARGEST_SIDE = 2**16
SENTENCE = 200  # characters
# Type and shape of each array; a letter stands for a number that all arrays share.
FIELDS: dict[str, tuple[str, tuple[int | str, ...]]] = {
    "version": ("int64", ()),
    "stored": ("int64", (3,)),  # width, height, rotation
    "time_base": ("int64", (2,)),
    "pts": ("int64", ("F",)),
    "left_alone": (f"<U{SENTENCE}", ("L",)),
    "embeddings": ("float32", ("P", "W")),
    "portraits": ("uint8", ("P", "S", "S", 3)),
    "track_persons": ("int64", ("T",)),
    "track_starts": ("int64", ("T",)),
    "track_lengths": ("int64", ("T",)),
    "landmarks": ("float32", ("N", 5, 2)),
    "outlines": ("float32", ("N", OUTLINE_POINTS, 2)),
    "strength": ("float32", ("N",)),
}


def write_people(path: Path, people: People) -> None:
    """Writes `people` to `path`, a whole file or none; raises OSError where that is impossible."""
    tracks = [(person.number, track) for person in people.persons for track in person.tracks]
    portraits = [person.portrait for person in people.persons]
    arrays = {
        "version": np.int64(VERSION),
        "stored": np.array([people.width, people.height, people.rotation]),
        "time_base": np.array([people.time_base.numerator, people.time_base.denominator]),
        "pts": people.pts,
        "left_alone": np.array([sentence[:SENTENCE] for sentence in people.left_alone]),
        "embeddings": np.stack([p.embedding for p in people.persons]) if portraits else np.zeros((0, 1)),
        "portraits": np.stack(portraits) if portraits else np.zeros((0, 1, 1, 3)),
        "track_persons": np.array([number for number, _ in tracks]),
        "track_starts": np.array([track.frames[0] for _, track in tracks]),
        "track_lengths": np.array([len(track.frames) for _, track in tracks]),
        "landmarks": _joined([track.landmarks for _, track in tracks], (5, 2)),
        "outlines": _joined([track.outlines for _, track in tracks], (OUTLINE_POINTS, 2)),
        "strength": _joined([track.strength for _, track in tracks], ()),
    }
    with whole_file(path) as file:
        typed = {name: np.asarray(array).astype(FIELDS[name][0]) for name, array in arrays.items()}
        np.savez(file, allow_pickle=False, **typed)


def _joined(arrays: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros((0, *shape))


def read_people(path: Path) -> People:
    """Reads what `write_people` has written; raises ValueError for any other content, and OSError without a file."""
    arrays = _read_arrays(path)
    width, height, rotation = map(int, arrays["stored"])
    base = list(map(int, arrays["time_base"]))
    starts, lengths, owners = (
        arrays[name].tolist() for name in ("track_starts", "track_lengths", "track_persons")
    )
    count, frames = len(arrays["embeddings"]), len(arrays["pts"])
    _check(int(arrays["version"]) == VERSION, f"`version` must be {VERSION}", arrays["version"])
    _check(min(width, height) > 0 and max(width, height) <= LARGEST_SIDE, "no such size", (width, height))
    _check(rotation in (0, 90, 180, 270), "`rotation` must be a quarter turn", rotation)
    _check(min(base) > 0, "`time_base` must be above 0", base)
    _check(bool((np.diff(arrays["pts"]) > 0).all()), "`pts` must rise", "other values")
    inside = all(a >= 0 and n > 0 and a + n <= frames for a, n in zip(starts, lengths, strict=True))
    _check(inside and sum(lengths) == len(arrays["strength"]), "tracks must lie in the film", lengths[:9])
    _check(
        all(0 <= owner < count for owner in owners) and set(owners) == set(range(count)),
        "each track has a person, and each person a track",
        owners[:9],
    )
    for name in ("embeddings", "landmarks", "outlines", "strength"):
        _check(bool(np.isfinite(arrays[name]).all()), f"`{name}` must be finite", "other values")
    _check(
        bool(((arrays["strength"] > 0) & (arrays["strength"] <= 1)).all()),
        "`strength` is in (0, 1]",
        "others",
    )
    clock = Clock(arrays["pts"], Fraction(*base))
    tracks: list[list[Track]] = [[] for _ in range(count)]
    first = 0
    for owner, start, length in zip(owners, starts, lengths, strict=True):
        rows = slice(first, first + length)
        points = arrays["landmarks"][rows], arrays["outlines"][rows]
        numbers = np.arange(start, start + length, dtype=np.int32)
        tracks[owner].append(Track(numbers, *points, arrays["strength"][rows]))
        first += length
    persons = [
        Person(
            number,
            own,
            arrays["embeddings"][number],
            sum(float(clock.seconds(track.frames).sum()) for track in own),
            clock.presences(own),
            arrays["portraits"][number],
        )
        for number, own in enumerate(tracks)
    ]
    left_alone = arrays["left_alone"].tolist()
    return People(persons, left_alone, arrays["pts"], Fraction(*base), width, height, rotation)


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of FIELDS; raises ValueError where one is missing, or has another type or shape."""
    try:
        with open_zip(path) as archive:
            arrays = {name: _read_array(archive, archive.getinfo(f"{name}.npy")) for name in FIELDS}
    except FileNotFoundError:
        raise
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:SENTENCE]
        raise ValueError(f"{path} is no file of a film's people: {reason}") from error
    sizes: dict[str, int] = {}
    for name, (kind, shape) in FIELDS.items():
        array = arrays[name]
        fits = array.dtype.kind == "U" if kind.startswith("<U") else array.dtype == np.dtype(kind)
        fits = fits and array.ndim == len(shape)
        for length, rule in zip(array.shape, shape, strict=False):
            fits = fits and length == (rule if isinstance(rule, int) else sizes.setdefault(rule, length))
        _check(fits, f"`{name}` must be {kind} {shape}", f"{array.dtype} {array.shape}")
    return arrays


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """One array, whose memory the file's own size bounds; raises ValueError for any other content."""
    if info.compress_type != zipfile.ZIP_STORED:  # as `np.savez` writes it
        raise ValueError(f"its array {info.filename!r} is compressed")
    file = io.BytesIO(read_member(archive, info, LARGEST_BYTES))
    if np.lib.format.read_magic(file) != (1, 0):
        raise ValueError(f"its array {info.filename!r} is of another version")
    shape, is_fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if is_fortran or math.prod(shape) * dtype.itemsize != file.getbuffer().nbytes - file.tell():
        raise ValueError(f"its array {info.filename!r} does not have the size that it claims")
    return np.frombuffer(file.getbuffer()[file.tell() :], dtype).reshape(shape)


def _check(holds: bool, rule: str, received: object) -> None:
    if not holds:
        raise ValueError(f"this is no file of a film's people: {rule}. Received: {received}")
