"""calibrate_margins.py goes from pictures to a file that train.py takes; every refusal is one line."""

import importlib.util
import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from data.pictures import read_picture, write_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.training.config import parse_config
from facedancer_tf.weights.identity_encoder import load_encoder
from facedancer_tf.weights.model_file import load_model_file
from networks.encoders import ENCODERS
from tests.facedancer_tf.conftest import write_tiny_model
from tests.scripts_here import run_here

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / "configs" / "small_start.yaml"


def calibrate(*arguments: object) -> tuple[int, str, str]:
    """Runs the script in this process; returns exit code, stdout and stderr."""
    ran = run_here("calibrate_margins.py", *arguments)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two views of three people, the second one darker."""
    folder = tmp_path_factory.mktemp("people")
    for number, path in enumerate(bundled_pictures()[:3]):
        picture = read_picture(path).rgb
        write_picture(folder / f"{number}_0.jpg", picture)
        write_picture(folder / f"{number}_1.jpg", (picture * 0.8).astype(np.uint8))
    return folder


def test_margins_of_views_are_taken_behind_a_recipe(people, tmp_path):
    output = tmp_path / "margins.yaml"
    done = calibrate("--views", people, "--identity-error-rate", 0, "-o", output)
    assert done[0] == 0, done
    assert "3 pairs of views of 3 people" in done[1]
    text = output.read_text()
    fingerprint = load_encoder("sface").fingerprint[:12]
    assert text.startswith(f"# IFSR margins for the encoder sface, weights {fingerprint}, and no other")
    assert "# Stage: bootstrapped from views: 3 pairs" in text
    assert re.search(
        r"^# Pictures: 6 files of people\d \(SHA-256 of their names and sizes [0-9a-f]{16}\), faces found by yunet, "
        r"cut at 128 px with shrink 1; files left out: none\.$", text, re.MULTILINE
    )  # fmt: skip
    command = "--size-px 128 --encoder sface --identity-error-rate 0.0 --count 1000 --seed 0"
    assert (
        f"# Made by: python calibrate_margins.py --views path/to/{people.name} {command} --output path/to/"
        in text
    )
    assert str(people) not in text

    written = yaml.safe_load(text)["loss"]["ifsr_margins"]
    recipe = parse_config(["--config", str(RECIPE)])
    config = parse_config(["--config", str(RECIPE), "--config", str(output)])
    assert config.margins == written  # the recipe's are replaced, not added to
    assert set(written) != set(recipe.margins)
    assert config.loss.identity == recipe.loss.identity == 20
    assert config.run == recipe.run
    # the margin is the mean that the table shows, in the file's comment and on the screen
    for block, margin in written.items():
        row = re.search(rf"^{block} .*$", done[1], re.MULTILINE)
        assert row is not None
        assert row[0].split()[1] == row[0].split()[-1] == f"{margin:.4f}"


def test_the_command_in_the_file_gives_it_again(people, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my people").symlink_to(people)
    arguments = ["--views", "my people", "--identity-error-rate", 0, "--blocks", "stage4_block1_out"]
    done = calibrate(*arguments, "-o", "margins.yaml")
    assert done[0] == 0, done
    text = (tmp_path / "margins.yaml").read_text()
    command = re.search(r"^# Made by: python calibrate_margins\.py (.*)$", text, re.MULTILINE)
    assert command is not None
    (tmp_path / "margins.yaml").unlink()
    assert calibrate(*shlex.split(command[1]))[0] == 0
    assert (tmp_path / "margins.yaml").read_text() == text


def test_shards_without_held_out_people_are_measured_on_the_training_split(face_shards, tmp_path):
    folder = shutil.copytree(face_shards, tmp_path / "shards")
    write_tiny_model(tmp_path / "tiny.keras")
    (manifest,) = folder.glob("manifest-*.json")
    content = json.loads(manifest.read_text())
    content["shards"] = [shard for shard in content["shards"] if shard["split"] == "train"]
    manifest.write_text(json.dumps(content))
    arguments = [
        "--model",
        tmp_path / "tiny.keras",
        "--pictures",
        folder,
        "--count",
        4,
        "--identity-error-rate",
        0,
    ]
    done = calibrate(*arguments, "-o", tmp_path / "m.yaml")
    assert "measured on 4 swaps among 4 pictures" in done[1], done
    code, _, errors = calibrate(*arguments, "--split", "validation", "-o", tmp_path / "m.yaml")
    assert (code, "holds no pictures in its split validation" in errors) == (2, True)


def test_a_model_swaps_shards_itself_and_says_the_same_twice(face_shards, tmp_path):
    model = tmp_path / "tiny.keras"
    write_tiny_model(model)
    arguments = ["--model", model, "--pictures", face_shards, "--split", "train", "--count", 6, "--seed", 5]
    arguments += [
        "--blocks",
        "stage3_block1_out",
        "stage2_block1_out",
        "stage4_block2_out",
        "--identity-error-rate",
        0,
    ]
    printed = []
    for name in ("first", "second"):
        code, output, errors = calibrate(*arguments, "-o", tmp_path / f"{name}.yaml")
        # A generator with random weights swaps nothing: whether blocks are left is its chance, not ours.
        assert code == 0 or "no block is left" in errors, errors
        assert re.search(r"measured on 6 swaps among 6 pictures of \d people by tiny.keras, step 0", output)
        assert "not among the blocks that recipes may name" in output
        printed.append(output.replace(f"{name}.yaml", ""))
    assert printed[0] == printed[1]
    other = calibrate(*arguments, "--seed", 6, "-o", tmp_path / "other.yaml")[1]
    assert other.replace("other.yaml", "") != printed[0]


def test_the_embedded_model_on_a_folder_of_pictures(people, tmp_path):
    done = calibrate("--model", "default", "--pictures", people, "--count", 6, "-o", tmp_path / "m.yaml")
    assert done[0] == 0, done
    _, recipe = load_model_file(ROOT / "assets" / "model" / "default.keras")
    assert f"6 swaps among 6 pictures of 3 people by default.keras, step {recipe.step}" in done[1]
    assert "Beware" not in done[1]
    assert parse_config(["--config", str(tmp_path / "m.yaml"), "--encoder.name", "sface"]).margins


def test_pasted_swaps_lie_nearer_to_their_targets(people, tmp_path):
    margins = {}
    for name, flags in (("whole", []), ("pasted", ["--pasted"])):
        output = tmp_path / f"{name}.yaml"
        done = calibrate("--model", "default", "--pictures", people, "--count", 6,
                         "--identity-error-rate", 0, *flags, "-o", output)  # fmt: skip
        assert done[0] == 0, done
        assert ("pasted into their targets" in done[1]) == (name == "pasted")
        margins[name] = yaml.safe_load(output.read_text())["loss"]["ifsr_margins"]
    assert "--pasted --identity-error-rate" in output.read_text()
    shared = margins["whole"].keys() & margins["pasted"].keys()
    assert shared
    assert all(margins["pasted"][block] < margins["whole"][block] for block in shared)


def test_swaps_that_stay_nearer_to_their_targets_are_warned_of(people, tmp_path):
    rows = [
        "target,swapped,source",
        *(f"{people}/{i}_0.jpg,{people}/{i}_1.jpg,{people}/{(i + 1) % 3}_0.jpg" for i in range(3)),
    ]
    (tmp_path / "swaps.csv").write_text("\n".join(rows))
    done = calibrate("--pairs", tmp_path / "swaps.csv", "-o", tmp_path / "m.yaml")
    assert done[0] == 0, done
    assert "still nearer to their targets than to their sources" in done[1]
    text = (tmp_path / "m.yaml").read_text()
    assert "# Beware: these swapped faces are still nearer to their targets" in text


def test_pairs_without_sources_say_what_could_not_be_checked(people, tmp_path):
    rows = ["target,swapped", f"{people}/0_0.jpg,{people}/0_1.jpg", f"{people}/1_0.jpg,{people}/1_1.jpg"]
    (tmp_path / "swaps.csv").write_text("\n".join(rows))
    done = calibrate("--pairs", tmp_path / "swaps.csv", "-o", tmp_path / "m.yaml")
    assert done[0] == 0, done
    beware = "Beware: the pairs name no source, so which blocks hold the identity could not be checked"
    assert beware in done[1].splitlines()[-2]
    text = (tmp_path / "m.yaml").read_text()
    assert f"# {beware}" in text
    assert "--pairs path/to/swaps.csv --size-px 128" in text
    assert str(tmp_path) not in text.replace(f"--config {tmp_path}/m.yaml", "")


def test_crops_are_cut_at_the_recipes_size_and_resized_to_the_encoders(people, tmp_path):
    tables = {}
    for size_px in (112, 128):
        done = calibrate("--views", people, "--size-px", size_px, "-o", tmp_path / "m.yaml",
                         "--identity-error-rate", 0)  # fmt: skip
        tables[size_px] = re.findall(r"^stage.*$", done[1], re.MULTILINE)
        assert f"cut at {size_px} px" in (tmp_path / "m.yaml").read_text()
    assert tables[112] != tables[128]


def test_the_plot_shows_every_block(people, tmp_path):
    pytest.importorskip("matplotlib")
    done = calibrate("--views", people, "-o", tmp_path / "m.yaml", "--identity-error-rate", 0, "--plot",
                     tmp_path / "m.png")  # fmt: skip
    assert done[0] == 0, done
    picture = read_picture(tmp_path / "m.png").rgb
    assert picture.shape[1] == 100 * (2 + 0.9 * 10)  # nine blocks and the embedding
    assert picture.std() > 10


def test_without_matplotlib_it_says_where_that_is(people, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    done = calibrate("--views", people, "-o", tmp_path / "m.yaml", "--plot", tmp_path / "m.png")
    assert done[0] == 2
    assert "matplotlib, which is not installed: `bash setup.sh plot` brings it" in done[2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--views", "PEOPLE"], "-o/--output"),
        (["-o", "m.yaml"], "one of the arguments --views --model --pairs is required"),
        (["--views", "PEOPLE", "--model", "default", "-o", "m.yaml"], "not allowed with argument"),
        (["--model", "default", "-o", "m.yaml"], "--model and --pictures belong together"),
        (["--views", "PEOPLE", "-o", "m.txt"], "must end in .yaml"),
        (["--views", "PEOPLE", "-o", "nowhere/m.yaml"], "output folder nowhere does not exist"),
        (["--views", "PEOPLE", "-o", "m.yaml", "--plot", "m.jpg"], "must end in .png"),
        (["--views", "PEOPLE", "-o", "m.yaml", "--count", "1"], "--count must be 2 or more"),
        (["--views", "PEOPLE", "-o", "m.yaml", "--encoder", "facenet"], "choose one of sface, arcface_resnet50"),
        (["--views", "PEOPLE", "-o", "m.yaml", "--blocks", "conv9"], "sface has no block conv9; its blocks are"),
        (["--views", "nowhere", "-o", "m.yaml"], "nowhere is neither a folder nor a zip file"),
        (["--views", "EMPTY", "-o", "m.yaml"], "holds no pairs to measure on"),
        (["--model", "none.keras", "--pictures", "PEOPLE", "-o", "m.yaml"], "no generator weights none.keras"),
        (["--model", "default", "--pictures", "nowhere", "-o", "m.yaml"], "nowhere is not a folder"),
        (["--model", "default", "--pictures", "EMPTY", "-o", "m.yaml"], "holds no picture that shows a face"),
        (["--model", "default", "--pictures", "SHARDS", "-o", "m.yaml"], "holds crops of 64 px with shrink 1"),
        (["--model", "default", "--pictures", "PEOPLE", "--split", "train", "-o", "m.yaml"], "has no split train"),
        (["--model", "default", "--pictures", "PEOPLE", "--size-px", "64", "-o", "m.yaml"], "--size-px belongs"),
        (["--views", "PEOPLE", "--split", "train", "-o", "m.yaml"], "--split belongs to --model"),
        (["--views", "PEOPLE", "--pasted", "-o", "m.yaml"], "--pasted belongs to --model"),
        (["--pairs", "p.csv", "--model-encoder-weights", "e.keras", "-o", "m.yaml"], "--model-encoder-weights belongs"),
        (["--views", "PEOPLE", "--size-px", "15", "-o", "m.yaml"], "--size-px must be from 16 to 1024, not 15"),
        (["--views", "PEOPLE", "--identity-error-rate", "10", "-o", "m.yaml"], "a fraction from 0 to 0.5, not 10"),
        (["--views", "PEOPLE", "--identity-error-rate", "nan", "-o", "m.yaml"], "a fraction from 0 to 0.5, not nan"),
        (["--pairs", "nowhere.csv", "-o", "m.yaml"], "nowhere.csv cannot be read as a CSV file"),
        (["--views", "PEOPLE", "-o", "m.yaml", "--identity-error-rate", "0.5"], "no block is left to give a margin"),
    ],
)  # fmt: skip
def test_refusals_are_one_line_and_leave_nothing(arguments, says, people, face_shards, tmp_path, monkeypatch):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    places = {"PEOPLE": people, "SHARDS": face_shards, "EMPTY": tmp_path / "empty"}
    done = calibrate(*(places.get(argument, argument) for argument in arguments))
    assert done[0] == 2, done
    assert says in done[2]
    assert len(done[2].splitlines()) == 1, done[2]
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("file", sorted(ROOT.glob("configs/margins/*.yaml")), ids=lambda path: path.stem)
def test_committed_margins_belong_to_the_embedded_encoder_and_are_taken(file):
    text = file.read_text()
    assert f"sface, weights {load_encoder('sface').fingerprint[:12]}, and no other" in text
    written = yaml.safe_load(text)
    assert list(written) == ["loss"]
    assert (
        parse_config(["--config", str(RECIPE), "--config", str(file)]).margins
        == written["loss"]["ifsr_margins"]
    )


def test_the_encoders_own_margins_are_those_of_the_committed_views():
    written = yaml.safe_load((ROOT / "configs" / "margins" / "sface_views.yaml").read_text())
    assert written["loss"]["ifsr_margins"] == ENCODERS["sface"].margins
