"""Measures first IFSR margins for an encoder from several views of the same people.

    python scripts/margins_from_views.py --encoder sface views.zip

Reads pictures called `<person>_<view>.jpg` from a folder or zip file, aligns each face to the encoder's size, and
prints for every block the mean feature distance 1 − cos over pairs of views of one person, beside the mean over
pairs of different people seen in the same view. IFSR lets the swapped face's features move that far from the
target's before it objects. These are stand-ins: the paper's margins are the target-to-swapped distances of an
existing swapper (facts section 3), and another encoder needs its own.
"""

import argparse
import io
import itertools
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePath

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from PIL import Image

from data.alignment import align
from data.detection import build_detector
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.identity_encoder import load_encoder
from networks.encoders import ENCODERS, prepare_pictures, tap_encoder

PEOPLE_PER_PASS = 4  # every block of about 20 pictures is held at once: some 0.2 GB


def named_pictures(source: Path) -> Iterator[tuple[str, bytes]]:
    """(file name, content) of every JPEG or PNG in a folder or zip file, in the order of their names."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if path.suffix.lower() in {".jpg", ".png"}:
                yield path.name, path.read_bytes()
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for name in sorted(archive.namelist()):
                if name.lower().endswith((".jpg", ".png")):
                    yield PurePath(name).name, archive.read(name)
    else:
        raise UserError(f"{source} is neither a folder nor a zip file: give the place of the views")


def aligned_people(source: Path, people: int, size_px: int) -> dict[str, dict[str, np.ndarray]]:
    """Crops uint8 [S, S, 3] by person and view, of the first `people` people with two views or more."""
    detector = build_detector("yunet")
    crops: dict[str, dict[str, np.ndarray]] = defaultdict(dict)
    for name, content in named_pictures(source):
        person, _, view = PurePath(name).stem.rpartition("_")
        if person not in crops and len(crops) == people:
            break
        picture = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
        faces = detector.detect(picture)
        if faces:
            crops[person][view] = align(picture, faces[0].landmarks, size_px)
    return {person: views for person, views in crops.items() if len(views) > 1}


def unit_rows(features: np.ndarray) -> np.ndarray:
    """Features [B, …] as rows of length one, so that a dot product is a cosine."""
    rows = np.asarray(features).reshape(len(features), -1)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def measure(encoder_name: str, weights: Path | None, source: Path, people: int) -> None:
    """Prints the distances per block, deep to shallow, and at last the embedding's."""
    encoder = load_encoder(encoder_name, weights)
    description = encoder.description
    blocks = [layer.name for layer in encoder.network.layers if layer.name.endswith("_out")][::-1]
    tapped = tap_encoder(encoder.network, blocks)
    crops = aligned_people(source, people, description.size_px)
    distances: dict[str, dict[str, list[float]]] = {
        block: defaultdict(list) for block in [*blocks, "embedding"]
    }
    for start in range(0, len(crops), PEOPLE_PER_PASS):
        group = list(crops.values())[start : start + PEOPLE_PER_PASS]
        owners = [(person, view) for person, views in enumerate(group) for view in views]
        pictures = np.stack([group[person][view] for person, view in owners]).astype(np.float32) / 127.5 - 1
        answer = tapped(prepare_pictures(description, pictures), training=False)
        for block, found in distances.items():
            rows = unit_rows(answer[block])
            cosines = rows @ rows.T
            for i, j in itertools.combinations(range(len(owners)), 2):
                (one, one_view), (other, other_view) = owners[i], owners[j]
                if one == other:
                    found["same"].append(1 - float(cosines[i, j]))
                    found[f"same {one_view}-{other_view}"].append(1 - float(cosines[i, j]))
                elif one_view == other_view:
                    found["different"].append(1 - float(cosines[i, j]))
    kinds = sorted(distances["embedding"], key=lambda kind: (kind.count("-"), kind))
    counts = {kind: len(distances["embedding"][kind]) for kind in kinds}
    print(f"{len(crops)} people; pairs: " + ", ".join(f"{kind}: {count}" for kind, count in counts.items()))
    print("block".ljust(22) + "".join(kind.rjust(12) for kind in kinds))
    for block, found in distances.items():
        print(block.ljust(22) + "".join(f"{np.mean(found[kind]):12.4f}" for kind in kinds))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("views", type=Path, help="folder or zip file with <person>_<view>.jpg")
    parser.add_argument("--encoder", default="sface", choices=sorted(ENCODERS))
    parser.add_argument("--weights", type=Path, help="the encoder's weights, where it has none embedded")
    parser.add_argument("--people", type=int, default=250, help="how many people to measure on")
    arguments = parser.parse_args()
    measure(arguments.encoder, arguments.weights, arguments.views, arguments.people)


if __name__ == "__main__":
    run_main(main)
