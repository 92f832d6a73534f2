"""A batch does what a swap of each picture would do, once, whatever happens to some of its pictures."""

import csv
import errno
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.clip_files import write_clip
from benchmarks.clips import one_face
from data.pictures import read_picture, write_picture
from facedancer_tf.batches import identities, stages
from facedancer_tf.batches.batch import Batch, run_batch
from facedancer_tf.batches.pairs_table import read_jobs
from facedancer_tf.batches.report import Row
from facedancer_tf.batches.targets import list_targets
from facedancer_tf.errors import UserError
from facedancer_tf.films.film import read_facts
from facedancer_tf.provenance.checking import check
from facedancer_tf.swapping.paste_steps import PasteSteps
from facedancer_tf.swapping.picture_swap import WritingOptions
from facedancer_tf.swapping.swapper import Swapper
from tests.facedancer_tf.conftest import PICTURES, write_tiny_model

GRACE = PICTURES / "grace_hopper.jpg"
PLAIN = WritingOptions(without_marks=True)


@pytest.fixture
def pics(tmp_path, barack):
    """Four targets in one folder and its subfolder, each of another size."""
    folder = tmp_path / "pics"
    (folder / "sub").mkdir(parents=True)
    for number, name in enumerate(("1.png", "2.bmp", "3.webp", "sub/4.jpeg")):
        side = 300 + 20 * number
        write_picture(folder / name, cv2.resize(barack, (side, side), interpolation=cv2.INTER_AREA))
    return folder


def swap_folder(
    swapper: Swapper, pics: Path, options: WritingOptions = PLAIN, face: int | str = "largest"
) -> list[Row]:
    out = pics.parent / "out"
    targets = list_targets([GRACE], pics, out)
    return run_batch(swapper, Batch(targets.jobs, targets.unusable, out, face, options))


def states(rows: list[Row]) -> str:
    return " ".join(row.state for row in rows)


def contents(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_every_picture_is_what_a_swap_of_it_alone_is(swapper, pics, grace):
    rows = swap_folder(swapper, pics)
    assert states(rows) == "done done done done"
    assert [row.output for row in rows] == ["1.png", "2.bmp", "3.webp", "sub/4.jpeg"]
    identity = swapper.embed(grace)
    for name in ("1.png", "2.bmp"):
        alone = swapper.swap(identity, read_picture(pics / name).rgb)
        np.testing.assert_array_equal(read_picture(pics.parent / "out" / name).rgb, alone)
    with (pics.parent / "out" / "report.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["state"] for row in table] == ["done"] * 4
    assert all(-1 < float(row["likeness_before"]) < 1 and "no marks" in row["notes"] for row in table)


def test_results_are_marked_and_labelled_as_asked(swapper, pics):
    swap_folder(swapper, pics, WritingOptions(label=True))
    marks = check(pics.parent / "out" / "1.png")
    assert marks.credentials is not None
    assert marks.credentials.valid
    assert marks.watermark is not None
    corner = [
        read_picture(folder / "1.png").rgb[-20:, :80].astype(int) for folder in (pics, pics.parent / "out")
    ]
    assert np.abs(corner[0] - corner[1]).max() > 100


def test_results_that_were_pasted_by_other_steps_are_made_anew(swapper, pics, monkeypatch):
    swap_folder(swapper, pics)
    before = contents(pics.parent / "out")
    monkeypatch.setattr(swapper, "paste_steps", PasteSteps(finest_detail=False))
    assert states(swap_folder(swapper, pics)) == "done done done done"
    after = contents(pics.parent / "out")
    assert all(after[name] != before[name] for name in ("1.png", "2.bmp"))


def test_what_is_done_is_passed_over_without_loading_the_networks(swapper, pics, tiny_model):
    first = swap_folder(swapper, pics)
    before = contents(pics.parent / "out")
    with Swapper(tiny_model) as fresh:
        rows = swap_folder(fresh, pics)
        assert fresh._engine is None
    assert states(rows) == "skipped skipped skipped skipped"
    assert [(row.before, row.after) for row in rows] == [(row.before, row.after) for row in first]
    after = contents(pics.parent / "out")
    assert before.pop("report.csv") != after.pop("report.csv")
    assert after == before


def test_only_what_changed_is_made_again(swapper, pics, barack):
    swap_folder(swapper, pics)
    write_picture(pics / "1.png", barack[::-1].copy())
    (pics.parent / "out" / "2.bmp").unlink()
    assert states(swap_folder(swapper, pics)) == "done done skipped skipped"


def test_other_settings_or_another_model_make_all_again(swapper, pics, tmp_path):
    swap_folder(swapper, pics)
    assert states(swap_folder(swapper, pics, face="all")) == "done done done done"
    write_tiny_model(tmp_path / "other.keras", seed=1)
    with Swapper(tmp_path / "other.keras") as other:
        assert states(swap_folder(other, pics, face="all")) == "done done done done"


def test_files_in_the_place_of_results_are_kept(swapper, pics):
    out = pics.parent / "out"
    out.mkdir()
    (out / "1.png").write_bytes(b"somebody's")
    assert states(swap_folder(swapper, pics)) == "failed done done done"
    (out / "2.bmp").write_bytes(b"retouched")
    rows = swap_folder(swapper, pics)
    assert states(rows) == "failed failed skipped skipped"
    assert "no run into this folder wrote" in rows[0].reason
    assert "changed after it was written" in rows[1].reason
    assert [(out / name).read_bytes() for name in ("1.png", "2.bmp")] == [b"somebody's", b"retouched"]


def test_a_film_among_the_pictures_goes_the_way_of_films(swapper, pics):
    write_clip(pics / "film.mp4", one_face(320, 180, 8).frames())
    shutil.rmtree(pics / "sub")
    rows = swap_folder(swapper, pics)
    assert states(rows) == "done done done done"
    film = pics.parent / "out" / "film.mp4"
    assert read_facts(film).frames == 8
    assert "without marks" not in " ".join(rows[-1].notes)
    assert [path.name for path in film.parent.iterdir() if path.name.endswith(".parts")] == []
    assert states(swap_folder(swapper, pics)) == "skipped skipped skipped skipped"


def test_failures_are_their_own_and_say_why(swapper, pics, monkeypatch):
    (pics / "0damaged.jpg").write_bytes(GRACE.read_bytes()[:20000])
    (pics / "0film.mp4").touch()
    (pics / "0phone.heic").touch()
    write_picture(pics / "0wall.png", np.full((300, 300, 3), 90, np.uint8))
    find = stages.find_target

    def fail_for_two(swapper: Swapper, path: Path, *others: Any) -> Any:
        if path.name == "1.png":
            raise MemoryError
        if path.name == "2.bmp":
            raise cv2.error("too\nsmall")
        return find(swapper, path, *others)

    monkeypatch.setattr(stages, "find_target", fail_for_two)
    rows = {row.target: row for row in swap_folder(swapper, pics)}
    assert {name for name, row in rows.items() if row.state == "done"} == {"3.webp", "sub/4.jpeg"}
    reasons = {name: row.reason for name, row in rows.items() if row.state == "failed"}
    assert reasons["0damaged.jpg"].startswith("truncated or damaged")
    assert reasons["0film.mp4"].startswith("is no film")
    assert reasons["0phone.heic"].startswith("heic picture: convert it")
    assert reasons["0wall.png"].startswith("no face was found")
    assert reasons["1.png"].startswith("there is not enough memory")
    assert reasons["2.bmp"] == "OpenCV cannot work on it (too small)"
    monkeypatch.undo()
    assert states(swap_folder(swapper, pics)).count("done") == 2  # failures are tried again


def test_a_defect_of_the_program_is_no_failure_of_a_picture(swapper, pics, monkeypatch):
    def broken(*others: Any) -> None:
        raise KeyError("a defect")

    monkeypatch.setattr(stages, "swap_picture", broken)
    with pytest.raises(KeyError):
        swap_folder(swapper, pics)


def stop_at(name: str, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets writing the result called `name` raise `error`."""
    from facedancer_tf.provenance import writing

    write = writing.whole_file

    def stop(path: Path, *others: Any) -> Any:
        if path.name == name:
            raise error
        return write(path, *others)

    monkeypatch.setattr(writing, "whole_file", stop)


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(errno.ENOSPC, "No space left on device"), UserError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_full_disk_and_an_interrupt_keep_what_was_done(swapper, pics, monkeypatch, error, raised):
    with monkeypatch.context() as patch:
        stop_at("3.webp", error, patch)
        with pytest.raises(raised) as told:
            swap_folder(swapper, pics)
    if raised is UserError:
        assert str(told.value).endswith(
            "3.webp cannot be written: No space left on device; all that was done is kept, and the same command goes on"
        )
    out = pics.parent / "out"
    assert (
        {"1.png", "2.bmp", "report.csv"}
        <= set(contents(out))
        <= {"1.png", "2.bmp", "report.csv", "sub/4.jpeg"}
    )
    assert states(swap_folder(swapper, pics)) in ("skipped skipped done done", "skipped skipped done skipped")


def test_a_place_that_cannot_be_written_is_a_failure_of_its_target(swapper, pics, monkeypatch):
    stop_at("3.webp", OSError(errno.ENAMETOOLONG, "File name too long"), monkeypatch)
    rows = swap_folder(swapper, pics)
    assert states(rows) == "done done failed done"
    assert "File name too long" in rows[2].reason


def test_no_more_than_three_pictures_are_in_memory(swapper, pics, monkeypatch):
    for number in range(6):
        shutil.copy(pics / "1.png", pics / f"1{number}.png")
    find = stages.find_target
    made: list[weakref.ref[Any]] = []
    most = []

    def watch(*others: Any) -> Any:
        most.append(sum(target() is not None for target in made) + 1)
        target = find(*others)
        made.append(weakref.ref(target))
        return target

    monkeypatch.setattr(stages, "find_target", watch)
    assert states(swap_folder(swapper, pics)) == " ".join(["done"] * 10)
    assert 2 <= max(most) <= 3


def count_calls(monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> list[Any]:
    """Lets calls of `place.name` be counted: the arguments of each."""
    calls, function = [], getattr(place, name)

    def counted(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    monkeypatch.setattr(place, name, counted)
    return calls


@pytest.fixture
def swap_pairs(swapper, pics) -> Callable[..., list[Row]]:
    def swap(*lines: str) -> list[Row]:
        table = pics / "pairs.csv"
        table.write_text("\n".join(["source,target,output", *lines]))
        return run_batch(swapper, Batch(read_jobs(table), {}, pics.parent / "out", "largest", PLAIN))

    return swap


def test_each_source_of_a_table_is_found_and_embedded_once(swapper, pics, swap_pairs, monkeypatch):
    eileen = PICTURES / "eileen_collins.png"
    write_picture(pics / "wall.png", np.full((300, 300, 3), 90, np.uint8))
    found = count_calls(monkeypatch, identities, "find_source")
    embedded = count_calls(monkeypatch, swapper, "embed_faces")
    rows = swap_pairs(
        f"{GRACE},1.png,", f"{eileen},1.png,", "wall.png,1.png,", f"{GRACE},2.bmp,x/y.png",
        f"{GRACE};{eileen},1.png,both.png", "wall.png,2.bmp,", "none.png,2.bmp,", f"{eileen},none.png,",
    )  # fmt: skip
    assert states(rows) == "done done failed done done failed failed failed"
    assert [row.reason.split(":")[-1][:22] for row in rows if row.reason] == [
        " no face was found; ch", " no face was found; ch", " there is no such file", "there is no such file"
    ]  # fmt: skip
    assert len(found) == 5
    assert len(embedded) == 3
    assert "seem to show different people" in " ".join(rows[4].notes)
    out = contents(pics.parent / "out")
    assert set(out) == {"grace_hopper_1.png", "eileen_collins_1.png", "x/y.png", "both.png", "report.csv"}
    assert len(set(out.values())) == 5


def test_one_source_for_all_that_cannot_be_used_ends_the_run_before_anything_is_written(pics, swap_pairs):
    write_picture(pics / "wall.png", np.full((300, 300, 3), 90, np.uint8))
    with pytest.raises(UserError, match=r"wall\.png: no face was found"):
        swap_pairs("wall.png,1.png,", "wall.png,2.bmp,")
    assert not (pics.parent / "out").exists()


def test_a_model_that_cannot_be_loaded_ends_the_run(pics, tmp_path):
    (tmp_path / "broken.keras").write_bytes(b"PK no archive")
    with (
        Swapper(tmp_path / "broken.keras") as broken,
        pytest.raises(UserError, match="is not a whole generator file"),
    ):
        swap_folder(broken, pics)
