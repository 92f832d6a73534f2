"""Makes the README's pictures and judges them: every bundled photograph swapped into every other.

    python scripts/make_demo.py --model assets/model/default.keras -o docs

Writes swap.jpg (source, target and result of one pair) and demo.jpg (rows are sources, columns targets). The
independent judge (dlib's recogniser, which no training step sees) measures per ordered pair how like the source the
swapped face is, and how like it the untouched target was.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np

from data.alignment import similarity_transform, warp
from data.detection import Face
from data.pictures import read_picture, write_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapper import Swapper
from facedancer_tf.synthetic_mark import xmp_packet

ROOT = Path(__file__).resolve().parents[1]
TILE_PX, HEAD, GAP_PX = 208, 1.7, 4  # HEAD: side of a tile in heights of the face
WHITE = 255
SHOWN_PAIR = ("grace_hopper", "eileen_collins")  # source and target of swap.jpg


def swap_all(
    swapper: Swapper, pictures: list[np.ndarray], faces: list[Face]
) -> dict[tuple[int, int], np.ndarray]:
    """The swapped picture for every (source, target), a person with itself left out."""
    identities = [swapper.embed_faces([p], [f]) for p, f in zip(pictures, faces, strict=True)]
    count = range(len(pictures))
    return {
        (s, t): swapper.swap_faces(pictures[t], [faces[t]], identities[s])
        for s in count
        for t in count
        if s != t
    }


def head(picture: np.ndarray, face: Face) -> np.ndarray:
    """The square around a face that shows the whole head, uint8 [208, 208, 3], kept inside the picture."""
    height, width = picture.shape[:2]
    side = min(round(HEAD * max(face.box[2:])), height, width)
    left = int(np.clip(round(face.box[0] + face.box[2] / 2 - side / 2), 0, width - side))
    top = int(np.clip(round(face.box[1] + face.box[3] / 2 - side / 2), 0, height - side))
    square = picture[top : top + side, left : left + side]
    return cv2.resize(square, (TILE_PX, TILE_PX), interpolation=cv2.INTER_AREA)


def draw_grid(
    pictures: list[np.ndarray], faces: list[Face], swapped: dict[tuple[int, int], np.ndarray]
) -> np.ndarray:
    """Targets above, sources at the left, swapped faces between; the diagonal stays empty."""
    count, step = len(pictures), TILE_PX + GAP_PX
    grid = np.full(((count + 1) * step + GAP_PX, (count + 1) * step + GAP_PX, 3), WHITE, np.uint8)

    def put(row: int, column: int, picture: np.ndarray, face: Face) -> None:
        y, x = row * step + GAP_PX, column * step + GAP_PX
        grid[y : y + TILE_PX, x : x + TILE_PX] = head(picture, face)

    for i in range(count):
        put(0, i + 1, pictures[i], faces[i])
        put(i + 1, 0, pictures[i], faces[i])
    for (source, target), picture in swapped.items():
        put(source + 1, target + 1, picture, faces[target])
    return grid


def judge_all(
    pictures: list[np.ndarray], faces: list[Face], swapped: dict[tuple[int, int], np.ndarray]
) -> dict[tuple[int, int], np.ndarray]:
    """For every (source, target) the six numbers that `describe` names, by the independent judge.

    A swapped face is cut out where the target's face was found. The last two numbers are a control: likeness to the
    other bundled people, who have no part in the swap. Any damage to a face moves it towards everybody a little;
    only what it moves further towards its source is identity.
    """
    from facedancer_tf.judge import CHIP_POINTS, cosine_similarity, embed_judge_crops, euclidean_distance
    from networks.dlib_resnet import SIZE_PX

    def embed(picture: np.ndarray, face: Face) -> np.ndarray:
        transform = similarity_transform(face.landmarks[[0, 1, 3, 4]], CHIP_POINTS)
        return embed_judge_crops(warp(picture, transform, SIZE_PX)[None])[0]

    people = [embed(picture, face) for picture, face in zip(pictures, faces, strict=True)]
    judged = {}
    for (source, target), picture in swapped.items():
        both = people[target], embed(picture, faces[target])
        others = [person for i, person in enumerate(people) if i not in (source, target)]
        numbers = [
            measure(people[source], face)
            for measure in (cosine_similarity, euclidean_distance)
            for face in both
        ]
        control = [np.mean([cosine_similarity(other, face) for other in others]) for face in both]
        judged[source, target] = np.array(numbers + control)
    return judged


def describe(row: np.ndarray) -> str:
    """Before and after the swap: cosine and distance to the source, and cosine to people who are not in it."""
    return (
        f"cosine {row[0]:.4f} -> {row[1]:.4f}  distance {row[2]:.4f} -> {row[3]:.4f}  "
        f"cosine to others {row[4]:.4f} -> {row[5]:.4f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a model file of train.py (the one in assets/model)")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs", help="folder of the pictures")
    arguments = parser.parse_args()
    swapper = Swapper(arguments.model)
    paths = bundled_pictures()
    pictures = [read_picture(path).rgb for path in paths]
    found = [swapper.detect(picture) for picture in pictures]
    for path, faces in zip(paths, found, strict=True):
        if not faces:
            raise UserError(f"{path}: no face was found; restore the picture from the repository")
    chosen = [faces[0] for faces in found]
    load_tensorflow_quietly()
    swapped = swap_all(swapper, pictures, chosen)
    judged = judge_all(pictures, chosen, swapped)
    print("likeness to the source by the independent judge (dlib), untouched target -> swapped:")
    for (source, target), row in judged.items():
        print(f"  {paths[source].stem:>16} in {paths[target].stem:<16} {describe(row)}")
    rows = np.array(list(judged.values()))
    risen = int((rows[:, 1] > rows[:, 0]).sum())
    mean = rows.mean(axis=0)
    own, others = mean[1] - mean[0], mean[5] - mean[4]
    print(f"mean of {len(rows)} pairs: {describe(mean)}")
    print(f"cosine to the source risen in {risen} of {len(rows)} pairs, on the mean by {own:+.4f}")
    print(f"(to others by {others:+.4f}, so {own - others:+.4f} is owed to the source's identity)")
    seen = sum(bool(swapper.detect(picture)) for picture in swapped.values())
    print(f"the detector finds a face in {seen} of {len(swapped)} swapped pictures")
    arguments.output.mkdir(parents=True, exist_ok=True)
    source, target = ([path.stem for path in paths].index(name) for name in SHOWN_PAIR)
    shown = (pictures[source], source), (pictures[target], target), (swapped[source, target], target)
    strip = np.concatenate([head(picture, chosen[i]) for picture, i in shown], axis=1)
    for name, picture in (("swap.jpg", strip), ("demo.jpg", draw_grid(pictures, chosen, swapped))):
        write_picture(arguments.output / name, picture, xmp=xmp_packet(synthetic=True))
    print(f"swap.jpg and demo.jpg written to {arguments.output}")


if __name__ == "__main__":
    run_main(main)
