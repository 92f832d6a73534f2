"""Frames of two films meet by their times, and what was kept of times, durations and sound is counted."""

from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from benchmarks.clip_files import write_clip
from facedancer_tf.errors import UserError
from facedancer_tf.film_evaluation.pairing import Films, Times
from facedancer_tf.film_evaluation.sound import equal_sound
from facedancer_tf.films.film import read_facts

COUNT = 8
TIMES = [0, 40, 80, 160, 200, 260, 300, 340, 400]  # in milliseconds
LOSSLESS = {"qp": "0"}


def numbered(count: int = COUNT, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Grey frames, each 20 levels brighter than the one before."""
    return [np.full((height, width, 3), 40 + 20 * number, np.uint8) for number in range(count)]


def written(path: Path, frames: list[np.ndarray], **options: object) -> Path:
    write_clip(path, frames, options=LOSSLESS, time_base=Fraction(1, 1000), **options)  # type: ignore[arg-type]
    return path


def films(target: Path, swapped: Path) -> Films:
    return Films(read_facts(target), read_facts(swapped))


def number_in(picture: np.ndarray | None) -> int | None:
    return None if picture is None else round((picture.mean() - 40) / 20)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return written(tmp_path / "target.mp4", numbered(), times=TIMES, audio=True)


def test_a_copy_keeps_everything(target):
    both, times = films(target, target), Times()
    pairs = list(both.pairs(times))
    assert [number_in(pair.target) for pair in pairs] == list(range(COUNT))
    assert [number_in(pair.swapped) for pair in pairs] == list(range(COUNT))
    assert [pair.time * 1000 for pair in pairs] == TIMES[:-1]
    assert times == Times(COUNT, COUNT, COUNT, COUNT)
    assert equal_sound(both.target, both.swapped) == 1


def test_missing_frames_and_other_times_are_counted(target, tmp_path):
    frames, times_ms = numbered(), [*TIMES[:6], 310, *TIMES[7:]]
    del frames[2], times_ms[2]
    swapped = written(tmp_path / "swapped.mp4", frames, times=times_ms)
    both, times = films(target, swapped), Times()
    pairs = list(both.pairs(times))
    assert [number_in(pair.swapped) for pair in pairs] == [0, 1, None, 3, 4, 5, 6, 7]
    assert (times.target_frames, times.swapped_frames, times.frames) == (COUNT, COUNT - 1, COUNT)
    assert times.equal_times == COUNT - 2  # without the missing one and the one that is moved
    assert times.equal_durations == COUNT - 4  # without these two and those before them
    assert equal_sound(both.target, both.swapped) == 0


def test_a_constant_rate_in_the_place_of_a_variable_one_is_seen(target, tmp_path):
    swapped = written(
        tmp_path / "swapped.mp4", numbered(), times=[50 * number for number in range(COUNT + 1)]
    )
    times = Times()
    list(films(target, swapped).pairs(times))
    assert times.equal_times < COUNT / 2


def test_times_are_equal_to_the_coarser_time_base(target, tmp_path):
    swapped = tmp_path / "swapped.gif"
    write_clip(swapped, numbered(), times=TIMES, time_base=Fraction(1, 1000))
    times = Times()
    list(films(target, swapped).pairs(times))
    assert times.equal_times == COUNT


def test_further_frames_of_the_swapped_film_are_counted(target, tmp_path):
    swapped = written(tmp_path / "swapped.mp4", numbered(), times=TIMES)
    short = written(tmp_path / "short.mp4", numbered(5), times=TIMES[:6])
    times = Times()
    assert len(list(films(short, swapped).pairs(times))) == 5
    assert times.frames == COUNT


def test_single_pairs_and_samples(target):
    both = films(target, target)
    for number, time_ms in enumerate(TIMES[:-1]):
        pair = both.at(Fraction(time_ms, 1000))
        assert pair is not None
        assert (number_in(pair.target), number_in(pair.swapped)) == (number, number)
    assert both.at(Fraction(1)) is None
    samples = [number_in(pair.target) for pair in both.samples(4)]
    assert samples in ([0, 3, 4, 6], [0, 3, 5, 7])  # containers say durations a little differently


def test_phones_films_are_compared_upright(tmp_path):
    marked = numbered()
    for frame in marked:
        frame[:8] = 250  # above, as it is stored
    turned = written(tmp_path / "turned.mp4", marked, rotation=90)
    upright = written(tmp_path / "upright.mp4", [np.ascontiguousarray(np.rot90(frame)) for frame in marked])
    for pair in islice(films(turned, upright).pairs(), 2):
        assert pair.swapped is not None
        assert pair.target.shape == (64, 48, 3)
        assert np.abs(pair.target.astype(int) - pair.swapped).max() < 8


def test_other_sizes_are_refused(target, tmp_path):
    small = written(tmp_path / "small.mp4", numbered(width=48), times=TIMES)
    with pytest.raises(UserError, match=r"target's size, 64x48 px\. Received: 48x48 px in .*small\.mp4"):
        films(target, small)


def test_sound_that_is_cut_late_or_not_there(target, tmp_path):
    facts = read_facts(target)
    silent = read_facts(written(tmp_path / "silent.mp4", numbered(), times=TIMES))
    assert equal_sound(silent, silent) is None
    assert equal_sound(facts, silent) == equal_sound(silent, facts) == 0
    late = tmp_path / "late.mp4"
    with av.open(target) as source, av.open(late, "w") as copy:
        streams = [copy.add_stream_from_template(stream) for stream in source.streams]
        packets = [packet for packet in source.demux() if packet.dts is not None]
        sound = [packet for packet in packets if packet.stream.type == "audio"]
        for packet in packets:
            if packet in sound[len(sound) // 2 :]:
                packet.pts, packet.dts = packet.pts + 4800, packet.dts + 4800
            packet.stream = streams[packet.stream.index]
            copy.mux(packet)
    share = equal_sound(facts, read_facts(late))
    assert share == pytest.approx(len(sound) // 2 / len(sound))
