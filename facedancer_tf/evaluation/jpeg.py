"""A picture as it comes out of a JPEG file of quality 75: what most pictures go through before anybody sees them."""

import io

import numpy as np
from PIL import Image

QUALITY = 75


def through_jpeg(picture: np.ndarray) -> np.ndarray:
    """`picture` uint8 RGB [H, W, 3] encoded and decoded by Pillow, with its halved colour resolution."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=QUALITY)
    return np.array(Image.open(file))
