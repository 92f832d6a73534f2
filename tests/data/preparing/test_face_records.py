"""Tests that a crop is stored straight, however the head is rolled in its picture."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from data.folders import Item
from data.pictures import read_picture
from data.preparing.face_records import FaceSettings
from data.records import decode_crop, parse_record
from facedancer_tf.bundled_pictures import bundled_pictures


@pytest.mark.parametrize("roll", [25, 90, 180, -130])
def test_crops_of_rolled_pictures_are_straight(tmp_path: Path, roll: int) -> None:
    make = FaceSettings(size_px=64, quality=None).build()
    crops = []
    for angle in (0, roll):
        path = tmp_path / f"{angle}.png"
        picture = Image.fromarray(read_picture(bundled_pictures()[0]).rgb)
        picture.rotate(-angle, Image.Resampling.BICUBIC, expand=True).save(path)
        (record,) = make(Item(path.name, "anna", str(path))).records
        crops.append(decode_crop(parse_record(record)["picture"]).numpy())
    upright, rolled = (cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[8:-8, 8:-8] for crop in crops)
    assert np.corrcoef(upright.ravel(), rolled.ravel())[0, 1] > 0.9
