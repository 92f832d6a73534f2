"""Tests PNG files: unchanged pixels, profile and metadata where other programs look for them, no needless bytes."""

import io

import numpy as np
import pytest
from PIL import Image

from data.pictures import read_picture
from data.png import encode_png
from facedancer_tf.bundled_pictures import bundled_pictures

RGB = np.random.default_rng(0).integers(0, 256, (23, 31, 3), dtype=np.uint8)


@pytest.mark.parametrize("rgb", [RGB, RGB[::-1], RGB.transpose(1, 0, 2), RGB[:, ::2, ::-1]])
@pytest.mark.parametrize("see_through", [False, True])
def test_pixels_profile_and_metadata_are_read_back(rgb: np.ndarray, see_through: bool) -> None:
    alpha = rgb[..., 0] if see_through else None
    encoded = encode_png(rgb, alpha, b"any profile", "<x:xmpmeta>ü</x:xmpmeta>".encode())
    with Image.open(io.BytesIO(encoded)) as image:
        image.load()
        expected = rgb if alpha is None else np.dstack([rgb, alpha])
        np.testing.assert_array_equal(np.asarray(image), expected)
        assert image.info["icc_profile"] == b"any profile"
        assert image.info["XML:com.adobe.xmp"] == "<x:xmpmeta>ü</x:xmpmeta>"
    with Image.open(io.BytesIO(encode_png(rgb))) as image:
        image.load()
        assert not image.info


def test_photographs_are_little_larger_than_pillow_makes_them() -> None:
    ours = theirs = 0
    for path in bundled_pictures():
        rgb = read_picture(path).rgb
        ours += len(encode_png(rgb))
        beside = io.BytesIO()
        Image.fromarray(rgb).save(beside, "PNG")
        theirs += beside.tell()
    assert ours < 1.2 * theirs
