"""Workers of a cluster do with a batch what one process does, and one process alone remembers it."""

import csv
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import TIMEOUT_MAX
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks.clip_files import write_clip
from benchmarks.clips import one_face
from data.clusters.connection import ClusterLost
from data.clusters.sharing import LIMIT_S, Done, Work, share
from data.clusters.worker_process import WorkRefused
from data.pictures import write_picture
from facedancer_tf.batches import cluster_swaps
from facedancer_tf.batches.batch import Batch, run_batch
from facedancer_tf.batches.cluster_swaps import KILLED, swap_on, workers_at
from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.journal import Journal, open_journal
from facedancer_tf.batches.report import Row
from facedancer_tf.batches.stages import Stages
from facedancer_tf.batches.swapping_worker import Outcome, StagesElsewhere
from facedancer_tf.batches.targets import list_targets
from facedancer_tf.errors import UserError
from facedancer_tf.provenance.certificate import load_signing_identity, own_signing_identity
from facedancer_tf.provenance.checking import check
from facedancer_tf.swapping.picture_swap import WritingOptions
from facedancer_tf.swapping.swapper import Swapper
from tests.facedancer_tf.batches.deadly import DEADLY, DeadlyStages
from tests.facedancer_tf.conftest import PICTURES

GRACE = PICTURES / "grace_hopper.jpg"
PLAIN = WritingOptions(without_marks=True)


@pytest.fixture
def pics(tmp_path: Path, barack: np.ndarray) -> Path:
    """Three targets in one folder and its subfolder, and one without a face."""
    folder = tmp_path / "pics"
    (folder / "sub").mkdir(parents=True)
    for number, name in enumerate(("1.png", "2.bmp", "sub/3.png")):
        side = 300 + 20 * number
        write_picture(folder / name, cv2.resize(barack, (side, side), interpolation=cv2.INTER_AREA))
    write_picture(folder / "wall.png", np.full((200, 200, 3), 90, np.uint8))
    return folder


def batch_of(pics: Path, out: Path, options: WritingOptions = PLAIN) -> Batch:
    targets = list_targets([GRACE], pics, out)
    return Batch(targets.jobs, targets.unusable, out, "largest", options)


def stages_of(swapper: Swapper, out: Path, options: WritingOptions = PLAIN) -> Stages:
    return Stages(swapper, out, "largest", options)


def swap_here(
    swapper: Swapper, pics: Path, options: WritingOptions = PLAIN, jobs: list[Job] | None = None
) -> dict[str, Row]:
    """The rows by target of what workers do, in this process."""
    out = pics.parent / "out"
    with open_journal(out) as journal:
        wished = list(batch_of(pics, out).jobs) if jobs is None else jobs
        rows = swap_on(None, stages_of(swapper, out, options), journal, wished)
        return {row.target: row for row in rows}


def states(rows: list[Row]) -> str:
    return " ".join(row.state for row in rows)


def report(folder: Path) -> list[list[str]]:
    with (folder / "report.csv").open(newline="") as file:
        return list(csv.reader(file))


@pytest.mark.slow
def test_two_workers_do_what_one_process_does_and_one_journal_serves_both(
    swapper: Swapper, pics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, shared = pics.parent / "plain", pics.parent / "shared"
    run_batch(swapper, batch_of(pics, plain))
    monkeypatch.setattr(cluster_swaps, "StagesElsewhere", DeadlyStages)
    with workers_at("local", 2) as cluster:
        rows = run_batch(swapper, batch_of(pics, shared), cluster)
        assert states(rows) == "done done done failed"
        assert report(shared) == report(plain)
        for name in ("1.png", "2.bmp", "sub/3.png"):
            assert (shared / name).read_bytes() == (plain / name).read_bytes()
        (pics / "1.png").rename(pics / DEADLY)
        rows = run_batch(swapper, batch_of(pics, shared), cluster)
    assert states(rows) == "skipped failed skipped failed"
    assert (rows[1].target, rows[1].reason) == (DEADLY, KILLED)
    assert states(run_batch(swapper, batch_of(pics, shared))) == "skipped done skipped failed"
    assert (shared / DEADLY).read_bytes() == (plain / "1.png").read_bytes()


def test_tasks_and_what_builds_a_worker_are_small_and_hold_from_any_folder(
    swapper: Swapper, pics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = []

    def look(_: None, work: Work[Job, Outcome], jobs: Iterator[Job]) -> Iterator[Done[Job, Outcome]]:
        job, built = next(jobs), work.build
        assert isinstance(built, StagesElsewhere)
        assert len(pickle.dumps(built)) < 2000
        assert len(pickle.dumps(job)) < 1000
        assert all(path.is_absolute() for path in (job.target, *job.sources, built.folder))
        assert "CUDA_VISIBLE_DEVICES" not in work.environment
        limits.append(work.limit_s)
        return iter(())

    monkeypatch.setattr(cluster_swaps, "share", look)
    monkeypatch.chdir(pics.parent)
    for _ in range(2):
        swap_here(swapper, Path("pics"))
        (pics / "film.mp4").touch()
    assert limits == [LIMIT_S, TIMEOUT_MAX]


def test_weights_are_found_from_any_folder_and_names_stay_names(tiny_model: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tiny_model.parent)
    for model, there in ((tiny_model.name, tiny_model), ("default", "default"), (None, None)):
        with Swapper(model, skin_colour=False) as swapper:
            built = StagesElsewhere.of(stages_of(swapper, Path("out")))
        assert built.swapper["model"] == there
        assert built.swapper["skin_colour"] is False


def test_results_begin_shortly_before_they_are_made_and_failures_are_withdrawn(
    swapper: Swapper, pics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    begin = Journal.begin
    most = []

    def noted(journal: Journal, job: Job) -> None:
        begun.append(job.name)
        begin(journal, job)

    monkeypatch.setattr(Journal, "begin", noted)

    def watched(*arguments: Any) -> Iterator[Done[Job, Outcome]]:
        for number, done in enumerate(share(*arguments)):
            most.append(len(begun) - number)
            yield done

    monkeypatch.setattr(cluster_swaps, "share", watched)
    rows = swap_here(swapper, pics)
    assert most == [1, 1, 1, 1]
    assert rows["wall.png"].reason.startswith("no face was found")
    out = pics.parent / "out"
    (out / "wall.png").write_bytes(b"somebody's")
    (out / "1.png").write_bytes(b"retouched")
    write_picture(pics / "1.png", np.full((300, 300, 3), 90, np.uint8))
    rows_again = {row.target: row for row in run_batch(swapper, batch_of(pics, out))}
    assert "no run into this folder wrote" in rows_again["wall.png"].reason
    assert "changed after it was written" in rows_again["1.png"].reason
    assert rows_again["sub/3.png"].state == "skipped"


def test_what_is_missing_here_too_fails_alone_and_a_worker_that_sees_less_ends_the_run(
    swapper: Swapper, pics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = list(batch_of(pics, pics.parent / "out").jobs)
    jobs[0] = replace(jobs[0], target=pics / "none.png")
    jobs[1] = replace(jobs[1], sources=(GRACE, pics / "me.png"))
    rows = swap_here(swapper, pics, jobs=jobs)
    assert rows["1.png"].reason == "there is no such file"
    assert rows["2.bmp"].reason == f"{pics / 'me.png'}: there is no such file"
    assert rows["sub/3.png"].state == "done"
    built = StagesElsewhere.of(stages_of(swapper, pics.parent / "out"))
    with pytest.raises(WorkRefused, match=r"does not see .*none\.png: all of them need the same folders"):
        built()(jobs[0])
    with pytest.raises(WorkRefused, match=r"does not see .*elsewhere/\.swapped\.jsonl"):
        replace(built, folder=pics / "elsewhere")()


def test_a_worker_with_another_model_or_without_it_is_refused(swapper: Swapper, pics: Path) -> None:
    out = pics.parent / "out"
    with open_journal(out):
        built = StagesElsewhere.of(stages_of(swapper, out))
    with pytest.raises(WorkRefused, match="has another model"):
        replace(built, settings={**built.settings, "model": "0" * 64})()
    with pytest.raises(WorkRefused, match=r"cannot start \(there are no generator weights nowhere"):
        replace(built, swapper={**built.swapper, "model": "nowhere"})()


def test_no_private_key_is_sent_and_workers_read_their_own(swapper: Swapper, pics: Path) -> None:
    identity, _ = own_signing_identity()
    files = pics.parent / "mine.pem", pics.parent / "key.pem"
    for path, content in zip(files, (identity.chain, identity.key), strict=True):
        path.write_bytes(content)
    options = WritingOptions(label=True, signer=load_signing_identity(*files))
    built = pickle.dumps(StagesElsewhere.of(stages_of(swapper, pics.parent / "out", options)))
    assert identity.key not in built
    assert b"PRIVATE" not in built
    assert swap_here(swapper, pics, options)["1.png"].state == "done"
    marks = check(pics.parent / "out" / "1.png")
    assert marks.credentials is not None
    assert marks.credentials.valid
    with pytest.raises(UserError, match="the signer must come from files"):
        StagesElsewhere.of(stages_of(swapper, pics, WritingOptions(signer=identity)))


def test_a_film_is_a_task_like_others(swapper: Swapper, pics: Path) -> None:
    write_clip(pics / "film.mp4", one_face(320, 180, 8).frames())
    rows = swap_here(swapper, pics)
    assert rows["film.mp4"].state == "done"
    assert (pics.parent / "out" / "film.mp4").is_file()


def test_a_full_disk_and_a_lost_cluster_end_the_run_and_keep_the_report(
    swapper: Swapper, pics: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(after: int, error: Exception) -> None:
        def stopping(_: object, *others: Any) -> Iterator[Done[Job, Outcome]]:
            for number, done in enumerate(share(None, *others)):
                if number == after:
                    raise error
                yield done

        monkeypatch.setattr(cluster_swaps, "share", stopping)

    out, somewhere = pics.parent / "out", object()
    stop(1, UserError("the disk is full", "unwritable"))
    with pytest.raises(UserError, match="the disk is full"):
        run_batch(swapper, batch_of(pics, out), somewhere)  # type: ignore[arg-type]
    assert [line[2] for line in report(out)] == ["state", "done"]
    for error in (ClusterLost("it is gone"), WorkRefused("it is another")):
        stop(0, error)
        with pytest.raises(UserError, match=r"it is \w+; all that was done is kept"), workers_at("local", 1):
            run_batch(swapper, batch_of(pics, out), somewhere)  # type: ignore[arg-type]
    assert states(run_batch(swapper, batch_of(pics, out))) == "skipped done done failed"


def test_one_worker_here_is_this_process() -> None:
    with workers_at(None, None) as cluster:
        assert cluster is None
    with workers_at("local", 1) as cluster:
        assert cluster is None
