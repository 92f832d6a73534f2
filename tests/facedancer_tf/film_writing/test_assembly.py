"""A film that is encoded anew keeps its times, sound, subtitles, chapters, rotation, colours and metadata."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from facedancer_tf.film_writing.assembly import assemble
from facedancer_tf.film_writing.encoding import choose_encoding
from facedancer_tf.films.film import FilmFacts, read_facts, read_frames
from tests.facedancer_tf.film_writing.small_films import (
    packets,
    pixels,
    rewrite,
    rich_film,
    times,
    write_segments,
)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> FilmFacts:
    return rich_film(tmp_path_factory.mktemp("film") / "film.mp4")


def chapters(path: Path) -> list[tuple[Fraction | int, Fraction | int, str]]:
    with av.open(str(path)) as container:
        return [
            (c["start"] * (c["time_base"] or 1), c["end"] * (c["time_base"] or 1), c["metadata"]["title"])
            for c in container.chapters()
        ]


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_nothing_is_lost(facts: FilmFacts, tmp_path: Path, suffix: str) -> None:
    path, notes = rewrite(tmp_path, facts, choose_encoding(facts, suffix)[0], tags={"comment": "ours"})
    assert notes == []
    assert times(path) == times(facts.path)
    for kind in ("audio", "subtitle"):
        assert packets(path, kind) == packets(facts.path, kind)
    assert chapters(path) == chapters(facts.path)
    new = read_facts(path)
    for name in ("rotation", "width", "height", "time_base", "end_pts", "sample_aspect_ratio", "pixel_format",
                 "colour_space", "colour_range", "colour_primaries", "colour_transfer"):  # fmt: skip
        assert getattr(new, name) == getattr(facts, name), name
    with av.open(str(path)) as container:
        assert container.metadata["title"] == "A title"
        assert container.metadata["location"] == "+48.8577+002.2950/"
        assert container.metadata["comment"] == "mine\nours"
        if suffix == ".mp4":
            assert container.streams.video[0].metadata["language"] == "fra"
    assert np.abs(pixels(path).astype(int) - pixels(facts.path)).mean() < 3


def test_mkv_rounds_times_to_milliseconds_and_says_so(facts: FilmFacts, tmp_path: Path) -> None:
    path, notes = rewrite(tmp_path, facts, choose_encoding(facts, ".mkv")[0])
    assert max(abs(a - b) for a, b in zip(times(path), times(facts.path), strict=True)) <= Fraction(1, 2000)
    assert [content for _, content in packets(path, "audio")] == [c for _, c in packets(facts.path, "audio")]
    assert [note for note in notes if "whole milliseconds" in note]
    assert [note for note in notes if "subtitle stream (mov_text) is left out" in note]
    assert read_facts(path).rotation == 90


def test_webm_gets_its_own_sound_and_says_so(facts: FilmFacts, tmp_path: Path) -> None:
    path, notes = rewrite(tmp_path, facts, choose_encoding(facts, ".webm")[0])
    assert [note for note in notes if "the sound (aac) is encoded anew" in note]
    with av.open(str(path)) as container:
        sound = container.streams.audio[0]
        assert sound.codec_context.name == "opus"
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(sound)], axis=1)
    with av.open(str(facts.path)) as container:
        length = sum(frame.samples for frame in container.decode(audio=0))
    assert heard.shape[1] == pytest.approx(length, abs=2000)
    assert 0.1 < heard[:, 4800:-4800].std() < 0.2  # the clip's sine


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_section_begins_at_0_with_its_sound(facts: FilmFacts, tmp_path: Path, suffix: str) -> None:
    own = [frame.pts for frame in read_frames(facts)]
    first, end = own[6], own[18]
    encoding = choose_encoding(facts, suffix)[0]
    segments = write_segments(tmp_path, facts, encoding, (7, 5), first, end)
    path = tmp_path / f"result{suffix}"
    assemble(path, facts, encoding, segments, first, end)
    start, length = first * facts.time_base, (end - first) * facts.time_base
    own_times = [moment - start for moment in times(facts.path)[6:18]]
    assert all(abs(a - b) <= Fraction(1, 2000) for a, b in zip(times(path), own_times, strict=True))
    sound = packets(path, "audio")
    kept = [content for _, content in packets(facts.path, "audio")]
    place = kept.index(sound[0][1])
    assert [content for _, content in sound] == kept[place : place + len(sound)]
    assert -0.025 < sound[0][0] <= 0
    assert length - Fraction(1, 40) < sound[-1][0] < length
    assert chapters(path)[0][0] == 0


def test_ten_bits_stay_ten_bits(tmp_path: Path) -> None:
    facts = rich_film(tmp_path / "film.mkv", 6, pixel_format="yuv420p10le", subtitles=False)
    path, _ = rewrite_all(tmp_path, facts, ".mp4", 6)
    assert read_facts(path).bits == 10


def test_full_range_keeps_its_values(tmp_path: Path) -> None:
    facts = rich_film(tmp_path / "film.mp4", 6, full_range=True)
    path, _ = rewrite_all(tmp_path, facts, ".mp4", 6)
    assert read_facts(path).colour_range == facts.colour_range == 2
    assert np.abs(pixels(path).astype(int) - pixels(facts.path)).mean() < 3


def rewrite_all(folder: Path, facts: FilmFacts, suffix: str, count: int) -> tuple[Path, list[str]]:
    encoding = choose_encoding(facts, suffix)[0]
    path = folder / f"result{suffix}"
    return path, assemble(path, facts, encoding, write_segments(folder, facts, encoding, (count,)))


def test_subtitles_of_mkv_are_copied(tmp_path: Path) -> None:
    facts = rich_film(tmp_path / "film.mkv", 6)
    path, notes = rewrite_all(tmp_path, facts, ".mkv", 6)
    assert packets(path, "subtitle") == packets(facts.path, "subtitle")
    assert notes == []


def test_a_film_that_begins_late_begins_as_late(tmp_path: Path) -> None:
    facts = rich_film(tmp_path / "film.mp4", 4, times=[7000, 8001, 9002, 12005, 12505], audio=False)
    path, _ = rewrite_all(tmp_path, facts, ".mp4", 4)
    assert times(path) == times(facts.path)
    assert times(path)[0] > Fraction(1, 5)


def test_animations_become_films(tmp_path: Path) -> None:
    facts = rich_film(tmp_path / "film.webp", 4, times=None, time_base=None, rate=10)
    path, _ = rewrite_all(tmp_path, facts, ".mp4", 4)
    assert times(path) == times(facts.path)
    assert np.abs(pixels(path).astype(int) - pixels(facts.path)).mean() < 6


@pytest.mark.parametrize("cut", [False, True])
def test_a_broadcast_and_its_section_keep_their_sound_in_step(tmp_path: Path, cut: bool) -> None:
    source = rich_film(tmp_path / "film.ts", rotation=0, subtitles=False, chapters=False, metadata=None)
    own = [frame.pts for frame in read_frames(source)]
    first, end = (own[6], own[18]) if cut else (None, None)
    encoding = choose_encoding(source, ".mp4")[0]
    segments = write_segments(tmp_path, source, encoding, (7, 5) if cut else (24,), first, end)
    path = tmp_path / "result.mp4"
    assemble(path, source, encoding, segments, first, end)
    shift = (own[6] if cut else 0) * source.time_base
    moved = [time - shift for time in times(source.path)]
    assert times(path) == (moved[6:18] if cut else moved)
    clock = source.start_pts * source.time_base + shift
    adts = 7  # bytes of a head that MPEG-TS puts before each packet
    heard = {content[adts:]: time - clock for time, content in packets(source.path, "audio")}
    sound = packets(path, "audio")
    assert len(sound) > 5
    assert all(abs(time - heard[content]) <= Fraction(1, 20000) for time, content in sound)


def test_transparency_that_cannot_be_read_is_said_and_not_promised(tmp_path: Path) -> None:
    clear = rich_film(tmp_path / "clear.webm", 3, pixel_format="yuva420p", subtitles=False)
    assert clear.has_alpha
    assert "cannot be read" in choose_encoding(clear, ".webp")[1][0]
    encoding, notes = choose_encoding(clear, ".webm")
    assert any("transparency" in note for note in notes)
    path = tmp_path / "result.webm"
    assemble(path, clear, encoding, write_segments(tmp_path, clear, encoding, (3,)))
    assert not read_facts(path).has_alpha


def test_h265_has_the_tag_that_apples_players_know(tmp_path: Path) -> None:
    facts = rich_film(tmp_path / "film.mp4")
    encoding, _ = choose_encoding(facts, ".mp4", "h265")
    path, _ = rewrite(tmp_path, facts, encoding)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"
