"""Knows the checkpoints of a run as files: which there are, which are whole, and which may be deleted.

A checkpoint of step n is `ckpt-<n>.index` and the data beside it, as TensorFlow writes them. Files of other names are
not ours. The file `checkpoint`, in which TensorFlow notes the newest, is written for its tools and never believed.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf

from data.whole_files import passing_path, whole_file

_FILE = re.compile(r"ckpt-(0|[1-9]\d*)\.(index|data-\d+-of-\d+)")


def name_of(step: int) -> str:
    """The name of a step's checkpoint, without the suffixes of its files."""
    return f"ckpt-{step}"


def checkpoint_steps(folder: Path) -> list[int]:
    """The steps of which `folder` holds a checkpoint, whole or not, newest first."""
    return sorted(_files(folder), reverse=True)


def _files(folder: Path) -> dict[int, list[Path]]:
    """The files of every checkpoint in `folder`, by step; the index last."""
    files: dict[int, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if match := _FILE.fullmatch(path.name):
            files.setdefault(int(match[1]), []).append(path)
    return files


@contextmanager
def plain_path(folder: Path) -> Iterator[Path]:
    """Yields another path to `folder`, of plain letters.

    TensorFlow takes brackets and stars in the path of a checkpoint for a pattern, and no bytes beyond UTF-8.
    """
    with tempfile.TemporaryDirectory() as temporary:
        link = Path(temporary) / "folder"
        link.symlink_to(folder.resolve(), target_is_directory=True)
        yield link


def is_whole(folder: Path, step: int) -> bool:
    """Says whether a checkpoint can be read: every value is, and TensorFlow compares its checksum."""
    with plain_path(folder) as plain:
        try:
            reader = tf.train.load_checkpoint(str(plain / name_of(step)))
            for name in reader.get_variable_to_shape_map():
                reader.get_tensor(name)
        except (tf.errors.OpError, ValueError, IndexError):  # the last of these for missing bytes
            return False
    return True


def write_checkpoint(checkpoint: tf.train.Checkpoint, folder: Path, step: int, keep: int) -> None:
    """Writes the checkpoint of a step, and deletes those of earlier steps but for the newest `keep` in all.

    The index comes to its place last, so that a checkpoint with an index is whole even if the run is killed. Those of
    later steps, which can only be damaged, stay until their step comes again. Raises OSError or an error of TensorFlow
    where that is impossible.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with passing_path(folder / name_of(step)) as unfinished:
        unfinished.mkdir()
        with plain_path(unfinished) as plain:
            checkpoint.write(str(plain / name_of(step)))
        for path in _files(unfinished)[step]:
            os.replace(path, folder / path.name)
    with whole_file(folder / "checkpoint") as file:
        file.write(f'model_checkpoint_path: "{name_of(step)}"\n'.encode("ascii"))
    earlier = {old: files for old, files in _files(folder).items() if old <= step}
    for old in sorted(earlier, reverse=True)[keep:]:
        for path in reversed(earlier[old]):
            path.unlink()
