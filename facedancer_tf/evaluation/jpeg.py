"""Passes a picture through a JPEG file of quality 75, as happens to most pictures before anybody sees them."""

import io

import numpy as np
from PIL import Image

QUALITY = 75


def through_jpeg(picture: np.ndarray) -> np.ndarray:
    """Encodes and decodes `picture` uint8 RGB [H, W, 3] with Pillow, which halves the colours' resolution."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=QUALITY)
    return np.array(Image.open(file))
