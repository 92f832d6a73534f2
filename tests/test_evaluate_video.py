"""evaluate_video.py from two films to a folder; every refusal is one line and leaves nothing."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.clip_files import write_clip
from data.pictures import read_picture, write_picture
from facedancer_tf.provenance.checking import check
from tests.facedancer_tf.film_evaluation.small_films import SOURCE, TARGET, film, with_face_of
from tests.scripts_here import run_here

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "assets" / "pictures"
COUNT = 9


def evaluate(*arguments: object) -> tuple[int, str, str]:
    """Runs the script in this process; returns exit code, stdout and stderr."""
    ran = run_here("evaluate_video.py", *arguments)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A target film, and a swapped one whose fifth frame shows the target's own face."""
    folder = tmp_path_factory.mktemp("films")
    target = list(film(COUNT).frames())
    swapped = list(with_face_of(film(COUNT), SOURCE).frames())
    swapped[4] = target[4]
    write_clip(folder / "target.mp4", target, audio=True)
    write_clip(folder / "swapped.mp4", swapped, audio=True)
    write_picture(folder / "grey.png", np.full((64, 64, 3), 99, np.uint8))
    (folder / "words.mp4").write_text("no film")
    return folder


def test_a_swapped_film_is_measured_and_shown(films, tmp_path):
    pytest.importorskip("matplotlib")
    command = [sys.executable, ROOT / "evaluate_video.py", "target.mp4", "swapped.mp4", "--source"]
    command += [PICTURES / f"{SOURCE}.jpg", "-o", tmp_path / "out", "--plot", tmp_path / "plot.png"]
    ran = subprocess.run(list(map(str, command)), cwd=films, capture_output=True, text=True, timeout=240)
    assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
    results = json.loads((tmp_path / "out" / "results.json").read_text())
    assert set(results) == {"about", "film", "measures"}
    assert set(results["film"]) == set(results["measures"])
    assert results["about"]["person"] == "whose face changed most"
    numbers = results["film"]
    assert numbers["dropped"] == pytest.approx(100 / COUNT)
    assert (numbers["equal_times"], numbers["equal_durations"], numbers["equal_sound"]) == (100, 100, 100)
    assert numbers["to_source"] < 0.5
    assert re.search(r"^dropped frames % ↓ +11\.1  lost, unchanged, or nearer", ran.stdout, re.MULTILINE)
    with (tmp_path / "out" / "frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["dropped"] for row in rows] == ["0"] * 4 + ["1"] + ["0"] * 4
    assert rows[0]["warping"] == ""
    marks = check(tmp_path / "out" / "strip.jpg")
    assert marks.credentials is not None
    assert marks.metadata == "compositeWithTrainedAlgorithmicMedia"
    assert read_picture(tmp_path / "out" / "strip.jpg").rgb.shape == (2 * 420 + 4, 4 * 212 + 4, 3)
    assert read_picture(tmp_path / "plot.png").rgb.std() > 10


def test_the_person_may_be_named_and_an_older_result_is_replaced(films, tmp_path):
    arguments = [films / "target.mp4", films / "target.mp4", "--source", PICTURES / f"{SOURCE}.jpg"]
    out = tmp_path / "out"
    for _ in range(2):
        done = evaluate(*arguments, "--person", PICTURES / f"{TARGET}.jpg", "-o", out)
        assert done[0] == 0, done
    assert json.loads((out / "results.json").read_text())["film"]["dropped"] == 100  # nothing was swapped
    code, _, errors = evaluate(*arguments, "--person", PICTURES / f"{SOURCE}.jpg", "-o", tmp_path / "other")
    assert (code, errors) == (2, "error: the target film shows the person in none of its frames\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["target.mp4", "swapped.mp4"], "the following arguments are required: --source"),
        (["nowhere.mp4", "swapped.mp4", "--source", "SOURCE"], "nowhere.mp4: there is no such file"),
        (["target.mp4", "words.mp4", "--source", "SOURCE"], "words.mp4: is no film"),
        (["target.mp4", "swapped.mp4", "--source", "grey.png"], "grey.png: no face; name a picture that shows a face"),
        (["target.mp4", "swapped.mp4", "--source", "nowhere.png"], "nowhere.png: "),
        (["target.mp4", "swapped.mp4", "--source", "SOURCE", "--person", "grey.png"], "grey.png: no face"),
        (["target.mp4", "swapped.mp4", "--source", "SOURCE", "--plot", "plot.jpg"], "must end in .png"),
        (["target.mp4", "swapped.mp4", "--source", "SOURCE", "--plot", "no/plot.png"], "the output folder no does not"),
        (["target.mp4", "swapped.mp4", "--source", "SOURCE", "-o", "."], "exists and holds no evaluation"),
    ],
)  # fmt: skip
def test_refusals_are_one_line_and_leave_nothing(arguments, says, films, tmp_path, monkeypatch):
    for path in films.iterdir():
        shutil.copy(path, tmp_path)
    before = sorted(tmp_path.iterdir())
    monkeypatch.chdir(tmp_path)
    source = PICTURES / f"{SOURCE}.jpg"
    code, _, errors = evaluate(*(source if argument == "SOURCE" else argument for argument in arguments))
    assert code == 2
    assert says in errors
    assert len(errors.splitlines()) == 1, errors
    assert sorted(tmp_path.iterdir()) == before
