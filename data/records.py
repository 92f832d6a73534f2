"""Defines the one schema of a record, which is written and parsed here and nowhere else.

A record is a serialised `tf.train.Example` with three byte strings: `picture`, an encoded square crop (JPEG or PNG,
RGB); `label`, the identity; `name`, where the crop came from (`folder/picture.jpg#0`; the number is the face's).
"""

import os

import cv2
import numpy as np
import tensorflow as tf

SCHEMA_VERSION = 1
_SCHEMA = {key: tf.io.FixedLenFeature([], tf.string) for key in ("picture", "label", "name")}


def encode_crop(crop: np.ndarray, quality: int | None = 95) -> bytes:
    """Encodes a `crop` uint8 RGB [S, S, 3] as JPEG of that `quality` in full colour resolution, or as PNG for None."""
    if crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3:
        raise ValueError(f"`crop` must be uint8 [S, S, 3]. Received: {crop.dtype} {crop.shape}")
    bgr = np.ascontiguousarray(crop[..., ::-1])
    if quality is None:
        done, encoded = cv2.imencode(".png", bgr)
    else:
        sampling = [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
        done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality, *sampling])
    if not done:
        raise ValueError(f"OpenCV could not encode a crop of shape {crop.shape}")
    return encoded.tobytes()


def serialise_record(encoded: bytes, label: str, name: str) -> bytes:
    """Serialises one record; the same input always gives the same bytes."""
    values = {"picture": encoded, "label": os.fsencode(label), "name": os.fsencode(name)}
    features = {key: tf.train.Feature(bytes_list=tf.train.BytesList(value=[v])) for key, v in values.items()}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


def parse_record(serialised: tf.Tensor) -> dict[str, tf.Tensor]:
    """Parses one serialised record into its three byte strings, by name; runs inside tf.data."""
    return tf.io.parse_single_example(serialised, _SCHEMA)


def decode_crop(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes an encoded `picture` into the crop uint8 RGB [S, S, 3]; runs inside tf.data."""
    # despite its name the op reads PNG too; INTEGER_ACCURATE gives the same pixels on every machine
    return tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
