"""The embedded default really swaps: judged by a recogniser that never saw the training."""

from pathlib import Path

import numpy as np

from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.model_file import load_model_file
from facedancer_tf.swapper import Swapper
from scripts.make_demo import judge_all, swap_all

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "assets" / "model" / "default.keras"


def test_it_is_small_and_says_what_it_is():
    _, recipe = load_model_file(MODEL)
    assert MODEL.stat().st_size <= 5_000_000
    assert recipe.encoder == "sface"
    assert "non-commercial" in recipe.licence


def test_the_swapped_face_moves_towards_its_source():
    swapper = Swapper()
    pictures = [read_picture(path).rgb for path in bundled_pictures()]
    faces = [swapper.detect(picture)[0] for picture in pictures]
    judged = np.array(list(judge_all(pictures, faces, swap_all(swapper, pictures, faces)).values()))
    assert len(judged) == 20
    before, after, _, _, others_before, others_after = judged.mean(axis=0)
    print(
        f"cosine to the source {before:.4f} -> {after:.4f}, to others {others_before:.4f} -> {others_after:.4f}"
    )
    assert after > before
    assert (
        after - before > others_after - others_before
    )  # damage moves a face towards everybody; identity to one
