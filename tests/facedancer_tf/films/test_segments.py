"""Segments are whole or not there, the same at every run, and together one stream with the film's own times."""

from itertools import pairwise
from pathlib import Path

import av
import pytest
from tests.facedancer_tf.films.small_films import rich_film, write_segments

from facedancer_tf.films.encoding import choose_encoding
from facedancer_tf.films.film import FilmFacts, read_frames
from facedancer_tf.films.segments import is_whole, read_pieces, write_segment


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> FilmFacts:
    return rich_film(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [(".mp4", "h264"), (".mp4", "h265"), (".webm", "vp9"), (".mkv", "av1"), (".gif", None)],
)
def test_two_runs_are_equal_and_keep_every_time(
    facts: FilmFacts, tmp_path: Path, suffix: str, codec: str | None
) -> None:
    encoding, _ = choose_encoding(facts, suffix, codec)
    runs = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        paths = write_segments(tmp_path / name, facts, encoding)
        runs.append([(p.pts, p.dts, p.duration, bytes(p)) for p in read_pieces(paths, facts)])
    assert runs[0] == runs[1]
    own = {frame.pts: frame.duration for frame in read_frames(facts)}
    assert {pts: duration for pts, _, duration, _ in runs[0]} == own
    assert all(before < after for before, after in pairwise(dts for _, dts, _, _ in runs[0]))
    assert all(dts <= pts for pts, dts, _, _ in runs[0])


def test_a_later_segment_depends_on_its_own_frames_alone(facts: FilmFacts, tmp_path: Path) -> None:
    encoding, _ = choose_encoding(facts, ".mp4")
    together = write_segments(tmp_path, facts, encoding, (10, 14))
    second = tmp_path / "alone.mp4"
    frames = list(read_frames(facts))
    write_segment(second, facts, encoding, read_frames(facts, first_pts=frames[10].pts))
    assert second.read_bytes() == together[1].read_bytes()


def test_no_frames_leave_no_file(facts: FilmFacts, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must have a frame"):
        write_segment(tmp_path / "a.mp4", facts, choose_encoding(facts, ".mp4")[0], [])
    assert list(tmp_path.iterdir()) == []


def test_half_a_segment_is_not_whole(facts: FilmFacts, tmp_path: Path) -> None:
    path = write_segments(tmp_path, facts, choose_encoding(facts, ".mp4")[0], (5,))[0]
    assert is_whole(path)
    path.write_bytes(path.read_bytes()[:-100])
    assert not is_whole(path)
    assert not is_whole(tmp_path / "other.mp4")


def test_encoders_are_fresh(facts: FilmFacts, tmp_path: Path) -> None:
    for path in write_segments(tmp_path, facts, choose_encoding(facts, ".mp4")[0]):
        with av.open(str(path)) as container:
            assert next(container.demux(video=0)).is_keyframe
