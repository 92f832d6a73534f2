"""Tests the Swapper: which faces, which identity, what reaches the networks and what comes back."""

import dataclasses
import gc
import subprocess
import sys
import weakref
from pathlib import Path

import cv2
import numpy as np
import pytest
import tensorflow as tf

from data.faces.alignment import align, estimate_transform
from facedancer_tf.errors import UserError
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.swapping import engine
from facedancer_tf.swapping.engine import Engine
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.paste import paste_into
from facedancer_tf.swapping.paste_steps import PasteSteps
from facedancer_tf.swapping.swapper import Swapper, choose_faces
from facedancer_tf.weights.identity_encoder import Encoder, load_encoder
from networks.encoders import ENCODERS
from tests.facedancer_tf.conftest import write_tiny_model
from tests.graphs_as_before import graphs_as_before

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def couple(grace, barack):
    """Two people side by side; the right one's face is the larger."""
    left = cv2.resize(grace, (400, 469), interpolation=cv2.INTER_AREA)
    canvas = np.full((800, 1100, 3), 128, np.uint8)
    canvas[:469, :400] = left
    canvas[: barack.shape[0], 410 : 410 + barack.shape[1]] = barack
    return canvas


def changed_columns(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    return np.flatnonzero((before != after).any(axis=(0, 2)))


def test_faces_are_chosen_by_word_or_index(swapper, couple):
    faces = swapper.detect(couple)
    assert len(faces) == 2
    assert faces[0].box[0] > 410 > faces[1].box[0]
    assert choose_faces(faces) == [faces[0]]
    assert choose_faces(faces, 1) == [faces[1]]
    assert choose_faces(faces, "all") == faces
    with pytest.raises(UserError, match="no face 2: faces 0 to 1"):
        choose_faces(faces, 2)
    with pytest.raises(UserError, match="only face 0"):
        choose_faces(faces[:1], 1)
    with pytest.raises(UserError, match="no face was found"):
        choose_faces([], "all")
    for wrong in ("second", 1.0, True):
        with pytest.raises(ValueError, match="`face` must be"):
            choose_faces(faces, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("face", "left", "right"), [("largest", False, True), (1, True, False), ("all", True, True)]
)
def test_only_the_chosen_faces_change(swapper, couple, grace, face, left, right):
    before = couple.copy()
    swapped = swapper.swap(grace, couple, face)
    np.testing.assert_array_equal(couple, before)  # the caller's picture stays
    assert swapped.shape == couple.shape
    assert swapped.dtype == np.uint8
    columns = changed_columns(couple, swapped)
    assert (columns < 400).any() == left
    assert (columns >= 410).any() == right


def test_the_networks_see_what_the_facts_say(swapper, barack, grace, monkeypatch):
    """Source aligned at 112 for SFace (RGB, 0…255); target crop in [-1, 1]; output clipped and rounded.

    Without the steps that the paper does not have, the output is pasted as it is.
    """
    monkeypatch.setattr(swapper, "paste_steps", PasteSteps(finest_detail=False, skin_colour=False))
    source_face, target_face = swapper.detect(grace)[0], swapper.detect(barack)[0]
    crop = align(grace, source_face.landmarks, 112).astype(np.float32)
    identity = np.asarray(load_encoder("sface").network(crop[None]))[0]
    embedding = swapper.embed(grace).embedding
    np.testing.assert_allclose(embedding, identity, rtol=1e-3, atol=1e-3 * np.abs(identity).max())

    target = align(barack, target_face.landmarks, 64)
    linear = np.asarray(swapper.engine.generator([target[None] / np.float32(127.5) - 1, identity[None]]))[0]
    assert linear.max() > 1.0  # or clipping would not be tested
    expected = np.rint(np.clip((linear + 1) * 127.5, 0, 255)).astype(np.uint8)
    pasted = barack.copy()
    paste_into(pasted, expected, estimate_transform(target_face.landmarks, 64))
    apart = np.abs(swapper.swap(grace, barack).astype(int) - pasted)
    assert apart.max() <= 1


def test_shrink_reaches_the_target_crop_but_not_the_source(tmp_path, swapper, grace, barack, monkeypatch):
    monkeypatch.setattr(
        engine, "load_needed_encoder", lambda *_: Encoder(swapper.engine.encoder.network, ENCODERS["sface"])
    )  # saves its loading
    write_tiny_model(tmp_path / "shrunk.keras", shrink=0.7)
    shrunk = Swapper(tmp_path / "shrunk.keras")
    identity = swapper.embed(grace)
    np.testing.assert_array_equal(shrunk.embed(grace).embedding, identity.embedding)
    seen = []

    def return_targets(crops, identities):
        seen.append(crops)
        return crops

    monkeypatch.setattr(shrunk.engine, "swap_crops", return_targets)
    faces = shrunk.detect(barack)
    same = shrunk.swap_faces(barack, faces, identity)
    np.testing.assert_array_equal(seen[0][0], align(barack, faces[0].landmarks, 64, 0.7))
    assert np.abs(same.astype(int) - barack).mean() < 1.5  # the same face, coarser


def test_several_sources_give_their_mean_direction_and_length(swapper, grace, barack):
    one, other, both = (swapper.embed(s).embedding for s in (grace, [barack], [grace, barack]))
    length = (np.linalg.norm(one) + np.linalg.norm(other)) / 2
    direction = one / np.linalg.norm(one) + other / np.linalg.norm(other)
    np.testing.assert_allclose(both, direction / np.linalg.norm(direction) * length, rtol=1e-4, atol=1e-4)
    assert swapper.embed([grace, grace // 2 + 50]).doubt is None  # the same photograph, paler
    assert swapper.embed(grace).doubt is None
    assert "different people" in swapper.embed([grace, grace, barack]).doubt
    with pytest.raises(UserError, match="source picture 2: no face"):
        swapper.embed([grace, np.zeros((200, 200, 3), np.uint8)])
    with pytest.raises(ValueError, match="at least one"):
        swapper.embed([])


def test_each_picture_is_searched_once_and_all_faces_go_in_one_batch(swapper, couple, grace, monkeypatch):
    searched, batches = [], []
    detect, swap_crops = swapper.detector.detect, swapper.engine.swap_crops

    def counted_detect(picture, search="patient"):
        searched.append(picture.shape)
        return detect(picture, search)

    def counted_swap(crops, identities):
        batches.append(crops.shape)
        return swap_crops(crops, identities)

    monkeypatch.setattr(swapper.detector, "detect", counted_detect)
    monkeypatch.setattr(swapper.engine, "swap_crops", counted_swap)
    swapper.swap(grace, couple, "all")
    assert sorted(searched) == sorted([grace.shape, couple.shape])
    assert batches == [(2, 64, 64, 3)]


def test_landmarks_in_one_point_are_one_sentence(swapper, barack):
    face = swapper.detect(barack)[0]
    bad = dataclasses.replace(face, landmarks=np.full((5, 2), 50, np.float32))
    with pytest.raises(UserError, match="cannot be aligned"):
        swapper.embed_faces([barack], [bad])
    with pytest.raises(UserError, match="cannot be aligned"):
        swapper.swap_faces(barack, [face, bad], swapper.embed(barack))
    unknown = dataclasses.replace(face, landmarks=np.full((5, 2), np.nan, np.float32))
    with pytest.raises(UserError, match="cannot be aligned"):
        swapper.embed_faces([barack], [unknown])


def test_more_faces_than_a_batch_give_the_same_pixels(swapper, barack):
    face = swapper.detect(barack)[0]
    crops = np.stack([np.roll(align(barack, face.landmarks, 64), i, axis=1) for i in range(11)])
    identities = np.random.default_rng(0).normal(size=(11, 128)).astype(np.float32)
    together = swapper.engine.swap_crops(crops, identities)
    alone = np.concatenate([swapper.engine.swap_crops(crops[i:][:1], identities[i:][:1]) for i in range(11)])
    assert np.abs(together.astype(int) - alone).max() <= 1


def test_the_graph_gives_the_pixels_of_the_network_run_eagerly(swapper, barack):
    crops = align(barack, swapper.detect(barack)[0].landmarks, 64)[None]
    identity = np.random.default_rng(1).normal(size=(1, 128)).astype(np.float32)
    eager = np.asarray(swapper.engine.swap(crops, tf.constant(identity)))
    rewritten = swapper.engine.swap_crops(crops, identity)
    assert np.abs(rewritten.astype(int) - eager).max() <= 1  # fused operations round otherwise
    with graphs_as_before():
        run_graphs_as_they_are()
        np.testing.assert_array_equal(Engine(swapper.model_path).swap_crops(crops, identity), eager)


def test_a_grey_picture_stays_grey(swapper, grace, barack):
    grey = np.repeat(cv2.cvtColor(barack, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=-1)
    swapped = swapper.swap(grace, grey)
    assert (swapped != grey).any()
    assert (swapped == swapped[..., :1]).all()
    noise = np.random.default_rng(0).integers(-1, 2, grey.shape)  # of a scanner
    stamped = np.clip(grey + noise, 0, 255).astype(np.uint8)
    stamped[-30:, -120:] = (255, 140, 0)  # the date that old cameras print into a corner
    swapped = swapper.swap(grace, stamped)
    changed = (swapped != stamped).any(axis=-1)
    assert changed.mean() > 0.05
    assert np.ptp(swapped[changed].astype(int), axis=-1).max() <= 3  # the noise's colour, rounded
    assert not changed[-30:, -120:].any()
    coloured = swapper.swap(grace, barack)
    assert (coloured != coloured[..., :1]).any()


def test_similarity_is_the_cosine_to_each_face(swapper, couple, grace):
    faces = swapper.detect(couple)
    identity = swapper.embed(grace)
    longer = dataclasses.replace(identity, embedding=3 * identity.embedding)
    own, other = swapper.similarity(longer, couple, faces)[::-1]
    assert own > 0.85  # the same photograph, smaller
    assert other < 0.4


def test_an_identity_serves_many_targets_of_its_own_encoder_only(swapper, couple, grace, barack):
    identity = swapper.embed(grace)
    for target in (couple, barack):
        np.testing.assert_array_equal(swapper.swap(identity, target), swapper.swap(grace, target))
    nobody = swapper.swap_faces(barack, [], identity)
    np.testing.assert_array_equal(nobody, barack)
    foreign = Identity(identity.embedding, "of another encoder")
    with pytest.raises(UserError, match="embedded by another encoder"):
        swapper.swap(foreign, barack)
    assert "embedding" not in repr(identity)  # a person's data does not belong into logs


def test_a_closed_swapper_lets_its_networks_go_and_says_so(tiny_model, grace):
    with Swapper(tiny_model) as closing:
        generator = weakref.ref(closing.engine.generator)
        assert closing.swap(grace, grace).shape == grace.shape
    gc.collect()
    assert generator() is None
    with pytest.raises(ValueError, match="is closed"):
        closing.swap(grace, grace)


def test_the_encoder_follows_from_the_model(tmp_path, grace, monkeypatch):
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path / "cache"))
    write_tiny_model(tmp_path / "arcface.keras", encoder="arcface_resnet50", width=512)
    with pytest.raises(UserError, match=r"needs the encoder arcface_resnet50.*--download arcface_resnet50"):
        Swapper(tmp_path / "arcface.keras").embed(grace)


def test_wrong_paths_are_reported_before_tensorflow_is_loaded(tmp_path):
    code = (
        "import sys\nfrom facedancer_tf.errors import UserError\nfrom facedancer_tf.swapping.swapper import Swapper\n"
        "try:\n    Swapper('nowhere.keras')\nexcept UserError as error:\n    print(error)\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert "nowhere.keras" in ran.stdout
    with pytest.raises(UserError, match="encoder weights"):
        Swapper(ROOT / "pyproject.toml", encoder_weights=tmp_path / "none.h5")
    with pytest.raises(UserError, match="one of yunet, insightface"):
        Swapper(ROOT / "pyproject.toml", detector="other")


def test_a_damaged_model_file_is_one_sentence(tmp_path, grace):
    (tmp_path / "broken.keras").write_bytes(b"no archive")
    with pytest.raises(UserError, match=r"broken\.keras"):
        Swapper(tmp_path / "broken.keras").embed(grace)
