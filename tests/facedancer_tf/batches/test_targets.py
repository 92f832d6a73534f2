"""Folders and patterns become jobs with the right names, and impossible outputs are told before anything starts."""

from pathlib import Path, PurePath

import pytest

from facedancer_tf.batches.jobs import check_folder, check_jobs
from facedancer_tf.batches.targets import list_targets, means_many
from facedancer_tf.errors import UserError

ME = Path("me.jpg")


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def outputs(pattern: Path, output: Path) -> dict[str, str]:
    return {job.name: job.output.as_posix() for job in list_targets([ME], pattern, output).jobs}


def test_a_folder_keeps_names_and_subfolders_and_writable_suffixes(tmp_path):
    names = (
        "b.JPG",
        "a/b.jpeg",
        "a/c.jfif",
        "d.JPE",
        "e.webp",
        "f.bmp",
        "g.mov",
        "h.AVI",
        "i.gif",
        "j.txt",
        ".k.png",
    )
    touch(tmp_path / "pics", *names, "__MACOSX/l.jpg", "m.heic")
    (tmp_path / "pics" / "photo.tmp").write_bytes(b"\xff\xd8\xff\xe0" + bytes(40))
    assert outputs(tmp_path / "pics", tmp_path / "out") == {
        "a/b.jpeg": "a/b.jpeg", "a/c.jfif": "a/c.jpg", "b.JPG": "b.JPG", "d.JPE": "d.jpg", "e.webp": "e.webp",
        "f.bmp": "f.bmp", "g.mov": "g.mov", "h.AVI": "h.mp4", "i.gif": "i.gif",
    }  # fmt: skip
    targets = list_targets([ME], tmp_path / "pics", tmp_path / "out")
    assert {job.name for job in targets.jobs if job.is_film} == {"g.mov", "h.AVI", "i.gif"}
    assert {name: reason.split(":")[0] for name, reason in targets.unusable.items()} == {
        "m.heic": "heic picture",
        "photo.tmp": "jpeg with another suffix",
    }


def test_a_pattern_counts_names_from_its_last_plain_folder(tmp_path, monkeypatch):
    touch(tmp_path / "pics", "1.jpg", "2.png", "a/3.jpg", "a/b/4.jpg", "a/note.txt", "@eaDir/5.jpg", ".6.jpg")
    out = tmp_path / "out"
    assert outputs(tmp_path / "pics/*.jpg", out) == {"1.jpg": "1.jpg"}
    assert outputs(tmp_path / "pics/*/*", out) == {"a/3.jpg": "a/3.jpg"}
    assert list(outputs(tmp_path / "pics/**/*.jpg", out)) == ["1.jpg", "a/3.jpg", "a/b/4.jpg"]
    monkeypatch.chdir(tmp_path / "pics")
    assert outputs(Path("*.jpg"), Path("out")) == {
        "1.jpg": "1.jpg"
    }  # an output below a flat pattern's folder


def test_a_file_whose_name_looks_like_a_pattern_is_one_picture(tmp_path):
    touch(tmp_path, "a[1].jpg")
    assert not means_many(tmp_path / "a[1].jpg")
    assert not means_many(tmp_path / "missing.jpg")
    assert means_many(tmp_path)
    assert means_many(tmp_path / "a*.jpg")


@pytest.mark.parametrize(
    ("targets", "output", "message"),
    [
        ("pics", "pics", "is the folder of the targets"),
        ("pics", "pics/a/out", "lies in the folder of the targets"),
        ("pics", "link/out", "lies in the folder of the targets"),
        ("pics/*.jpg", "pics", "is the folder of the targets"),
        ("pics/**/*.jpg", "pics/out", "lies in the folder of the targets"),
        ("pics/*.webp", "out", "no picture or film .*quotes"),
        ("empty", "out", "no picture or film"),
    ],
)
def test_outputs_among_the_targets_and_nothing_to_do_are_refused(tmp_path, targets, output, message):
    touch(tmp_path / "pics", "1.jpg", "a/2.jpg")
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("pics")
    with pytest.raises(UserError, match=message):
        list_targets([ME], tmp_path / targets, tmp_path / output)


def test_two_inputs_with_one_output_and_inputs_in_the_output_are_refused(tmp_path):
    jobs = list_targets([ME], touch(tmp_path / "pics", "a.jpe", "a.jpg"), tmp_path / "out").jobs
    with pytest.raises(UserError, match=r"a\.jpe and a\.jpg would both be written to .*out/a\.jpg"):
        check_jobs(jobs, tmp_path / "out")
    with pytest.raises(UserError, match="lies in the output folder"):
        check_jobs(jobs[:1], tmp_path)
    check_jobs(jobs[:1], tmp_path / "out")
    assert jobs[0].output == PurePath("a.jpg")


def test_an_output_that_is_a_file_or_named_like_one_is_refused(tmp_path):
    touch(tmp_path, "file")
    for name in ("file", "new.png"):
        with pytest.raises(UserError, match="need a folder"):
            check_folder(tmp_path / name)
    check_folder(tmp_path / "new")
