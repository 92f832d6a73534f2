"""Tests prepare_data.py as people run it: shards do not depend on workers or kills, and the report is true."""

import errno
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import tensorflow as tf

from data.manifest import read_manifest
from data.pipeline import build_dataset
from data.preparing import shards
from data.preparing.pieces import write_piece
from data.records import decode_crop, parse_record
from tests.data.preparing.running import (
    FIXED,
    assert_same_shards,
    command,
    prepare,
    prepare_here,
    shard_files,
)

ROOT = Path(__file__).resolve().parents[3]


def test_report_counts_every_picture_by_reason(straight: Path) -> None:
    report = json.loads((straight / "report-00000-of-00001.json").read_text())
    assert report["pictures"] == 33
    assert report["left_out_files"] == {
        "face_too_small": ["far.png"],
        "heic_picture": ["phone.heic"],
        "hidden_or_system": ["._cut.jpg"],
        "no_face": ["noise.webp"],
        "not_a_picture": ["words.png"],
        "tiny_picture": ["narrow.bmp"],
        "truncated": ["cut.jpg", "wide.png", "zeroed.jpg"],
        "unreadable": ["broken_disk.jpg"],
    }
    assert report["train"] + report["validation"] == 25


def test_records_hold_aligned_faces_with_labels_and_identities_do_not_straddle(straight: Path) -> None:
    manifest = read_manifest(straight)
    labels: dict[str, set[str]] = {"train": set(), "validation": set()}
    names = []
    for shard in manifest.shards:
        records = [parse_record(r) for r in tf.data.TFRecordDataset(str(straight / shard.name))]
        assert len(records) == shard.count
        for record in records:
            labels[shard.split].add(record["label"].numpy().decode())
            names.append(record["name"].numpy().decode())
            assert decode_crop(record["picture"]).shape == (64, 64, 3)
    assert len(set(names)) == len(names) == 25
    assert "grace_hopper/3.png#0" in names
    assert min(len(each) for each in labels.values()) > 0
    assert not labels["train"] & labels["validation"]
    assert len(labels["train"] | labels["validation"]) == 5
    batch = next(iter(build_dataset(straight, "train", 64, 4, 0)))
    assert batch["target"].shape == (4, 64, 64, 3)


def test_two_workers_make_the_same_shards_and_a_second_run_redoes_nothing(
    people: Path, straight: Path, tmp_path: Path
) -> None:
    code, output = prepare(people, "-o", tmp_path / "two", *FIXED, "--workers", 2)
    assert code == 0, output
    assert_same_shards(straight, tmp_path / "two")
    before = {name: (tmp_path / "two" / name).stat().st_mtime_ns for name in shard_files(straight)}
    assert ", 33 done before" not in output
    code, output = prepare_here(people, "-o", tmp_path / "two", *FIXED, "--workers", 1)
    assert code == 0, output
    assert " 0.0 pictures/s, 33 done before" in output
    assert before == {name: (tmp_path / "two" / name).stat().st_mtime_ns for name in shard_files(straight)}


def progress_made(folder: Path) -> int:
    """Pieces and shards that are finished; a shard takes the place of its pieces."""
    names = [path.name for path in (folder / ".progress").glob("*")]
    return sum(name.endswith(".piece") for name in names) + 2 * sum(
        name.endswith(".report") for name in names
    )


def test_kill_minus_nine_loses_no_finished_piece(people: Path, straight: Path, tmp_path: Path) -> None:
    folder = tmp_path / "killed"
    kills, seen = 0, 0
    for _ in range(3):
        process = subprocess.Popen(
            command(people, "-o", folder, *FIXED, "--workers", 1),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if (made := progress_made(folder)) > seen:
                os.kill(process.pid, signal.SIGKILL)
                kills, seen = kills + 1, made
                break
            time.sleep(0.002)
        process.wait(timeout=60)
    assert kills >= 2  # otherwise nothing was tested
    assert not list(folder.glob("manifest-*"))
    with pytest.raises(ValueError, match="no finished shards"):
        read_manifest(folder)
    reports = (folder / ".progress").glob("[!.]*.report")  # what a kill left begins with a dot
    done = [path.stem for path in reports]
    done_before = {name: (folder / name).stat().st_mtime_ns for name in done}
    for path in (folder / ".progress").glob("*.piece"):  # as a power cut leaves them
        path.write_bytes(path.read_bytes()[:-1])
    code, output = prepare_here(people, "-o", folder, *FIXED, "--workers", 1)
    assert code == 0, output
    assert_same_shards(straight, folder)
    assert done_before.items() <= {p.name: p.stat().st_mtime_ns for p in folder.glob("*.tfrecord")}.items()
    written = [json.loads((f / "report-00000-of-00001.json").read_text()) for f in (straight, folder)]
    assert written[0] == written[1]
    assert not list(folder.rglob("*.piece"))
    assert not list(folder.rglob("*.unfinished-*"))


def test_a_damaged_shard_is_made_anew(people: Path, straight: Path, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(straight, folder)
    shard = next(iter(sorted(folder.glob("train-*"))))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    code, output = prepare_here(people, "-o", folder, *FIXED, "--workers", 1)
    assert code == 0, output
    assert ", 25 done before" in output
    assert_same_shards(straight, folder)


@pytest.mark.parametrize("name", ["settings.json", ".progress/round-00000.json"])
@pytest.mark.parametrize("content", ["", "[1]", '{"a": ', "[" * 100_000])
def test_damaged_files_of_its_own_are_named(
    name: str, content: str, people: Path, straight: Path, tmp_path: Path
) -> None:
    shutil.copytree(straight, tmp_path / "out")
    (tmp_path / "out" / name).write_text(content)
    code, output = prepare_here(people, "-o", tmp_path / "out", *FIXED, "--workers", 1)
    assert (code, output.count("\n")) == (2, 1), output
    assert f"{name} must be as it was written" in output
    assert_same_shards(straight, tmp_path / "out")


def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(
    people: Path, straight: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []

    def refuse_the_third(folder: Path, name: str, content: bytes) -> None:
        if len(written) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(name)
        write_piece(folder, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(shards, "write_piece", refuse_the_third)
        code, output = prepare_here(people, "-o", tmp_path, *FIXED, "--workers", 1)
    assert (code, output.count("\n")) == (2, 1), output
    assert f"could not write to {tmp_path}: " in output
    assert "No space left" in output
    code, output = prepare_here(people, "-o", tmp_path, *FIXED, "--workers", 1)
    assert code == 0, output
    assert "done before" in output
    assert_same_shards(straight, tmp_path)


def test_refuses_to_mix(people: Path, straight: Path) -> None:
    code, output = prepare_here(people, "-o", straight, *FIXED, "--workers", 1, "--shrink", "0.8")
    assert code == 2
    assert "shrink (1.0, now 0.8)" in output
    assert "Traceback" not in output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["/nowhere/at/all"], "no folder /nowhere/at/all"),
        ([], "either folders of pictures or --synthetic"),
        (
            [ROOT / "assets" / "pictures", "--cluster", "tcp://127.0.0.1:1", "--workers", 2],
            "--workers are those",
        ),
        (
            [ROOT / "assets" / "pictures", "--cluster", "tcp://127.0.0.1:1"],
            "no Dask scheduler answers at tcp",
        ),
        (
            [ROOT / "assets" / "pictures", "--cluster", "nonsense://x"],
            "address must be like tls://host:8786. Received: nonsense",
        ),
        ([ROOT / "assets" / "pictures", "--shards-by", "client"], "--shards-by client belongs to --cluster"),
        ([ROOT / "assets" / "pictures", "--quality", "0"], "--quality must be"),
        ([ROOT / "data"], "no picture"),
        (["--synthetic", 1, "--faces", "all"], "belong to folders of pictures"),
        (["--synthetic", 1, "--min-face-px", 9], "belong to folders of pictures"),
        (["--synthetic", 1, "--looks", "elvish=1"], "--looks must name each look once, of as_drawn, "),
        (
            [ROOT / "assets" / "pictures", "--looks", "as_drawn=1"],
            "--views and --looks belong to --synthetic",
        ),
    ],
)
def test_wrong_command_lines_say_so_in_one_sentence(arguments: list, words: str, tmp_path: Path) -> None:
    code, output = prepare_here(*arguments, "-o", tmp_path / "out")
    assert code == 2
    assert words in output
    assert not (tmp_path / "out").exists()


def test_one_person_and_an_unreadable_folder_are_said(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def refuse(path: object) -> object:
        if str(path).endswith("grace_hopper"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)  # type: ignore[call-overload]

    (tmp_path / "in").mkdir()
    for name in ("grace_hopper", "barack_obama"):
        os.symlink(people / name, tmp_path / "in" / name)
    monkeypatch.setattr(os, "scandir", refuse)
    code, output = prepare_here(tmp_path / "in", "-o", tmp_path / "out", *FIXED, "--workers", 1)
    assert code == 0, output
    assert f"unreadable folders left out: 1 ({tmp_path / 'in' / 'grace_hopper'}: Permission" in output
    assert "single pictures are held out" in output
    assert {shard.split: shard.count for shard in read_manifest(tmp_path / "out").shards} == {
        "train": 3,
        "validation": 2,
    }


def test_pictures_that_came_since_are_added(people: Path, tmp_path: Path) -> None:
    photos, output = tmp_path / "photos", tmp_path / "out"
    shutil.copytree(people, photos, symlinks=True)
    late = photos / "grace_hopper"
    shutil.move(late, tmp_path / "late")
    assert prepare_here(photos, "-o", output, *FIXED, "--workers", 1)[0] == 0
    before = {name: (output / name).read_bytes() for name in shard_files(output)}
    had = read_manifest(output)
    shutil.move(tmp_path / "late", late)
    code, said = prepare_here(photos, "-o", output, *FIXED, "--workers", 1)
    assert (code, "note: the last 5 of " in said) == (0, True), said
    has = read_manifest(output)
    assert has.count("train") + has.count("validation") == had.count("train") + had.count("validation") + 5
    assert all((output / name).read_bytes() == content for name, content in before.items())
    assert len(shard_files(output)) > len(before)
    assert prepare_here(photos, "-o", output, *FIXED, "--workers", 1)[0] == 0
    assert read_manifest(output) == has

    (late / "0.png").unlink()
    code, said = prepare_here(photos, "-o", output, *FIXED, "--workers", 1)
    assert (code, said.count("\n")) == (2, 1)
    assert "1 are gone or changed, the first is grace_hopper/0.png" in said
