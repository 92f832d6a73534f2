"""The embedded default model really swaps, by the judgement of a recogniser that takes no part in training."""

from pathlib import Path

import numpy as np

from data.pictures import read_picture
from facedancer_tf.evaluation.evaluation import evaluate
from facedancer_tf.evaluation.judges import DlibJudge
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.evaluation.pair_set import read_pair_set
from facedancer_tf.evaluation.systems import CopiedTarget, ModelSystem, System
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.weights.model_file import load_model_file

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "assets" / "model" / "default.keras"
COSINES = ("cosine_to_source", "cosine_to_others")


def test_it_is_small_and_says_what_it_is():
    _, recipe = load_model_file(MODEL)
    assert MODEL.stat().st_size <= 20_000_000
    assert recipe.encoder == "sface"
    assert "non-commercial" in recipe.licence


def test_the_swapped_face_moves_towards_its_source():
    swapper = Swapper()
    systems: list[System] = [ModelSystem("default", swapper), CopiedTarget()]
    rows = evaluate(systems, read_pair_set("bundled", 0, 5, 1), Meter(DlibJudge(), swapper.detector)).rows
    after, before = ({name: row.values[name].mean() for name in COSINES} for row in rows)
    print(f"cosines of the untouched target {before}, of the swapped face {after}")
    assert len(rows[0].values["cosine_to_source"]) == 20
    own, others = (after[name] - before[name] for name in COSINES)
    assert own > 0
    assert own > others  # damage moves a face towards everybody; identity to one


def test_it_swaps_pictures_that_lie_on_their_side_or_stand_on_their_head():
    pictures = ROOT / "assets" / "pictures"
    target = read_picture(pictures / "eileen_collins.png").rgb
    with Swapper() as swapper:
        place = swapper.detect(target)[:1]
        identity = swapper.embed(read_picture(pictures / "barack_obama.jpg").rgb)
        for quarters in (1, 2, 3):
            turned = np.ascontiguousarray(np.rot90(target, quarters))
            upright_again = np.rot90(swapper.swap(identity, turned), -quarters)
            assert swapper.similarity(identity, np.ascontiguousarray(upright_again), place)[0] > 0.4, quarters
