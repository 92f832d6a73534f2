"""`read_facts` and `read_frames`: every property and every time of a film, read through and from any time on."""

import gc
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.clip_files import write_clip
from facedancer_tf.errors import UserError
from facedancer_tf.films.film import FilmFrame, read_facts, read_frames

TIMES = [0, 1000, 2100, 2900, *(4000 + 900 * i + i % 3 * 37 for i in range(21))]  # in 24000ths of a second
UNIT = Fraction(1, 24000)
GOP = {"preset": "medium", "g": "6", "bf": "3"}


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """24 frames of a square that moves over noise."""
    noise = np.random.default_rng(0).integers(60, 180, (90, 160, 3), np.uint8)
    moving = []
    for number in range(24):
        frame = noise.copy()
        frame[30:60, 20 + 4 * number : 50 + 4 * number] = (220, 40, 90)
        moving.append(frame)
    return moving


@pytest.fixture
def film(tmp_path: Path, frames: list[np.ndarray]) -> Callable[..., Path]:
    """Writes a film of the frames."""

    def write(name: str, **options: Any) -> Path:
        write_clip(tmp_path / name, options.pop("frames", frames), **options)
        return tmp_path / name

    return write


def same(one: FilmFrame, other: FilmFrame) -> bool:
    first, second = one.picture.frame.to_ndarray(), other.picture.frame.to_ndarray()
    return (one.pts, one.duration) == (other.pts, other.duration) and np.array_equal(first, second)


@pytest.mark.parametrize(("name", "unit"), [("a.mp4", UNIT), ("a.mov", UNIT), ("a.mkv", Fraction(1, 1000))])
def test_every_time_and_duration_is_read(film: Callable[..., Path], name: str, unit: Fraction) -> None:
    facts = read_facts(film(name, times=TIMES, time_base=UNIT))
    read = list(read_frames(facts))
    whole = [round(time * UNIT / unit) for time in TIMES]
    assert facts.time_base == unit
    assert [frame.number for frame in read] == list(range(24))
    assert [frame.pts for frame in read] == whole[:-1]
    # Matroska does not say how long the last one lasts.
    assert [frame.duration for frame in read][:23] == np.diff(whole)[:23].tolist()
    if unit == UNIT:
        assert read[-1].pts + read[-1].duration == facts.end_pts == TIMES[-1]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("closed.mp4", {"options": GOP}),
        ("open.mp4", {"options": GOP | {"x264-params": "open-gop=1:b-adapt=0"}}),
        ("open.mkv", {"options": GOP | {"x264-params": "open-gop=1:b-adapt=0"}}),
        ("refresh.mp4", {"options": {"x264-params": "intra-refresh=1:keyint=6"}}),
        ("variable.mp4", {"options": GOP, "times": TIMES, "time_base": UNIT}),
        ("hevc.mkv", {"codec": "libx265", "options": {"x265-params": "keyint=6:open-gop=1:log-level=error"}}),
        ("no_index.ts", {"codec": "libx264", "options": GOP}),
        ("vp9.webm", {"options": {"g": "6"}}),
        ("animation.gif", {}),
        ("animation.apng", {}),
        ("animation.webp", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_from_any_time_on_frames_are_as_in_the_whole(
    film: Callable[..., Path], name: str, options: dict
) -> None:
    facts = read_facts(film(name, **options))
    whole = list(read_frames(facts))
    assert len(whole) == 24
    for first in (0, 1, 5, 6, 7, 11, 13, 22, 23):
        last = min(first + 4, 23)
        section = list(read_frames(facts, whole[first].pts, whole[last].pts))
        assert [frame.number for frame in section] == list(range(last - first))
        assert all(same(one, other) for one, other in zip(section, whole[first:last], strict=True))
        if first:  # a time between two frames
            between = next(read_frames(facts, whole[first - 1].pts + 1))
            assert same(between, whole[first])


def test_facts_are_what_was_written(film: Callable[..., Path]) -> None:
    facts = read_facts(
        film("a.mp4", rate=Fraction(30000, 1001), colours="bt709", rotation=90, aspect=Fraction(4, 3), audio=True,
             pixel_format="yuv422p10le", metadata={"title": "A film"}, subtitles=True, chapters=True)
    )  # fmt: skip
    assert (facts.width, facts.height, facts.rotation) == (160, 90, 90)
    assert (facts.codec, facts.pixel_format, facts.bits) == ("h264", "yuv422p10le", 10)
    assert (facts.colour_primaries, facts.colour_transfer, facts.colour_space) == (1, 1, 1)
    assert (facts.colour_range, facts.sample_aspect_ratio) == (1, Fraction(4, 3))
    assert (facts.frame_rate, facts.frames, facts.has_alpha) == (Fraction(30000, 1001), 24, False)
    assert facts.duration_s == pytest.approx(24 * 1001 / 30000)
    assert (facts.is_animation, facts.loops) == (False, None)
    assert read_facts(film("b.mkv", rotation=270)).rotation == 270


@pytest.mark.parametrize("name", ["a.gif", "a.apng", "a.webp"])
def test_animations_keep_times_alpha_and_repeats(film: Callable[..., Path], name: str) -> None:
    pictures = np.random.default_rng(1).integers(0, 256, (4, 20, 30, 4), np.uint8)
    pictures[..., 3] = np.where(pictures[..., 3] > 128, 255, 0)
    times = [0, 40, 60, 100, 250]
    path = film(name, frames=list(pictures), times=times, time_base=Fraction(1, 1000), loops=3)
    facts = read_facts(path)
    read = list(read_frames(facts))
    assert facts.is_animation
    assert facts.has_alpha
    assert facts.loops == (4 if name == "a.gif" else 3)  # a GIF is played, and then played again so often
    assert [frame.pts * facts.time_base * 1000 for frame in read] == times[:-1]
    assert [frame.duration * facts.time_base * 1000 for frame in read] == np.diff(times).tolist()
    for frame, picture in zip(read, pictures, strict=True):
        rgba = frame.picture.frame.to_ndarray(format="rgba")
        np.testing.assert_array_equal(rgba[..., 3], picture[..., 3])
        seen = picture[..., 3] > 0
        if name != "a.gif":
            np.testing.assert_array_equal(rgba[seen], picture[seen])


@pytest.mark.parametrize("transfer", ["pq", "hlg"])
def test_hdr_is_refused_and_ten_bits_are_not(film: Callable[..., Path], transfer: str) -> None:
    with pytest.raises(UserError, match=r"is in HDR \((PQ|HLG)\)"):
        read_facts(film("hdr.mkv", codec="ffv1", pixel_format="yuv420p10le", colours=transfer))
    facts = read_facts(film("sdr.mkv", codec="ffv1", pixel_format="yuv420p10le", colours="bt2020"))
    assert (facts.bits, facts.colour_space) == (10, 9)


def test_who_stops_early_leaves_no_file_open(film: Callable[..., Path]) -> None:
    facts = read_facts(film("a.mp4"))
    for _ in range(3):
        reader = read_frames(facts, 5000)
        next(reader)
        reader.close()
    gc.collect()
    open_files = [os.path.realpath(link) for link in Path("/proc/self/fd").glob("*")]
    assert str(facts.path.resolve()) not in open_files


def test_changing_a_frame_changes_no_frame_that_comes_after_it(film: Callable[..., Path]) -> None:
    # Nine pictures that come again and again: each frame is decoded from the one nine before it.
    pictures = list(np.random.default_rng(2).integers(60, 180, (9, 64, 96, 3), np.uint8))
    facts = read_facts(
        film("a.mp4", frames=pictures * 4, options={"x264-params": "ref=10:bframes=0:scenecut=0"})
    )
    untouched = [frame.picture.frame.to_ndarray() for frame in read_frames(facts)]
    for frame, as_it_was in zip(read_frames(facts), untouched, strict=True):
        np.testing.assert_array_equal(frame.picture.frame.to_ndarray(), as_it_was)
        frame.picture.add((0, 0, 96, 64), np.full((64, 96, 3), 60, np.float32))


def test_a_broadcast_is_counted_from_its_beginning(film: Callable[..., Path]) -> None:
    late = [10 * 24 + number for number in range(25)]  # the clock says 10 s
    facts = read_facts(film("late.ts", times=late, time_base=Fraction(1, 24), options={"bf": "0"}))
    assert facts.start_pts * facts.time_base == 10
    read = list(read_frames(facts))
    assert [frame.pts * facts.time_base for frame in read] == [Fraction(number, 24) for number in range(24)]
    later = list(read_frames(facts, read[9].pts, read[14].pts))
    assert [frame.number for frame in later] == [0, 1, 2, 3, 4]
    assert all(
        np.array_equal(a.picture.rgb(), b.picture.rgb()) for a, b in zip(later, read[9:], strict=False)
    )
