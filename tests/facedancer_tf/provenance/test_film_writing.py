"""Films leave with their marks, which are read back, also after a platform has encoded them anew."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from c2pa import Reader

from facedancer_tf.films.encoding import Encoding, choose_encoding
from facedancer_tf.films.film import FilmFacts, read_facts, read_frames
from facedancer_tf.films.segments import write_segment
from facedancer_tf.provenance.checking import check, in_words
from facedancer_tf.provenance.film_reading import watermark_in
from facedancer_tf.provenance.film_watermark import marked, read_film_watermark
from facedancer_tf.provenance.film_writing import finish_marked, finish_unmarked, write_marked_segment
from facedancer_tf.provenance.swapped import UsedModel
from facedancer_tf.provenance.watermark import Watermark

MODELS = [UsedModel("demo", "ab" * 32)]
SYNTHETIC = "compositeWithTrainedAlgorithmicMedia"


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> FilmFacts:
    from benchmarks.clip_files import write_clip
    from benchmarks.clips import one_face

    path = tmp_path_factory.mktemp("film") / "film.mp4"
    write_clip(path, one_face(480, 270, 16).frames(), colours="bt709", audio=True)
    return read_facts(path)


def written(folder: Path, facts: FilmFacts, suffix: str) -> tuple[Path, list[str]]:
    encoding = choose_encoding(facts, suffix)[0]
    frames, segments = read_frames(facts), [folder / "0.mp4", folder / "1.mp4"]
    for segment in segments:
        assert write_marked_segment(segment, facts, encoding, islice(frames, 8), MODELS) == 8
    path = folder / f"out{suffix}"
    return path, finish_marked(path, facts, encoding, segments, MODELS)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".gif", ".webp"])
def test_every_format_carries_what_it_can_hold(facts: FilmFacts, tmp_path: Path, suffix: str) -> None:
    path, notes = written(tmp_path, facts, suffix)
    marks = check(path)
    assert marks.is_marked
    assert marks.metadata == SYNTHETIC
    assert marks.watermark is not None
    assert marks.watermark.model_id == MODELS[0].watermark_id
    assert f"metadata:    {SYNTHETIC}" in in_words(marks)
    if suffix in (".mkv", ".webm"):
        assert marks.credentials is None
        assert [note for note in notes if "holds no content credentials" in note]
    else:
        assert marks.credentials is not None
        assert marks.credentials.valid
        assert marks.credentials.source_types == (SYNTHETIC,)
        with Reader(path) as reader:
            store = json.loads(reader.json())
        manifest = store["manifests"][store["active_manifest"]]
        assert [entry["title"] for entry in manifest["ingredients"]] == ["target"]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(["0.mp4", "1.mp4", path.name])


def test_a_comment_says_it_to_every_player(facts: FilmFacts, tmp_path: Path) -> None:
    with av.open(str(written(tmp_path, facts, ".mp4")[0])) as container:
        assert f"digitalsourcetype/{SYNTHETIC}" in container.metadata["comment"]


def test_a_change_breaks_the_credentials(facts: FilmFacts, tmp_path: Path) -> None:
    path, _ = written(tmp_path, facts, ".mp4")
    content = bytearray(path.read_bytes())
    content[content.rindex(b"mdat") + 2000] ^= 1
    path.write_bytes(content)
    marks = check(path)
    assert marks.credentials is not None
    assert not marks.credentials.is_unchanged


@pytest.mark.parametrize("crf", [23, 28])
def test_the_watermark_outlives_another_encoding(facts: FilmFacts, tmp_path: Path, crf: int) -> None:
    path, _ = written(tmp_path, facts, ".mp4")
    marked_facts = read_facts(path)
    again = tmp_path / "again.mp4"
    encoding = choose_encoding(marked_facts, ".mp4", quality=crf)[0]
    write_segment(again, marked_facts, encoding, read_frames(marked_facts))
    marks = check(again)
    assert marks.credentials is None
    assert marks.metadata is None
    assert marks.watermark is not None
    assert marks.watermark.model_id == MODELS[0].watermark_id


def test_the_source_and_a_film_without_marks_have_none(facts: FilmFacts, tmp_path: Path) -> None:
    encoding = choose_encoding(facts, ".mp4")[0]
    write_segment(tmp_path / "0.mp4", facts, encoding, read_frames(facts))
    assert finish_unmarked(tmp_path / "out.mp4", facts, encoding, [tmp_path / "0.mp4"]) == []
    for path in (facts.path, tmp_path / "out.mp4"):
        assert not check(path).is_marked
        assert check(path).watermark is None


def test_black_holds_no_watermark_and_it_is_said(tmp_path: Path) -> None:
    from benchmarks.clip_files import write_clip

    write_clip(tmp_path / "black.mp4", [np.zeros((64, 96, 3), np.uint8)] * 4)
    facts = read_facts(tmp_path / "black.mp4")
    encoding = choose_encoding(facts, ".mkv")[0]
    write_marked_segment(tmp_path / "0.mp4", facts, encoding, read_frames(facts), MODELS)
    notes = finish_marked(tmp_path / "out.mkv", facts, encoding, [tmp_path / "0.mp4"], MODELS)
    assert "the film is too small or too plain to hold the invisible watermark" in notes


def test_nothing_pumps_within_a_shot(facts: FilmFacts, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = []
    least = Watermark.least_gain

    def counted(*values: Any) -> float:
        trials.append(values)
        return least(*values)

    monkeypatch.setattr(Watermark, "least_gain", counted)
    before = [frame.picture.luma(512) for frame in read_frames(facts)]
    after = [frame.picture.luma(512) for frame in marked(read_frames(facts), Watermark(5))]
    assert len(trials) == 1
    added = np.array([new.mean() - old.mean() for new, old in zip(after, before, strict=True)])
    assert np.abs(added).max() < 0.3
    assert np.abs(np.diff(added, 2)).max() < 0.1


def test_frames_together_are_read_where_one_is_not(facts: FilmFacts) -> None:
    random, pattern = np.random.default_rng(0), Watermark(7)
    canvases = []
    for frame in islice(read_frames(facts), 12):
        canvas = frame.picture.luma(512)
        noisy = canvas + 0.7 * pattern.full_noise(canvas) + 9 * random.standard_normal(canvas.shape)
        canvases.append(noisy.astype(np.float32))
    assert read_film_watermark(canvases[:1]) is None
    together = read_film_watermark(canvases)
    assert together is not None
    assert together.model_id == 7


def test_a_section_is_marked_too(facts: FilmFacts, tmp_path: Path) -> None:
    own = [frame.pts for frame in read_frames(facts)]
    encoding: Encoding = choose_encoding(facts, ".mp4")[0]
    write_marked_segment(tmp_path / "0.mp4", facts, encoding, read_frames(facts, own[4], own[10]), MODELS)
    path = tmp_path / "out.mp4"
    assert finish_marked(path, facts, encoding, [tmp_path / "0.mp4"], MODELS, own[4], own[10]) == []
    assert next(read_frames(read_facts(path))).pts == 0
    assert watermark_in(read_facts(path)) is not None
