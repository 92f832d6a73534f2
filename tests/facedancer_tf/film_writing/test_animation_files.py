"""GIF and WebP keep times, transparency and the number of loops."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.clip_files import write_clip
from facedancer_tf.film_writing.assembly import assemble
from facedancer_tf.film_writing.encoding import choose_encoding
from facedancer_tf.film_writing.xmp_packets import xmp_of_gif
from facedancer_tf.films.film import read_facts, read_frames
from tests.facedancer_tf.film_writing.small_films import (
    moving_pictures,
    pixels,
    rich_film,
    times,
    write_segments,
)

XMP = b"<x:xmpmeta>a packet</x:xmpmeta>"


def written(folder: Path, source: Path, suffix: str, lengths: tuple[int, ...]) -> Path:
    facts = read_facts(source)
    encoding = choose_encoding(facts, suffix)[0]
    path = folder / f"result{suffix}"
    segments = write_segments(folder, facts, encoding, lengths)
    assert assemble(path, facts, encoding, segments, xmp=XMP) == []
    return path


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("loops", [0, 3])
def test_times_transparency_and_loops_are_kept(tmp_path: Path, suffix: str, loops: int) -> None:
    clear = []
    for number, rgb in enumerate(moving_pictures(6, 48, 32)):
        alpha = np.full((32, 48, 1), 255, np.uint8)
        alpha[8:20, 4 * number : 4 * number + 12] = 0
        clear.append(np.concatenate([rgb, alpha], axis=2))
    source = tmp_path / f"source{suffix}"
    write_clip(source, clear, times=[0, 4, 14, 20, 27, 50, 61], time_base=Fraction(1, 100), loops=loops)
    path = written(tmp_path, source, suffix, (4, 2))
    facts = read_facts(path)
    assert times(path) == times(source)
    assert [f.duration * facts.time_base for f in read_frames(facts)][-1] == Fraction(11, 100)
    assert facts.loops == read_facts(source).loops
    new, old = pixels(path, "rgba"), pixels(source, "rgba")
    assert ((new[..., 3] > 127) == (old[..., 3] > 127)).mean() > 0.999
    seen = old[..., 3] > 127
    assert np.abs(new.astype(int) - old)[seen].mean() < (8 if suffix == ".gif" else 4)


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
@pytest.mark.parametrize("rotation", [90, 180])
def test_a_film_that_players_turn_is_turned(tmp_path: Path, suffix: str, rotation: int) -> None:
    write_clip(tmp_path / "film.mp4", moving_pictures(3), rotation=rotation)
    path = written(tmp_path, tmp_path / "film.mp4", suffix, (3,))
    old = pixels(tmp_path / "film.mp4", "rgb24")[0]
    shown = np.rot90(old, rotation // 90)
    new = pixels(path, "rgb24")[0]
    assert new.shape == shown.shape
    assert np.abs(new.astype(int) - shown).mean() < 8


def test_the_packet_is_where_readers_look(tmp_path: Path) -> None:
    facts = rich_film(tmp_path / "film.mp4", 4, audio=False)
    assert xmp_of_gif(written(tmp_path, facts.path, ".gif", (4,))) == XMP
    with Image.open(written(tmp_path, facts.path, ".webp", (4,))) as image:
        assert image.info["xmp"] == XMP


def test_lost_sound_is_said(tmp_path: Path) -> None:
    facts = rich_film(tmp_path / "film.mp4", 2)
    encoding = choose_encoding(facts, ".gif")[0]
    notes = assemble(tmp_path / "a.gif", facts, encoding, write_segments(tmp_path, facts, encoding, (2,)))
    assert notes == ["GIF holds no sound: the film's is left out"]
