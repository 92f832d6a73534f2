"""Samples from views of people, from swaps between people and from rows of a file, and their distances."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from data.pictures import read_picture, write_picture
from facedancer_tf.errors import UserError
from facedancer_tf.margins import views
from facedancer_tf.margins.distances import candidate_blocks, measure_distances
from facedancer_tf.margins.pairs_file import read_rows, samples_of_pairs
from facedancer_tf.margins.report import name_left_out
from facedancer_tf.margins.samples import (
    DIFFERENT,
    SAME,
    SWAPPED_SOURCE,
    TARGET_SWAPPED,
    Samples,
    count_left_out,
)
from facedancer_tf.margins.swaps import draw_swaps
from facedancer_tf.margins.views import open_folder, samples_of_views, view_of
from facedancer_tf.weights.identity_encoder import load_encoder
from losses.cosine import cosine_distance
from networks.encoders import prepare_pictures, tap_encoder
from tests.data.black_png import wide_claim
from tests.facedancer_tf.conftest import PICTURES

SIZE_PX = 64
BLOCKS = ["stage5_block1_out", "stage3_block1_out"]


@pytest.fixture(scope="module")
def encoder():
    return load_encoder("sface")


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people in two views, as they are and darker, one picture of a third, and one without a face."""
    folder = tmp_path_factory.mktemp("people")
    for name in ("barack_obama.jpg", "emmanuel_macron.jpg"):
        picture = read_picture(PICTURES / name).rgb
        for view, darker in ((0, 1.0), (1, 0.7)):  # day and dusk
            write_picture(folder / f"{Path(name).stem}_{view}.jpg", (picture * darker).astype(np.uint8))
    write_picture(folder / "grace_0.jpg", read_picture(PICTURES / "grace_hopper.jpg").rgb)
    write_picture(folder / "grace_1.jpg", np.full((200, 200, 3), 90, np.uint8))
    return folder


def test_views_pair_people_with_themselves_and_with_strangers_in_the_same_view(people):
    samples = samples_of_views(people, 100, seed=3, size_px=SIZE_PX)
    assert sorted(samples.groups) == ["barack_obama", "emmanuel_macron"]  # of grace one view is left: no pair
    assert samples.left_out == {"no face": ["grace_1.jpg"]}
    assert "2 pairs of views of 2 people" in samples.origin
    (batch,) = samples.batches()
    assert {role: pictures.shape for role, pictures in batch.items()} == dict.fromkeys(
        ("one", "same", "stranger"), (2, SIZE_PX, SIZE_PX, 3)
    )
    assert batch["one"].mean() > batch["same"].mean() + 0.1  # day before dusk
    assert np.array_equal(batch["stranger"], batch["one"][::-1])  # the only other person, in the same view
    (again,) = samples_of_views(people, 100, seed=3, size_px=SIZE_PX).batches()
    assert all(np.array_equal(batch[role], again[role]) for role in batch)


def test_zip_files_and_folders_per_person_give_the_same_samples(people, tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "people.zip", "w") as archive:
        for path in sorted(people.iterdir()):
            person, _, view = path.stem.rpartition("_")
            archive.write(path, f"set/{person}/{view}.jpg")
        archive.writestr("__MACOSX/set/grace/._0.jpg", b"what a Mac leaves")
        archive.writestr("set/barack_obama/._0.jpg", b"the same, beside the picture")
        archive.writestr("set/grace/2.heic", b"not read")
        archive.writestr("set/grace/3.png", wide_claim())
    packed, plain = (samples_of_views(where, 9, 3, SIZE_PX) for where in (tmp_path / "people.zip", people))
    assert packed.groups == plain.groups
    counts = "heic picture: 1, hidden or system: 2, no face: 1, truncated: 1"
    assert count_left_out(packed.left_out) == counts
    lines = name_left_out(packed.left_out)
    assert lines[0] == "left out, heic picture: set/grace/2.heic"
    assert lines[-1] == "left out, truncated: set/grace/3.png"
    for role, pictures in next(packed.batches()).items():
        assert np.array_equal(pictures, next(plain.batches())[role])
    assert packed.material.startswith("7 files of people.zip (SHA-256 of their names and sizes ")
    assert str(tmp_path) not in packed.material
    with open_folder(people) as folder:
        assert folder == people
    packing = tmp_path / "lzma.zip"
    with zipfile.ZipFile(packing, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a/b.png", b"picture" * 99)
    whole = packing.read_bytes()
    at = whole.index(b"a/b.png") + len(b"a/b.png") + 8  # inside the packed bytes
    packing.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) * 9 + whole[at + 9 :])
    with pytest.raises(UserError, match=r"cannot be unpacked.*packed by the method 14"), open_folder(packing):
        pass
    for ceiling in ("CEILING_BYTES", "FILE_MAX_BYTES"):  # of all pictures, and of each
        with monkeypatch.context() as patched:
            patched.setattr(views, ceiling, 1000)
            with pytest.raises(UserError, match="would unpack to"), open_folder(tmp_path / "people.zip"):
                pass
    (tmp_path / "text").write_text("no zip")
    with pytest.raises(UserError, match="neither a folder nor a zip file"), open_folder(tmp_path / "text"):
        pass


def test_the_listing_tells_one_set_of_pictures_from_another(people, tmp_path):
    for path in people.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    before = samples_of_views(tmp_path, 9, 3, SIZE_PX).material
    assert before.split("(")[1] == samples_of_views(people, 9, 3, SIZE_PX).material.split("(")[1]
    (tmp_path / "grace_1.jpg").rename(tmp_path / "grace_2.jpg")
    assert samples_of_views(tmp_path, 9, 3, SIZE_PX).material != before
    assert f"faces found by yunet, cut at {SIZE_PX} px with shrink 1" in before


def test_views_of_files_and_folders():
    assert (
        view_of(Path("set/ann_lee_3.jpg"), "ann_lee") == view_of(Path("set/ann_lee/3.jpg"), "ann_lee") == "3"
    )


def test_one_person_is_no_pair(people, tmp_path):
    for view in (0, 1):
        (tmp_path / f"a_{view}.jpg").write_bytes((people / f"barack_obama_{view}.jpg").read_bytes())
    with pytest.raises(UserError, match="no pairs to measure on: it takes two people or more"):
        samples_of_views(tmp_path, 10, 0, SIZE_PX)


def test_drawn_pairs_are_different_people_and_different_pairs():
    owners = ["a", "a", "b", "c"]
    pairs = draw_swaps(owners, 6, np.random.default_rng(0))
    assert sorted(target for target, _ in pairs[:4]) == [0, 1, 2, 3]
    assert len(set(pairs)) == 6
    everything = draw_swaps(owners, 1000, np.random.default_rng(0))
    assert len(everything) == len(set(everything)) == 10  # 12 ordered pairs less the two within a
    assert all(owners[target] != owners[source] for target, source in everything)
    assert draw_swaps(["a", "a"], 5, np.random.default_rng(0)) == []


def write_rows(folder: Path, *rows: str) -> Path:
    (folder / "swaps.csv").write_text("\n".join(rows) + "\n")
    return folder / "swaps.csv"


@pytest.fixture
def swaps(people, tmp_path) -> Path:
    """A folder with two targets, which are also the sources, and swapped pictures of the same and of another size."""
    for path in people.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    picture = read_picture(people / "barack_obama_0.jpg").rgb
    write_picture(tmp_path / "same_size.png", cv2.GaussianBlur(picture, (0, 0), 2))
    write_picture(
        tmp_path / "half_size.png", cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    )
    return tmp_path


def test_rows_give_aligned_triples_and_the_rest_is_counted(swaps):
    file = write_rows(
        swaps,
        "target,swapped,source",
        "barack_obama_0.jpg,same_size.png,grace_0.jpg",
        "barack_obama_0.jpg,half_size.png,grace_0.jpg",
        "grace_1.jpg,same_size.png,grace_0.jpg",
        "nowhere.jpg,same_size.png,grace_0.jpg",
        "grace_0.jpg,same_size.png,grace_0.jpg",
    )
    samples = samples_of_pairs(file, 100, 0, SIZE_PX)
    assert samples.left_out == {
        "no face": [str(swaps / "grace_1.jpg")],
        "missing": [str(swaps / "nowhere.jpg")],
        "swapped with itself": [str(swaps / "grace_0.jpg")],
    }
    assert samples.beware == ""
    assert samples.material.startswith("15 files of swaps.csv (SHA-256 of their names and sizes ")
    assert samples.kinds == {
        TARGET_SWAPPED: ("target", "swapped"),
        SWAPPED_SOURCE: ("swapped", "source"),
        DIFFERENT: ("target", "source"),
    }
    (batch,) = samples.batches()
    assert batch["target"].shape == (2, SIZE_PX, SIZE_PX, 3)
    # The same face: both swapped pictures are the target, blurred or smaller, and lie where it lies.
    assert np.abs(batch["target"] - batch["swapped"]).mean() < 0.05
    assert np.abs(batch["target"] - batch["source"]).mean() > 0.2


def test_rows_without_sources_take_other_targets_for_strangers(swaps):
    file = write_rows(
        swaps,
        "swapped,target",
        "same_size.png,barack_obama_0.jpg",
        "emmanuel_macron_1.jpg,emmanuel_macron_0.jpg",
    )
    samples = samples_of_pairs(file, 100, 0, SIZE_PX)
    assert set(samples.kinds) == {TARGET_SWAPPED, DIFFERENT}
    assert "which blocks hold the identity could not be checked" in samples.beware
    (batch,) = samples.batches()
    assert np.array_equal(batch["stranger"], batch["target"][::-1])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (["target,swapped,source"], "at least one line below"),
        (["target,source", "a.jpg,b.jpg"], "must have the columns target and swapped"),
        (
            ["target,swapped,source", "a.jpg,b.jpg,"],
            "line 2: it needs a value for each of target, swapped, source",
        ),
        (
            ["target,swapped,source", "a.jpg,b.jpg"],
            "line 2: it needs a value for each of target, swapped, source",
        ),
        (["target,swapped,source", "a.jpg,b.jpg,c.jpg"], r"no pairs that could be used \(missing: 1\)"),
        (["target,swapped", "barack_obama_0.jpg,same_size.png"], "names one target only"),
    ],
)
def test_files_that_hold_nothing_to_measure(swaps, rows, says):
    with pytest.raises(UserError, match=says) as error:
        samples_of_pairs(write_rows(swaps, *rows), 10, 0, SIZE_PX)
    assert "\n" not in str(error.value)


def test_paths_are_seen_from_the_file(tmp_path):
    file = write_rows(tmp_path, "target,swapped", "in/t.jpg,/abs/s.jpg")
    assert read_rows(file) == [{"target": tmp_path / "in" / "t.jpg", "swapped": Path("/abs/s.jpg")}]


def test_distances_are_those_of_the_loss_and_in_order(encoder, face_crops):
    pictures = face_crops.astype(np.float32) / 127.5 - 1.0
    one, other = np.tile(pictures, (2, 1, 1, 1)), np.roll(np.tile(pictures, (2, 1, 1, 1)), 1, axis=0)

    def batches():  # ten samples: a full batch, and one that is filled up
        for part in (slice(0, 8), slice(8, 10)):
            yield {"one": one[part], "other": other[part]}

    samples = Samples(
        batches, {SAME: ("one", "one"), DIFFERENT: ("one", "other")}, list("aabbccddee"), 0.8, "", "", {}
    )
    found = measure_distances(encoder, BLOCKS, samples)
    assert list(found) == [*BLOCKS, "embedding"]
    tapped = tap_encoder(encoder.network, BLOCKS)
    a, b = (tapped(prepare_pictures(encoder.description, p, 0.8)) for p in (one, other))
    for block, distances in found.items():
        assert distances[SAME] == pytest.approx(np.zeros(10), abs=1e-5)
        assert distances[DIFFERENT] == pytest.approx(
            np.asarray(cosine_distance(a[block], b[block])), abs=1e-5
        )
        assert distances[DIFFERENT].min() > 0.01


def test_candidates(encoder):
    assert candidate_blocks(encoder, []) == list(encoder.description.ifsr_blocks)
    every = candidate_blocks(encoder, ["all"])
    assert (every[0], every[-1], len(every)) == ("stage5_block2_out", "stage1_block1_out", 13)
    assert candidate_blocks(encoder, ["stage1_block1_out", "stage3_block1_out"]) == [
        "stage3_block1_out",
        "stage1_block1_out",
    ]
    with pytest.raises(
        UserError, match=r"sface has no block conv9_out; its blocks are stage5_block2_out, .*"
    ):
        candidate_blocks(encoder, ["conv9_out", "stage3_block1_out"])
