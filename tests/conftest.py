"""Real faces for tests: the bundled photographs, aligned, and a small folder of shards made of them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

# The files that take the longest. Two processes share the files in this order, and none should begin with one last.
LONGEST_FIRST = (
    "test_train.py", "test_calibrate_margins.py", "test_distribution.py", "test_export.py", "test_train_loop.py",
    "test_train_step.py", "test_any_backend.py", "test_evaluate.py", "test_swap_image.py", "test_prepare_data.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests of the longest files first."""
    order = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


@pytest.fixture(scope="session", autouse=True)
def cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps what tests leave in the cache, such as the key that signs pictures, out of the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FACEDANCER_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def face_crops() -> np.ndarray:
    """The bundled photographs' faces, aligned at 64 px, uint8 `[5, 64, 64, 3]`, in order of file name."""
    from data.faces.alignment import align
    from data.faces.detection import build_detector
    from data.pictures import read_picture
    from facedancer_tf.bundled_pictures import bundled_pictures

    detector, crops = build_detector("yunet"), []
    for path in bundled_pictures():
        picture = read_picture(path).rgb
        crops.append(align(picture, detector.detect(picture)[0].landmarks, 64))
    return np.stack(crops)


@pytest.fixture(scope="session")
def face_shards(face_crops: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shards of 64 px: the split train has the faces and their mirror images, the split validation has the faces."""
    import tensorflow as tf

    from data.manifest import Manifest, Shard, write_manifest
    from data.records import encode_crop, serialise_record

    folder, shards = tmp_path_factory.mktemp("face_shards"), []
    for split, crops in (("train", [*face_crops, *face_crops[:, :, ::-1]]), ("validation", face_crops)):
        name = f"{split}-00000.tfrecord"
        with tf.io.TFRecordWriter(str(folder / name)) as writer:
            for i, crop in enumerate(crops):
                writer.write(serialise_record(encode_crop(crop, None), f"person{i % 5}", f"{i}.png#0"))
        content = (folder / name).read_bytes()
        shards.append(Shard(name, split, len(crops), len(content), hashlib.sha256(content).hexdigest()))
    write_manifest(folder, Manifest({"size_px": 64, "shrink": 1.0}, tuple(shards)))
    return folder
