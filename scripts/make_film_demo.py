"""Makes the moving picture of README: a photograph that sways, beside itself with another identity.

    python scripts/make_film_demo.py -o docs/film.gif

The left half is the untouched target, the right half is swapped by the same code as swap_video.py, marks included.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import av
import cv2
import numpy as np

from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.video.casting import Position, Wish
from facedancer_tf.video.film_settings import FilmSettings
from facedancer_tf.video.film_swap import swap_film

ROOT = Path(__file__).resolve().parents[1]
SHOWN_PAIR = ("barack_obama", "eileen_collins")  # source and target
WIDTH, HEIGHT, FRAMES, RATE = 156, 180, 16, 10
FACE_SHARE = 0.46  # of the height


def swaying(picture: np.ndarray, middle: np.ndarray, face_px: float) -> list[np.ndarray]:
    """Frames uint8 RGB that show the picture around its face: it turns, comes closer and drifts, once around."""
    frames = []
    for angle in np.linspace(0, 2 * np.pi, FRAMES, endpoint=False):
        scale = FACE_SHARE * HEIGHT / face_px * (1 + 0.06 * np.sin(angle))
        matrix = cv2.getRotationMatrix2D(tuple(map(float, middle)), 5 * np.sin(angle + 1), scale)
        matrix[:, 2] += np.array([WIDTH / 2, HEIGHT * 0.45]) - middle
        matrix[:, 2] += [7 * np.cos(angle), 3 * np.sin(2 * angle)]
        frame = cv2.warpAffine(
            picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT
        )
        frames.append(np.asarray(frame, np.uint8))
    return frames


def write_lossless(path: Path, frames: list[np.ndarray]) -> None:
    """Writes untouched frames as a film."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=RATE)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        container.mux(stream.encode())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a model file of train.py (the one in assets/model)")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "film.gif")
    arguments = parser.parse_args()
    pictures = {path.stem: path for path in bundled_pictures()}
    source, target = (pictures[name] for name in SHOWN_PAIR)
    swapper = Swapper(arguments.model)
    rgb = read_picture(target).srgb
    face = swapper.detect(rgb)[0]
    frames = swaying(rgb, face.landmarks.mean(axis=0), face.box[3])
    load_tensorflow_quietly()
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "film.mkv"
        write_lossless(film, [np.hstack([frame, frame]) for frame in frames])
        right = Position(1.5 * WIDTH, HEIGHT / 2, 0.0)
        swap_film(swapper, [Wish((source,), right)], film, arguments.output, FilmSettings())
    print(f"{arguments.output} written")


if __name__ == "__main__":
    run_main(main)
