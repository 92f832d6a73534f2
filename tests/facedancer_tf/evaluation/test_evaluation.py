"""The protocol on real photographs: its baselines score what they must, and what cannot be used is counted."""

import hashlib
from dataclasses import replace

import cv2
import numpy as np
import pytest

from data.faces.detection import build_detector
from data.pictures import write_picture
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation import measuring
from facedancer_tf.evaluation.about import describe_evaluation
from facedancer_tf.evaluation.evaluation import Evaluation, evaluate
from facedancer_tf.evaluation.inception import Inception
from facedancer_tf.evaluation.jpeg import through_jpeg
from facedancer_tf.evaluation.judges import DlibJudge, OnnxJudge
from facedancer_tf.evaluation.measuring import measure, prepare_chunk
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.evaluation.onnx_network import PixelInput
from facedancer_tf.evaluation.pairs import Pair, PairSet, Photograph, bundled_photographs
from facedancer_tf.evaluation.portrait_set import find_portraits
from facedancer_tf.evaluation.systems import CopiedTarget, ModelSystem, PastedSource, baselines
from facedancer_tf.swapping.swapper import Swapper
from tests.facedancer_tf.evaluation.blind_detector import BlindTo
from tests.facedancer_tf.evaluation.mean_network import write_mean_network, write_wide_network


def three_pairs() -> PairSet:
    people = bundled_photographs()
    pairs = tuple(Pair(people[i], people[(i + 1) % 3]) for i in range(3))
    return PairSet(pairs, tuple(people), "three", "by hand")


@pytest.fixture(scope="module")
def evaluation(swapper: Swapper, tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """A model of random weights and all baselines on three pairs, and a fourth whose source shows no face."""
    empty = tmp_path_factory.mktemp("empty") / "empty.png"
    write_picture(empty, np.full((90, 90, 3), 128, np.uint8))
    pair_set = three_pairs()
    nobody = Photograph(empty, "nobody")
    pair_set = replace(
        pair_set,
        pairs=(Pair(nobody, pair_set.pairs[0].target), *pair_set.pairs),
        gallery=(nobody, *pair_set.gallery),
    )
    model = ModelSystem("tiny", swapper)
    return evaluate([model, *baselines([model])], pair_set, Meter(DlibJudge(), swapper.detector))


def values(evaluation: Evaluation, name: str) -> dict[str, np.ndarray]:
    return next(row.values for row in evaluation.rows if row.name == name)


def test_what_cannot_be_used_is_counted(evaluation):
    assert evaluation.pairs_asked == 4
    assert len(evaluation.pair_set.pairs) == 3
    assert len(evaluation.pair_set.gallery) == 5
    assert list(evaluation.portraits.unusable.values()) == ["no face"]


def test_a_copied_target_changes_no_picture_and_no_identity(evaluation):
    copied = values(evaluation, "copied target")
    unchanged = "pose", "yaw", "pitch", "expression", "background", "occluder", "self_l1", "seam"
    for metric in unchanged:
        assert (copied[metric] == 0).all(), metric
    assert (copied["sharpness"] == 1).all()
    assert (copied["shape"] < 1e-12).all()  # a fit comes between
    assert (copied["to_target"] < 1e-6).all()  # another batch rounds otherwise
    for metric in ("retrieval_top1", "retrieval_top1_jpeg", "nearer_to_source", "lost"):
        assert (copied[metric] == 0).all(), metric
    assert (copied["occluder_gone"] > 20).all()


def test_a_pasted_source_is_the_source_in_the_wrong_pose(evaluation):
    pasted, floor = values(evaluation, "pasted source"), values(evaluation, "target at 64 px")
    for metric in ("retrieval_top1", "retrieval_top1_jpeg", "nearer_to_source"):
        assert (pasted[metric] == 100).all(), metric
    assert (pasted["to_source"] < pasted["to_target"]).all()
    assert pasted["pose"].mean() > 3 * floor["pose"].mean() > 0
    assert pasted["shape"].mean() > 3 * floor["shape"].mean() > 0
    assert (pasted["background"] > 10).all()
    assert (pasted["seam"] > 5).all()


def test_a_model_of_random_weights_destroys_everything(evaluation):
    tiny = values(evaluation, "tiny")
    assert (tiny["self_l1"] > 10).all()
    assert (tiny["self_ssim"] < 0.9).all()
    assert (tiny["occluder"] > 10).all()


def test_jpeg_and_size_stand_in_their_order(evaluation):
    size, jpeg = (values(evaluation, name) for name in ("target at 64 px", "target at 64 px, JPEG 75"))
    assert (size["to_target"] > 0).all()
    assert jpeg["to_target"].mean() > size["to_target"].mean()
    assert (size["background"] == 0).all()
    assert (size["sharpness"] < 0.8).all()
    assert (size["seam"] < 2).all()
    assert (jpeg["seam"] > size["seam"]).all()


def test_every_row_has_the_means_of_every_slice(evaluation):
    """Three pairs, each person once a source and once a target; too few for a worst slice."""
    for side in ("source", "target"):
        indices = [i for one in evaluation.slices if one.side == side for i in one.indices]
        assert sorted(indices) == [0, 1, 2]
    for row in evaluation.rows:
        assert row.worst is None
        for one, means in zip(evaluation.slices, row.slices, strict=True):
            assert means["seam"].mean == pytest.approx(row.values["seam"][list(one.indices)].mean())


def test_the_same_again(evaluation, tiny_model):
    swapper = Swapper(tiny_model)
    again = evaluate([ModelSystem("tiny", swapper)], three_pairs(), Meter(DlibJudge(), swapper.detector))
    for name, numbers in values(again, "tiny").items():
        np.testing.assert_array_equal(numbers, values(evaluation, "tiny")[name], err_msg=name)


def test_other_judges_and_the_fid(tmp_path):
    """Copies of the gallery's own pictures are at distance 0 from it, by every network."""
    pixels = PixelInput(64, "RGB", 0, 1)
    judge = OnnxJudge(write_mean_network(tmp_path / "mean.onnx", ["n", 3, 64, 64], [2, 3]), pixels)
    inception = Inception(write_wide_network(tmp_path / "wide.onnx", 64, 2048), pixels)
    pair_set = replace(three_pairs(), gallery=tuple(bundled_photographs()[:3]))
    meter = Meter(judge, build_detector(), inception)
    evaluation = evaluate([CopiedTarget()], pair_set, meter)
    (row,) = evaluation.rows
    assert list(row.frechet) == ["Fréchet distance of mean embeddings (not FID)", "FID"]
    assert [f.distance for f in row.frechet.values()] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert [(f.swapped, f.real) for f in row.frechet.values()] == [(3, 3), (3, 3)]
    np.testing.assert_allclose(row.values["to_target"], 1.0)
    assert (row.values["nearer_to_source"] == 0).all()
    about = describe_evaluation(evaluation, meter, [], 7)
    assert about["faces found by"] == "yunet"
    digests = [hashlib.sha256((tmp_path / f"{n}.onnx").read_bytes()).hexdigest() for n in ("mean", "wide")]
    assert f"mean.onnx (SHA-256 {digests[0][:12]}, 64 px RGB in [0, 1])" in about["identity judged by"]
    assert about["FID by"] == f"wide.onnx (SHA-256 {digests[1][:12]}, 64 px RGB in [0, 1])"
    assert "1000 draws of 3 groups" in about["intervals"]


def test_no_usable_pair_is_said(tmp_path):
    missing = Photograph(tmp_path / "missing.png", "nobody")
    people = bundled_photographs()
    pair_set = PairSet((Pair(missing, people[0]),), (missing,), "one", "by hand")
    with pytest.raises(UserError, match=r"no pair of one can be used.*missing\.png: missing"):
        evaluate([], pair_set, Meter(DlibJudge(), build_detector()))


class TurnedTarget:
    """A system that rotates the target in its plane about the middle of the face."""

    name = "turned"

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    def swap(self, sources, targets):
        return CopiedTarget().swap(sources, targets)

    def paste(self, target, crop):
        x, y = target.face.landmarks.mean(axis=0)
        turn = cv2.getRotationMatrix2D((float(x), float(y)), self.degrees, 1.0)
        height, width = target.picture.shape[:2]
        return cv2.warpAffine(target.picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)


def test_a_turn_in_the_plane_is_read_back():
    """The pose column holds the angle; yaw and pitch do not change."""
    people = bundled_photographs()[:4]
    found = find_portraits(people, build_detector())
    portraits = [found.load(photograph) for photograph in people]
    meter = Meter(DlibJudge(), build_detector())
    measured = measure(TurnedTarget(15.0), prepare_chunk(portraits, portraits, 0, 1, meter), meter).values
    np.testing.assert_allclose(measured["pose"], 15.0, atol=2.5)
    assert (measured["yaw"] < 2.5).all()
    assert (measured["pitch"] < 2.5).all()
    assert (measured["shape"] < 0.02).all()


def test_jpeg_identity_is_of_the_face_found_in_the_jpeg_file(monkeypatch):
    """A face that is not found after JPEG is a miss there, even if it is a hit before JPEG."""
    jpegs: list[np.ndarray] = []

    def remembered(picture):
        jpegs.append(through_jpeg(picture))
        return jpegs[-1]

    monkeypatch.setattr(measuring, "through_jpeg", remembered)
    meter = Meter(DlibJudge(), BlindTo(lambda picture: any(picture is jpeg for jpeg in jpegs)))
    pair_set = three_pairs()
    sides = [pair.source for pair in pair_set.pairs], [pair.target for pair in pair_set.pairs]
    found = find_portraits(sides[0], meter.detector)
    sources, targets = ([found.load(photograph) for photograph in side] for side in sides)
    measured = measure(PastedSource(), prepare_chunk(sources, targets, 0, 1, meter), meter)
    assert len(jpegs) == 3
    assert np.isfinite(measured.embeddings).all()
    assert np.isnan(measured.embeddings_jpeg).all()

    (row,) = evaluate([PastedSource()], pair_set, meter).rows
    assert (row.values["retrieval_top1"] == 100).all()
    assert (row.values["retrieval_top1_jpeg"] == 0).all()
    assert (row.values["lost"] == 0).all()
