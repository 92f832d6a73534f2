"""Swaps small films whole: what changes and what stays, who is swapped, and going on after an end."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from threading import active_count

import av
import cv2
import numpy as np
import pytest

from benchmarks import clips
from benchmarks.clip_files import write_clip
from facedancer_tf.errors import UserError
from facedancer_tf.film_writing.parts import folder_of
from facedancer_tf.films.film import FilmFrame, read_facts, read_frames
from facedancer_tf.provenance.checking import check
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.video import film_swap
from facedancer_tf.video.casting import Wish
from facedancer_tf.video.film_settings import FilmSettings, section_of
from facedancer_tf.video.film_swap import swap_film
from facedancer_tf.video.frame_swapping import FrameSwapper
from facedancer_tf.video.tracks import People
from tests.facedancer_tf.conftest import PICTURES

SOURCE = Wish((PICTURES / "barack_obama.jpg",))
PLAIN = FilmSettings(marks=False)
TIMES = [0, 2, 3, 4, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]  # of a variable rate


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One face, 20 frames of a variable rate, sound, tags."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    clip = clips.one_face(320, 180, 20)
    write_clip(
        path,
        clip.frames(),
        24,
        TIMES,
        Fraction(1, 24),
        colours="bt709",
        audio=True,
        metadata={"title": "Hat"},
    )
    return path


def luma(path: Path) -> np.ndarray:
    return np.stack([frame.picture.luma(320) for frame in read_frames(read_facts(path))])


def times(path: Path) -> list[Fraction]:
    facts = read_facts(path)
    return [frame.pts * facts.time_base for frame in read_frames(facts)]


def sound(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_the_face_changes_and_times_sound_and_all_around_it_stay(
    swapper: Swapper, film: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out.mp4"
    report = swap_film(swapper, [SOURCE], film, output, FilmSettings())
    assert (report.frames, report.cast) == (20, {0: 0})
    assert times(output) == times(film)
    assert sound(output) == sound(film)
    change = np.abs(luma(output) - luma(film))
    (face,) = clips.one_face(320, 180, 20).landmarks()
    for picture, points in zip(change, face, strict=True):
        x, y = points[2].astype(int)  # the nose
        assert picture[y - 8 : y + 8, x - 8 : x + 8].mean() > 10
        around = picture.copy()
        around[y - 60 : y + 60, x - 60 : x + 60] = 0
        assert around.mean() < 3  # the watermark, and encoding anew
        assert np.percentile(around, 99) < 20
    marks = check(output)
    assert marks.credentials is not None
    assert marks.credentials.valid
    assert marks.metadata == "compositeWithTrainedAlgorithmicMedia"
    with av.open(str(output)) as container:
        assert container.metadata["title"] == "Hat"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_a_run_that_was_ended_goes_on_and_gives_the_same_film(
    swapper: Swapper, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_swap, "SEGMENT_S", 0.25)
    groups: list[list[int]] = []
    swap_group = FrameSwapper._swap_group

    def swap_noted(self: FrameSwapper, frames: list[FilmFrame]) -> None:
        groups.append([frame.number for frame in frames])
        swap_group(self, frames)

    monkeypatch.setattr(FrameSwapper, "_swap_group", swap_noted)
    whole, ended = tmp_path / "whole.mp4", tmp_path / "ended.mp4"
    swap_film(swapper, [SOURCE], film, whole, PLAIN)
    groups_of_whole = groups.copy()
    threads = active_count()
    write = film_swap.write_unmarked_segment
    written: list[Path] = []

    def write_two(path: Path, *others) -> int:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(path)
        return write(path, *others)

    monkeypatch.setattr(film_swap, "write_unmarked_segment", write_two)
    with pytest.raises(KeyboardInterrupt) as interrupt:
        swap_film(swapper, [SOURCE], film, ended, PLAIN)
    assert interrupt.tb is not None
    assert folder_of(ended).is_dir()
    assert not ended.exists()
    assert active_count() == threads  # though the error, with all frames of the stack, is still there
    groups.clear()
    monkeypatch.setattr(film_swap, "write_unmarked_segment", write)
    monkeypatch.setattr(film_swap, "look", lambda *_: pytest.fail("the people are known"))
    report = swap_film(swapper, [SOURCE], film, ended, PLAIN)
    assert any("goes on where it stood" in note for note in report.notes)
    np.testing.assert_array_equal(luma(ended), luma(whole))
    assert groups == groups_of_whole[-len(groups) :]  # the networks see the same frames together
    assert 0 < len(groups) < len(groups_of_whole)
    assert not folder_of(ended).exists()


@pytest.mark.parametrize("suffix", [".gif", ".webm"])
def test_a_section_of_a_film_becomes_another_format(
    swapper: Swapper, film: Path, tmp_path: Path, suffix: str
) -> None:
    output = tmp_path / f"out{suffix}"
    report = swap_film(
        swapper, [SOURCE], film, output, FilmSettings(start_s=7 / 24, end_s=15 / 24, marks=False)
    )
    expected = [Fraction(time - 7, 24) for time in TIMES if 7 <= time < 15]
    assert report.frames == len(expected)
    steps = [
        (float(b - a), float(d - c))
        for (a, b), (c, d) in zip(pairwise(times(output)), pairwise(expected), strict=True)
    ]
    assert all(
        abs(step - wanted) <= 0.011 for step, wanted in steps
    )  # hundredths of a second, or thousandths


def test_a_section_that_is_none_is_refused(film: Path) -> None:
    facts = read_facts(film)
    with pytest.raises(UserError, match=r"must end after its start.*0:02.0 to 0:01.0"):
        section_of(facts, 2, 1)
    with pytest.raises(UserError, match=r"ends at 0:01\.0; it cannot start at 0:05\.0"):
        section_of(facts, 5, None)
    late = replace(
        facts, duration_s=1.0, end_pts=round(9 / facts.time_base)
    )  # its first frame comes after 8 s
    assert section_of(late, 8.5, None) == (round(Fraction(17, 2) / facts.time_base), None)


def test_only_the_person_who_is_meant_is_swapped(swapper: Swapper, tmp_path: Path) -> None:
    film, output = tmp_path / "two.mp4", tmp_path / "out.mp4"
    clip = clips.faces(2, 320, 180, 12)
    write_clip(film, clip.frames())
    who = PICTURES / f"{clip.actors[1].name}.jpg"
    report = swap_film(swapper, [Wish(SOURCE.sources, who)], film, output, PLAIN)
    assert len(report.people.persons) == 2
    change = np.abs(luma(output) - luma(film))[0]
    noses = clip.landmarks()[:, 0, 2].astype(int)
    other, meant = (change[y - 6 : y + 6, x - 6 : x + 6].mean() for x, y in noses)
    assert meant > 10
    assert other < 3


def test_a_picture_without_a_face_is_refused_before_the_film_is_looked_through(
    swapper: Swapper, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_swap, "look", lambda *_: pytest.fail("hours may pass"))
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((90, 160, 3), 90, np.uint8))
    with pytest.raises(UserError, match=r"wall\.png: "):
        swap_film(swapper, [Wish(SOURCE.sources, tmp_path / "wall.png")], film, tmp_path / "out.mp4", PLAIN)


def test_a_film_of_one_frame_becomes_a_picture_that_is_marked(swapper: Swapper, tmp_path: Path) -> None:
    film, output = tmp_path / "one.mp4", tmp_path / "out.webp"
    write_clip(film, clips.one_face(320, 180, 1).frames())
    assert swap_film(swapper, [SOURCE], film, output, FilmSettings()).frames == 1
    assert check(output).is_marked


def test_debug_draws_and_a_film_without_faces_is_one_sentence(
    swapper: Swapper, film: Path, tmp_path: Path
) -> None:
    output = tmp_path / "debug.mp4"
    swap_film(swapper, [SOURCE], film, output, FilmSettings(end_s=0.3, debug=True, marks=False))
    assert len(luma(output)) == 5
    wall = tmp_path / "wall.mp4"
    write_clip(wall, [np.full((90, 160, 3), 90, np.uint8)] * 6)
    with pytest.raises(UserError, match="nobody whose face could be swapped"):
        swap_film(swapper, [SOURCE], wall, tmp_path / "none.mp4", PLAIN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["debug.mp4", "wall.mp4"]


def test_a_film_that_ends_before_its_file_says_is_noted(film: Path) -> None:
    facts = replace(read_facts(film), duration_s=9.0)
    people = People([], [], np.arange(24), Fraction(1, 24), 320, 180, 0)
    assert film_swap._missing_end(facts, people, (None, None)) == [
        "the film ends at 0:01.0, its file says 0:09.0: it may be cut off"
    ]
    assert film_swap._missing_end(facts, people, (None, 24)) == []
    assert film_swap._missing_end(replace(facts, duration_s=1.5), people, (None, None)) == []
