"""scripts/ablate.py with substitutes for training and evaluation: its commands to them, and its use of the results."""

import importlib.util
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from data.pictures import read_picture, write_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from scripts import ablate
from tests.facedancer_tf.conftest import write_tiny_model
from tests.scripts_here import run_here

ABOUT = {
    "models": "a.keras, b.keras",
    "identity judged by": "dlib",
    "pairs": "20 of bundled",
    "gallery": "5 pictures of 5 people",
    "seed": "1",
    "intervals": "half of 95 %",
}
# ID % of the seeds 3, 4, 5: the range of AFFA is 2; sum lies 3 above, concatenation 1.5, no skip 4 with a wide range
TOP1 = {
    "AFFA": (10, 11, 12),
    "sum": (13, 14, 15),
    "concatenation": (12.5, 12.5, 12.5),
    "no skip": (11, 14, 20),
}

ARM_NAMES = [arm.lower().replace(",", "").replace(" ", "-") for arm in ablate.ARMS]


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The commands that the script runs in an empty folder; each gives what train.py or evaluate.py would give."""
    commands: list[list[str]] = []

    def answer(command: list[str], cwd: Path) -> SimpleNamespace:
        commands.append(command[1:])
        if command[1] == "evaluate.py":
            models = [Path(command[i + 1]) for i, word in enumerate(command) if word == "--model"]
            systems = {str(model): {"means": means_of(model.parent.name)} for model in models}
            systems["target at 64 px"] = {"means": means_of("sum-seed-4")}
            output = Path(command[command.index("-o") + 1])
            output.mkdir(parents=True)
            (output / "results.json").write_text(json.dumps({"about": ABOUT, "systems": systems}))
        else:
            draw_grid(Path(command[command.index("--run") + 1]))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", answer)
    monkeypatch.chdir(tmp_path)
    return commands


def draw_grid(run: Path) -> None:
    """The picture that training leaves, of two pairs: every column a grey of its own, and every arm's swapped faces."""
    swapped = 30 + ARM_NAMES.index(run.name.rsplit("-seed-", 1)[0])
    greys = np.repeat(np.array([10, 20, swapped, 40], np.uint8), 64)
    (run / "pictures").mkdir(parents=True)
    write_picture(run / "pictures" / "step-0000006.png", np.tile(greys[None, :, None], (128, 1, 3)))


def means_of(run: str) -> dict[str, dict[str, float | None]]:
    name, seed = run.rsplit("-seed-", 1)
    arm = list(ablate.ARMS)[ARM_NAMES.index(name)]
    means: dict[str, float | None] = dict.fromkeys(ablate.COLUMNS, 1.0)
    means["retrieval_top1"] = TOP1.get(arm, (10, 11, 12))[int(seed) - 3]
    means["pose"] = None if (arm, seed) == ("sum", "4") else 2.5
    return {key: {"mean": mean} for key, mean in means.items()}


def run(*arguments: object) -> tuple[int, str, str]:
    """Runs the script in this process; returns exit code, stdout and stderr."""
    ran = run_here("scripts/ablate.py", *arguments)
    return ran.returncode, ran.stdout, ran.stderr


def test_table_caption_and_plot(asked, face_shards, tmp_path):
    pytest.importorskip("matplotlib")
    done = run("--data", face_shards, "--pairs", "bundled", "--runs", "r", "--seeds", 3, 4, 5, "--steps", 6)
    assert done[0] == 0, done
    trained = [command for command in asked if command[0] == "train.py"]
    assert len(trained) == 18
    assert len({command[command.index("--run") + 1] for command in trained}) == 18
    assert all(command[command.index("--steps") + 1] == "6" for command in trained)
    assert asked[-1][0] == "evaluate.py"
    assert asked[-1][asked[-1].index("--pairs") + 1] == "bundled"

    text = (tmp_path / "r" / "ablation.md").read_text(encoding="utf-8")
    assert text in done[1]
    rows = {cells[1].strip(): [cell.strip() for cell in cells[2:-1]]
            for line in text.splitlines() if len(cells := line.split("|")) > 3}  # fmt: skip
    assert [rows[arm][0] for arm in ablate.ARMS] == [
        "11.0 ± 1.0",
        "14.0 ± 1.0",  # 3 above, ranges 2
        "(12.5 ± 0.0)",  # 1.5 above, less than AFFA's range
        "(15.0 ± 4.5)",  # 4 above, less than its own range
        "(11.0 ± 1.0)",
        "(11.0 ± 1.0)",
    ]
    pose = list(ablate.COLUMNS).index("pose")
    assert rows["sum"][pose] == "-"  # one seed's pose could not be read
    assert rows["AFFA"][pose] == "2.50 ± 0.00"
    assert rows["target at 64 px"] == ["14.0", "1.0", "1.0000", "-", "1.000", "1.0"]

    for said in (
        "Each cell: mean over 3 seeds (3, 4, 5) ± half the range",
        "4.9 % of cells would stand without brackets by chance",
        "some 1.5 of these 30",
        "6 steps of 8 samples an arm (48 samples), 64 px, on 10 pictures of " + face_shards.name,
        "identity judged by: dlib; pairs: 20 of bundled; gallery: 5 pictures of 5 people; seed: 1.",
    ):
        assert said in text
    assert text.index("Each cell") < text.index("| AFFA |")
    assert read_picture(tmp_path / "r" / "ablation.png").rgb.std() > 10
    faces = read_picture(tmp_path / "r" / "ablation_faces.png").rgb
    assert faces.shape == (128, 8 * 64, 3)
    tiles = faces.reshape(128, 8, 64, 3).mean(axis=(0, 2, 3))  # of a watermarked picture
    assert list(np.rint(tiles)) == [10, 20, 30, 31, 32, 33, 34, 35]
    runs = {command[command.index("--run") + 1] for command in trained}
    assert {path.name for path in (tmp_path / "r").iterdir()} - {Path(run).name for run in runs} == {
        "ablation.md", "ablation.png", "ablation_faces.png", "evaluation",
    }  # fmt: skip


def test_no_faces_of_shards_without_held_out_pictures(asked, face_shards, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    monkeypatch.setattr(ablate.Manifest, "count", lambda manifest, split: 10 * (split == "train"))
    monkeypatch.setitem(globals(), "draw_grid", lambda run: None)
    done = run("--data", face_shards, "--pairs", "bundled", "--runs", "r", "--seeds", 3, 4)
    assert done[0] == 0, done
    assert {path.name for path in (tmp_path / "r").iterdir()} == {"ablation.md", "ablation.png", "evaluation"}
    assert "ablation_faces" not in done[1]


@pytest.mark.slow
def test_evaluate_gives_what_the_table_needs(face_shards, tmp_path, monkeypatch):
    """Only training has a substitute: models with random weights."""
    pytest.importorskip("matplotlib")
    really = subprocess.run

    def answer(command: list[str], cwd: Path) -> object:
        if command[1] != "train.py":
            return really(command, cwd=cwd, stdout=subprocess.DEVNULL)
        folder = Path(command[command.index("--run") + 1])
        draw_grid(folder)
        write_tiny_model(folder / "model.keras", len(list(folder.parent.iterdir())))
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", answer)
    pictures = bundled_pictures()
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"source,target\n{pictures[0]},{pictures[1]}\n{pictures[2]},{pictures[0]}\n")
    done = run("--data", face_shards, "--pairs", pairs, "--runs", tmp_path / "r", "--seeds", 3, 4)
    assert done[0] == 0, done
    text = (tmp_path / "r" / "ablation.md").read_text(encoding="utf-8")
    assert "identity judged by: dlib" in text
    assert "pairs: 2 of pairs.csv" in text
    assert (
        text.count(" ± ") == len(ablate.ARMS) * len(ablate.COLUMNS) + 1
    )  # no cell is empty; once in the caption
    assert str(tmp_path) not in text


def test_two_seeds_differ_by_chance_in_a_fifth_of_cells():
    assert ablate.chance_rate(2) == pytest.approx(0.216, abs=0.002)
    assert ablate.chance_rate(3) == pytest.approx(0.0487, abs=0.001)
    assert ablate.differs(np.array([4.0, 5.0]), np.array([1.0, 3.0]))
    assert not ablate.differs(np.array([4.0, 5.0]), np.array([1.0, 4.1]))


def test_places_are_those_of_the_command_line(asked, face_shards, tmp_path):
    (tmp_path / "pairs.csv").write_text("source,target\na.jpg,b.jpg\n")
    assert run("--data", face_shards, "--pairs", "pairs.csv", "--seeds", 3, 4)[0] == 0
    assert asked[-1][asked[-1].index("--pairs") + 1] == str(tmp_path / "pairs.csv")
    assert (tmp_path / "runs" / "ablation" / "ablation.md").is_file()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "SHARDS"], "required: --pairs"),
        (["--data", "SHARDS", "--pairs", "nowhere"], "there are no pairs"),
        (
            ["--data", "SHARDS", "--pairs", "bundled", "--seeds", "1"],
            "--seeds must be different, two at least",
        ),
        (["--data", "SHARDS", "--pairs", "bundled", "--seeds", "1", "1", "2"], "--seeds must be different"),
        (["--data", "nowhere", "--pairs", "bundled"], "holds no finished shards"),
        (["--data", "SHARDS", "--pairs", "bundled", "--steps", "0"], "`steps`"),
    ],
)
def test_refused_before_anything_runs(arguments, says, asked, face_shards):
    done = run(*(face_shards if argument == "SHARDS" else argument for argument in arguments))
    assert done[0] == 2, done
    assert says in done[2]
    assert len(done[2].splitlines()) == 1, done[2]
    assert not asked


def test_without_matplotlib_nothing_is_trained(asked, face_shards, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = run("--data", face_shards, "--pairs", "bundled")
    assert (done[0], asked) == (2, [])
    assert "`bash setup.sh plot` brings it" in done[2]
