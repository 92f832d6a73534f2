"""Runs swap_image.py on the bundled photographs: once as a process of its own, else within this process."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from data.faces.detection import build_detector
from data.pictures import read_picture, write_picture
from facedancer_tf.provenance.checking import check
from facedancer_tf.provenance.metadata import xmp_packet
from facedancer_tf.provenance.writing import own_identity
from tests.data.black_png import wide_claim
from tests.data.profiles import EXCHANGED, rgb_profile
from tests.facedancer_tf.conftest import write_tiny_model
from tests.scripts_here import run_here

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ROOT / "assets" / "pictures"
GRACE, BARACK = PICTURES / "grace_hopper.jpg", PICTURES / "barack_obama.jpg"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("swap_image") / "tiny.keras"
    write_tiny_model(path)
    return path


def run_apart(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "swap_image.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    return run_here("swap_image.py", *arguments, folder=folder)


def assert_marked(path: Path) -> None:
    """Asserts that all three layers say that the picture is synthetic."""
    marks = check(path)
    assert marks.credentials is not None and marks.credentials.valid  # noqa: PT018
    assert marks.metadata == marks.credentials.source_types[0] == "compositeWithTrainedAlgorithmicMedia"
    assert marks.watermark is not None


def face_box(rgb: np.ndarray) -> tuple[int, ...]:
    return tuple(round(value) for value in build_detector().detect(rgb)[0].box)


def test_exif_rotated_target_and_two_sources_without_marks_change_the_face_alone(model, tmp_path):
    upright = read_picture(BARACK).rgb
    exif = Image.Exif()
    profile = rgb_profile(EXCHANGED, 1.8)
    exif[274] = 6  # to be turned by 90 degrees clockwise for viewing
    Image.fromarray(np.rot90(upright)).save(tmp_path / "turned.png", exif=exif, icc_profile=profile)
    ran = run_apart(
        tmp_path, GRACE, PICTURES / "eileen_collins.png", "turned.png", "--model", model, "--without-marks"
    )
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert "note: no marks were set: the result is for measuring" in ran.stdout
    assert "1 face in turned.png, 1 swapped" in ran.stdout
    assert "note: the source's pictures seem to show different people" in ran.stdout
    assert "note: the likeness of face 0 to the source hardly rose" in ran.stdout  # random weights
    assert "swapped.png written" in ran.stdout
    swapped = read_picture(tmp_path / "swapped.png")
    assert swapped.rgb.shape == upright.shape
    assert swapped.icc_profile == profile
    x, y, width, height = face_box(upright)
    changed = (swapped.rgb != upright).any(axis=-1)
    assert (
        changed[y + height // 4 : y + height - height // 8, x + width // 4 : x + 3 * width // 4].mean() > 0.95
    )
    changed[
        max(0, y - height // 8) : y + height + height // 8, max(0, x - width // 4) : x + width + width // 4
    ] = False
    assert not changed.any()
    assert not check(tmp_path / "swapped.png").is_marked


def test_grey_picture_with_alpha_and_several_faces(model, tmp_path):
    person = cv2.resize(read_picture(BARACK).rgb, (341, 392), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(np.hstack([person, person[:, ::-1]]), cv2.COLOR_RGB2GRAY)
    alpha = np.tile(np.arange(grey.shape[1]) % 256, (grey.shape[0], 1)).astype(np.uint8)
    Image.fromarray(np.dstack([grey, alpha]), "LA").save(tmp_path / "grey.png")
    ran = run(tmp_path, GRACE, "grey.png", "-o", "out.webp", "--face", "all", "--model", model)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert "2 faces in grey.png, 2 swapped" in ran.stdout
    swapped = read_picture(tmp_path / "out.webp")
    np.testing.assert_array_equal(swapped.alpha, alpha)
    apart = np.abs(swapped.rgb.astype(int).mean(axis=-1) - grey)
    assert min(apart[:, :341].max(), apart[:, 341:].max()) > 40  # both faces
    assert np.ptp(swapped.rgb.astype(int), axis=-1).max() <= 8  # WebP's own chroma noise at most
    assert_marked(tmp_path / "out.webp")


def test_jpeg_is_marked_and_says_that_it_holds_no_transparency(model, tmp_path):
    rgb = read_picture(BARACK).rgb
    frame = Image.fromarray(np.dstack([rgb, np.full(rgb.shape[:2], 200, np.uint8)]))
    frame.save(tmp_path / "seen.png", save_all=True, append_images=[frame.rotate(90)])
    (tmp_path / "out.jpg").write_bytes(b"an older file, named with -o")
    ran = run(tmp_path, GRACE, "seen.png", "-o", "out.jpg", "--label", "--model", model)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    assert "no transparency" in ran.stdout
    assert "note: seen.png: of 2 pictures of an animation only the first is used\n" in ran.stdout
    assert_marked(tmp_path / "out.jpg")
    corner = read_picture(tmp_path / "out.jpg").rgb[-60:, :200].astype(int)
    assert np.abs(corner - rgb[-60:, :200]).max() > 100  # the label


def test_certificates_that_cannot_sign_are_refused_and_an_unwritable_cache_is_said(
    model, tmp_path, monkeypatch
):
    (tmp_path / "no.pem").write_text("no certificate")
    options = ("-o", "out.png", "--model", model)
    refused(tmp_path, GRACE, BARACK, *options, "--certificate", "no.pem", says="belong together")
    pair = ("--certificate", "no.pem", "--private-key", "no.pem")
    refused(tmp_path, GRACE, BARACK, *options, *pair, says="the certificate is no PEM certificate")
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path / "no.pem" / "cache"))
    own_identity.cache_clear()
    ran = run(tmp_path, GRACE, BARACK, *options)
    own_identity.cache_clear()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (
        "note: the signing key cannot be kept (signing.pem in the cache folder: Not a directory)"
        in ran.stdout
    )
    assert_marked(tmp_path / "out.png")


def test_list_faces_draws_on_a_copy_without_the_networks(tmp_path):
    ran = run(tmp_path, BARACK, "--list-faces")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("face 0: ")
    drawn, plain = read_picture(tmp_path / "faces.png").rgb, read_picture(BARACK).rgb
    assert 0.001 < (drawn != plain).any(axis=-1).mean() < 0.1
    assert not check(tmp_path / "faces.png").is_marked
    assert run(tmp_path, BARACK, "--list-faces").returncode == 0  # what it wrote itself it may replace


def refused(folder: Path, *arguments: object, says: str) -> None:
    """Asserts exit code 2, one line that says what is wrong, nothing on stdout and no change of files."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    ran = run(folder, *arguments)
    assert ran.returncode == 2, ran
    assert ran.stderr.startswith("error: ")
    assert says in ran.stderr
    assert ran.stderr.count("\n") == 1, ran.stderr
    assert ran.stdout == ""
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


def test_unusable_pictures_are_one_sentence(model, tmp_path):
    write_picture(tmp_path / "wall.png", np.full((300, 300, 3), 90, np.uint8))
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "half.jpg").write_bytes(BARACK.read_bytes()[:20000])
    (tmp_path / "phone.jpg").write_bytes(bytes(4) + b"ftypheic" + bytes(99))
    (tmp_path / "wide.png").write_bytes(wide_claim())
    options = ("-o", "out.png", "--model", model)
    refused(tmp_path, GRACE, "wall.png", *options, says="wall.png: no face was found")
    refused(tmp_path, "wall.png", GRACE, *options, says="wall.png: no face was found")
    refused(tmp_path, "wall.png", "--list-faces", says="wall.png: no face was found")
    refused(tmp_path, GRACE, "text.jpg", *options, says="text.jpg: not a")
    refused(tmp_path, GRACE, "half.jpg", *options, says="half.jpg: truncated")
    refused(
        tmp_path, "wide.png", GRACE, *options, says="wide.png: truncated or damaged (its data ends before"
    )
    refused(tmp_path, GRACE, "phone.jpg", *options, says="phone.jpg: a picture of the kind heic: convert it")
    refused(tmp_path, "none.jpg", BARACK, *options, says="none.jpg: there is no such file")
    refused(tmp_path, PICTURES, GRACE, *options, says="pictures is a folder; name a picture in it")
    refused(tmp_path, GRACE, BARACK, *options, "--face", "1", says="there is no face 1: only face 0")


def test_unusable_models_and_commands_are_one_sentence(model, tmp_path):
    (tmp_path / "broken.keras").write_bytes(b"PK no archive")
    refused(
        tmp_path, GRACE, BARACK, "--model", "none.keras", says="there are no generator weights none.keras"
    )
    refused(
        tmp_path, GRACE, BARACK, "--model", "broken.keras", says="broken.keras is not a whole generator file"
    )
    refused(tmp_path, GRACE, "--model", model, says="at least two pictures")
    refused(tmp_path, says="required")
    refused(tmp_path, GRACE, BARACK, "--model", model, "--face", "-1", says="--face")
    refused(
        tmp_path, GRACE, BARACK, "--model", model, "--face", "first", says="must be largest, all or a number"
    )
    refused(tmp_path, GRACE, BARACK, "--model", model, "--encoder", "sface", says="--encoder")


def test_a_target_too_large_for_the_output_is_said_before_the_networks_are_loaded(tmp_path):
    Image.new("RGB", (16400, 20)).save(tmp_path / "wide.png")
    (tmp_path / "model.keras").touch()  # never opened
    options = ("--model", "model.keras", "-o", "out.webp")
    refused(tmp_path, GRACE, "wide.png", *options, says="out.webp: .webp holds at most 16383 px a side")
    refused(tmp_path, "wide.png", "--list-faces", "-o", "out.webp", says="write a .png")


def test_outputs_that_cannot_be_or_would_destroy_something(model, tmp_path):
    target, source = tmp_path / "target.jpg", tmp_path / "swapped.png"
    target.write_bytes(BARACK.read_bytes())
    write_picture(source, read_picture(GRACE).rgb, xmp=xmp_packet(synthetic=True))
    os.symlink(target, tmp_path / "link.png")
    os.link(target, tmp_path / "hard.png")
    (tmp_path / "folder.png").mkdir()
    options = ("--model", model, "-o")
    refused(tmp_path, source, target, *options, target, says="is the input")
    refused(tmp_path, source, target, *options, "./folder.png/../target.jpg", says="is the input")
    refused(tmp_path, source, target, *options, "link.png", says="is the input")
    refused(tmp_path, source, target, *options, "hard.png", says="is the input")
    refused(
        tmp_path, source, target, "--model", model, says="is the input"
    )  # the default name, here the source's
    refused(tmp_path, source, target, *options, "none/out.png", says="folder none does not exist")
    refused(tmp_path, source, target, *options, "folder.png", says="is a folder")
    refused(tmp_path, source, target, *options, "out.gif", says="must end in one of")
    source.rename(tmp_path / "source.png")
    write_picture(tmp_path / "swapped.png", np.zeros((9, 9, 3), np.uint8))
    refused(tmp_path, "source.png", target, "--model", model, says="not written by this program")
