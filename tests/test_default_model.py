"""The embedded default model really swaps, by the judgement of a recogniser that takes no part in training."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

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
MEASURED = ("cosine_to_source", "cosine_to_others", "retrieval_top1", "nearer_to_source")


def test_it_is_small_and_says_what_it_is():
    _, recipe = load_model_file(MODEL)
    assert MODEL.stat().st_size <= 20_000_000
    assert recipe.encoder == "sface"
    assert "non-commercial" in recipe.licence


def test_it_swaps_as_well_as_is_published():
    """All pairs of the bundled photographs; of the page's 20 pairs one may go the other way elsewhere."""
    published = json.loads((ROOT / "docs" / "evaluation" / "results.json").read_text(encoding="utf-8"))
    (name,) = (name for name in published["systems"] if name.startswith("default"))
    means = {key: value["mean"] for key, value in published["systems"][name]["means"].items()}
    assert hashlib.sha256(MODEL.read_bytes()).hexdigest()[:12] in published["about"]["models"]

    swapper = Swapper()
    systems: list[System] = [ModelSystem("default", swapper), CopiedTarget()]
    rows = evaluate(systems, read_pair_set("bundled", 0, 5, 1), Meter(DlibJudge(), swapper.detector)).rows
    after, before = ({key: row.values[key].mean() for key in MEASURED} for row in rows)
    print(f"the untouched target: {before}, the swapped face: {after}")
    assert len(rows[0].values["cosine_to_source"]) == 20
    for key in ("retrieval_top1", "nearer_to_source"):
        assert after[key] == pytest.approx(means[key], abs=5.0), key
    assert after["cosine_to_source"] == pytest.approx(means["cosine_to_source"], abs=0.005)
    own, others = (after[key] - before[key] for key in ("cosine_to_source", "cosine_to_others"))
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
