"""What tests of jobs share: folders of jobs, with a source, a small film and a tiny model; and waiting."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import clips
from benchmarks.clip_files import write_clip
from facedancer_tf.serving.job_words import JobOrder
from tests.facedancer_tf.conftest import PICTURES


def make_job(
    folder: Path, model: Path | None, frames: int = 6, faces: int = 1, name: str = "target.mp4"
) -> JobOrder:
    """Puts the files of a job into `folder`, which is made; returns the order for them."""
    folder.mkdir()
    shutil.copy(PICTURES / "barack_obama.jpg", folder / "source-1.jpg")
    write_clip(folder / name, clips.faces(faces, 320, 180, frames).frames())
    return JobOrder(
        ("source-1.jpg",), name, f"result{Path(name).suffix}", None if model is None else str(model)
    )


def until(true: Callable[[], bool]) -> None:
    """Waits until what another thread or process does is done; raises TimeoutError where it is not in half a minute."""
    ends_s = time.monotonic() + 30
    while not true():
        if time.monotonic() > ends_s:
            raise TimeoutError
        time.sleep(0.005)
