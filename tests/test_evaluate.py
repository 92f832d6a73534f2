"""Runs evaluate.py, as a process of its own where it evaluates, and scripts/make_pairs.py."""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data.faces.skin_tone import tone_class
from data.pictures import write_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.evaluation.pairs_csv import read_pairs_csv
from facedancer_tf.provenance.checking import check
from tests.data.black_png import wide_claim
from tests.facedancer_tf.conftest import write_tiny_model
from tests.scripts_here import run_here

ROOT = Path(__file__).resolve().parents[1]


def evaluate_apart(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "evaluate.py"), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)


def mark(path: Path) -> bool:
    return check(path).is_marked


def test_two_models_on_a_file_of_pairs(tmp_path):
    for seed, name in enumerate(("one.keras", "two.keras")):
        write_tiny_model(tmp_path / name, seed)
    write_picture(tmp_path / "empty.png", np.full((64, 64, 3), 99, np.uint8))
    (tmp_path / "wide.png").write_bytes(wide_claim())
    pictures = bundled_pictures()
    shutil.copy(pictures[0], tmp_path / "here.jpg")
    lines = [
        f"{tmp_path / 'here.jpg'},{pictures[1]},x,y,man",
        f"{pictures[2]},{pictures[1]},z,y,",
        f"{tmp_path / 'empty.png'},{pictures[1]},u,y,",
        f"{tmp_path / 'wide.png'},{pictures[1]},v,y,",
    ]
    header = "source,target,source_id,target_id,source_group"
    (tmp_path / "pairs.csv").write_text("\n".join([header, *lines]) + "\n")
    models = ("--model", "one.keras", "--model", "two.keras")
    ran = evaluate_apart(tmp_path, *models, "--pairs", "pairs.csv", "-o", "out")
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    caption = ran.stdout[: ran.stdout.index("In the paper's form")]
    for said in (
        "identity judged by: dlib",
        "2 of pairs.csv",
        "every line of the file",
        "3 pictures of 3 people",
        "faces found by: yunet",
        "1000 draws of 2 groups",
        "pairs by skin tone and group of source and of target; the smallest: ",
        "sources with 30 pairs or more, but none has as many",
        f"pairs.csv (SHA-256 {hashlib.sha256((tmp_path / 'pairs.csv').read_bytes()).hexdigest()[:12]})",
    ):
        assert said in caption
    assert "2 of 4 pairs, 2 files (1 no face, 1 truncated)" in caption

    results = json.loads((tmp_path / "out" / "results.json").read_text())
    names = [
        "one", "two", "copied target", "target at 64 px", "target at 64 px, JPEG 75", "pasted source"
    ]  # fmt: skip
    assert list(results["systems"]) == names
    assert results["about"]["gallery"].startswith("3 pictures")
    assert results["unusable"] == {
        "empty.png": "no face",
        "wide.png": "truncated",
    }  # by their places in the folder
    assert results["systems"]["pasted source"]["means"]["retrieval_top1"] == {
        "mean": 100.0, "low": 100.0, "high": 100.0, "count": 2
    }  # fmt: skip
    frechet = results["systems"]["pasted source"]["frechet"]["Fréchet distance of dlib embeddings (not FID)"]
    assert (frechet["swapped"], frechet["real"]) == (2, 3)
    assert f"{frechet['distance']:.4f} (2 x 3)" in ran.stdout
    with (tmp_path / "out" / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["system"] for row in rows] == [name for name in names for _ in range(2)]
    assert {row["source"] for row in rows} == {"here.jpg", str(pictures[2])}
    assert [row["source_group"] for row in rows] == ["man", ""] * len(names)
    assert {row["target_group"] for row in rows} == {""}
    for row in rows:
        for side in ("source", "target"):
            assert tone_class(float(row[f"{side}_ita"])) == row[f"{side}_tone"]
    for title in ("one, by skin tone of source and of target", "two, by group of source and of target"):
        assert title in ran.stdout
    one = results["systems"]["one"]
    assert one["worst_sources"] is None
    man, man_row = one["slices"]["source group"]["man"], rows[0]
    assert (man["pairs"], man["seam"]["count"]) == (1, 1)
    assert man["seam"]["mean"] == pytest.approx(float(man_row["seam"]), rel=1e-5)
    assert sum(tone["pairs"] for tone in one["slices"]["target skin tone"].values()) == 2
    assert {row["pose"] for row in rows if row["system"] == "copied target"} == {"0"}

    page = (tmp_path / "out" / "index.html").read_text()
    shown = [part.split('"')[0] for part in page.split('src="')[1:]]
    assert all((tmp_path / "out" / name).is_file() for name in shown)
    assert "<script" not in page
    assert "No slice of sources has 30 pairs or more" in page
    assert page.count("by skin tone of source and of target</h3>") == 2
    swapped = [name for name in shown if "model" in name or "grid" in name]
    assert len(swapped) == 2 * 2 + 2
    assert all(mark(tmp_path / "out" / name) == (name in swapped) for name in shown)

    again = run_here("evaluate.py", "--model", "none.keras", "-o", "out", folder=tmp_path)
    assert again.returncode == 2
    assert again.stderr.startswith("error: there are no generator weights none.keras")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--pairs", "nowhere"), "there are no pairs nowhere"),
        (("-o", "full"), "full exists and holds no evaluation"),
        (("--model", "default", "--model", "default"), "the same model is named twice"),
        (("--pairs", "full"), "100 pairs cannot be drawn from full"),
        (("--judge", "full/notes.onnx"), "no ONNX network"),
        (("--judge", "full/missing.onnx"), "missing.onnx cannot be read"),
        (("--judge-input", "112,RGB,0,nan"), "a network's input is written SIZE"),
        (("--inception-input", "x"), "a network's input is written SIZE"),
        (("--groups", "none.csv"), "none.csv cannot be read as a CSV file"),
        (("--gallery", "-1"), "--gallery must be 0 or more"),
        (("--pairs", "photos", "--count", "1", "-o", "photos/out"), "lies in the folder of the pairs"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path, arguments, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "photos").mkdir()
    (tmp_path / "full" / "notes.onnx").write_text("mine")
    for name in ("one.png", "two.png"):
        write_picture(tmp_path / "photos" / name, np.zeros((8, 8, 3), np.uint8))
    ran = run_here("evaluate.py", *arguments, folder=tmp_path)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_pairs_of_aflw2000(tmp_path):
    (tmp_path / "aflw").mkdir()
    for name in ("image00001.jpg", "image00002.jpg", "image00004.jpg", "other.jpg"):
        write_picture(tmp_path / "aflw" / name, np.zeros((8, 8, 3), np.uint8))
    ran = run_here("scripts/make_pairs.py", "aflw2000", "aflw", "--count", 6, "-o", "pairs", folder=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    file = read_pairs_csv(tmp_path / "pairs" / "pairs.csv")
    assert len({pair.people for pair in file.pairs}) == 6
    assert file.made_from == "AFLW2000-3D, 6 pairs at random among 3 pictures, seed 1"
