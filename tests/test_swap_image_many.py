"""Runs swap_image.py as a process on folders, patterns and tables of pairs."""

import os
import shutil
import signal
import subprocess
import sys
import time

import cv2
import pytest

from data.pictures import read_picture, write_picture
from tests.ctrl_c import heed_ctrl_c
from tests.facedancer_tf.conftest import write_tiny_model
from tests.test_swap_image import BARACK, GRACE, PICTURES, ROOT, assert_marked, refused, run


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("swap_image_many") / "tiny.keras"
    write_tiny_model(path)
    return path


@pytest.fixture
def pics(tmp_path):
    (tmp_path / "pics" / "sub").mkdir(parents=True)
    small = cv2.resize(read_picture(BARACK).rgb, (300, 340), interpolation=cv2.INTER_AREA)
    for name in ("1.png", "2.jpg", "sub/3.jfif"):
        path = tmp_path / "pics" / name
        write_picture(path.with_suffix(".png"), small)
        if path.suffix != ".png":
            write_picture(path.with_suffix(".jpg"), small)
            path.with_suffix(".png").unlink()
            path.with_suffix(".jpg").rename(path)
    return tmp_path / "pics"


def test_a_folder_is_swapped_once_and_the_exit_code_says_whether_all_went_well(model, tmp_path, pics):
    plain = ("--without-finest-detail", "--without-skin-colour")
    command = (GRACE, "pics", "-o", "made/out", "--model", model, *plain)
    ran = run(tmp_path, *command)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert ran.stdout.startswith("3 of 3 swapped in ")
    assert "0 were done before, 0 failed" in ran.stdout
    assert "note: there are notes on 3 of them in made/out/report.csv" in ran.stdout  # random weights
    for name in ("1.png", "2.jpg", "sub/3.jpg"):
        assert_marked(tmp_path / "made" / "out" / name)
    (pics / "text.jpg").write_text("no picture")
    ran = run(tmp_path, *command)
    assert (ran.returncode, ran.stderr) == (1, "1 of 4 failed; made/out/report.csv says why\n")
    assert ran.stdout.startswith("0 of 4 swapped in ")
    assert "3 were done before, 1 failed" in ran.stdout
    assert 'text.jpg,text.jpg,failed,"not a JPEG' in (tmp_path / "made" / "out" / "report.csv").read_text()


def test_a_pattern_and_a_table(model, tmp_path, pics):
    ran = run(tmp_path, GRACE, "pics/*.png", "-o", "out", "--model", model, "--without-marks")
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == ["1.png", "report.csv"]
    (tmp_path / "pairs.csv").write_text(
        f"source,target\n{GRACE},pics/1.png\n{PICTURES / 'none.jpg'},pics/2.jpg\n"
    )
    ran = run(tmp_path, "--pairs", "pairs.csv", "-o", "out", "--model", model)
    assert (ran.returncode, ran.stderr) == (1, "1 of 2 failed; out/report.csv says why\n")
    assert (tmp_path / "out" / "grace_hopper_1.png").is_file()


def test_what_cannot_be_is_one_sentence_and_nothing_is_written(model, tmp_path, pics):
    options = ("--model", model, "-o")
    refused(tmp_path, GRACE, pics, "--model", model, says="name it with -o")
    refused(tmp_path, GRACE, pics, *options, "out.png", says="many targets need a folder")
    refused(tmp_path, GRACE, pics, *options, model, says="many targets need a folder")
    refused(tmp_path, GRACE, pics, *options, pics, says="is the folder of the targets")
    refused(tmp_path, GRACE, pics, *options, pics / "out", says="lies in the folder of the targets")
    refused(tmp_path, GRACE, "pics/*.webp", *options, "out", says="no picture or film in pics/*.webp")
    refused(tmp_path, "none.jpg", pics, *options, "out", says="none.jpg: there is no such file")
    refused(tmp_path, pics, pics, *options, "out", says="is a folder; name a picture in it")
    refused(tmp_path, pics, "--list-faces", says="is a folder; name a picture in it")
    refused(tmp_path, pics, *options, "out", says="at least two pictures")
    refused(tmp_path, GRACE, "--pairs", "pairs.csv", *options, "out", says="--pairs names all pictures")
    refused(tmp_path, "--pairs", "pairs.csv", *options, "out", says="pairs.csv cannot be read")
    refused(tmp_path, GRACE, GRACE, "--cluster", "local", says="--cluster shares many targets")
    refused(
        tmp_path, GRACE, pics, *options, "out", "--workers", "2", says="--workers belongs to --cluster local"
    )
    nobody = ("--cluster", "tcp://here", "--workers", "2")
    refused(tmp_path, GRACE, pics, *options, "out", *nobody, says="--workers belongs to --cluster local")
    shutil.copy(pics / "2.jpg", pics / "2.jpe")
    refused(tmp_path, GRACE, pics, *options, "out", says="2.jpe and 2.jpg would both be written to out/2.jpg")


@pytest.mark.parametrize(
    ("signal_number", "cluster", "at_work"),
    [
        (signal.SIGKILL, (), 2),
        pytest.param(signal.SIGINT, (), 2, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, ("--cluster", "local", "--workers", "2"), 4, marks=pytest.mark.slow),
    ],
)
def test_a_run_that_is_ended_leaves_whole_pictures_and_the_next_goes_on(
    model, tmp_path, pics, signal_number, cluster, at_work
):
    for number in range(16):
        shutil.copy(pics / "1.png", pics / f"1_{number:02}.png")
    (pics / "1.png").unlink()
    command = (GRACE, "pics/*.png", "-o", "out", "--model", model, *cluster)
    out = tmp_path / "out"
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "swap_image.py"), *map(str, command)], cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while len(list(out.glob("*.png"))) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal_number)
    _, said = process.communicate(timeout=60)
    if signal_number == signal.SIGINT:
        assert (process.returncode, said) == (130, "stopped\n")
        assert ",done," in (out / "report.csv").read_text()
    written = list(out.glob("*.png"))
    assert 3 <= len(written) < 16
    for path in written:
        assert read_picture(path).rgb.shape == (340, 300, 3)
    times = {path: path.stat().st_mtime_ns for path in written}
    ran = run(tmp_path, *command)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    kept = sum(path.stat().st_mtime_ns == then for path, then in times.items())
    assert len(written) - at_work <= kept <= len(written)  # those that were being written are made again
    assert f"{16 - kept} of 16 swapped" in ran.stdout
    assert f"{kept} were done before, 0 failed" in ran.stdout
    assert len(list(out.glob("*.png"))) == 16
    assert list(out.glob(".*unfinished*")) == []
