"""Folders of pictures for prepare_data.py, and the shards that one process makes of them."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from tests.data.black_png import wide_claim
from tests.data.preparing.running import FIXED, prepare


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of five people with variants of one photograph each, and eight pictures that give no face."""
    folder = tmp_path_factory.mktemp("people")
    photographs = bundled_pictures()
    for path in photographs:
        (folder / path.stem).mkdir()
        small = Image.fromarray(read_picture(path).rgb)
        small.thumbnail((240, 240))
        for number in range(5):
            small.rotate(number * 2).save(folder / path.stem / f"{number}.png")
    whole = photographs[0].read_bytes()
    half = len(whole) // 2
    (folder / "cut.jpg").write_bytes(whole[:half])
    (folder / "zeroed.jpg").write_bytes(whole[:half] + bytes(512) + whole[half + 512 :])
    (folder / "wide.png").write_bytes(wide_claim())
    (folder / "phone.heic").write_bytes(b"not read")
    (folder / "._cut.jpg").write_bytes(b"what a Mac leaves")
    (folder / "words.png").write_text("no picture")
    os.symlink("/proc/self/mem", folder / "broken_disk.jpg")  # opens, but reading it fails (EIO)
    Image.new("RGB", (20, 200)).save(folder / "narrow.bmp")
    noise = np.random.default_rng(0).integers(0, 256, (120, 120, 3)).astype(np.uint8)
    Image.fromarray(noise).save(folder / "noise.webp")
    far = Image.new("RGB", (400, 400), (90, 120, 90))
    face = Image.fromarray(read_picture(photographs[1]).rgb)
    face.thumbnail((50, 50))
    far.paste(face, (10, 10))
    far.save(folder / "far.png")
    (folder / "notes.txt").write_text("not counted")
    return folder


@pytest.fixture(scope="session")
def straight(people: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards made by one process without interruption."""
    folder = tmp_path_factory.mktemp("made") / "straight"
    code, output = prepare(people, "-o", folder, *FIXED, "--workers", 1)
    assert code == 0, output
    assert "left out: truncated" in output
    assert "left out: heic picture" in output
    return folder
