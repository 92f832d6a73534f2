"""What the steps of pasting cost beside the generator, for one face at several sizes.

    python -m benchmarks.paste_steps [--rounds 40]

The bundled photographs are scaled so that their faces have the asked-for size. All ways run in turns in one process;
printed are medians in milliseconds, and how much longer a swap takes (generator and pasting) with both steps.
"""

import argparse
import time
from statistics import median

from facedancer_tf.quiet_start import load_tensorflow_quietly

if __name__ == "__main__":
    load_tensorflow_quietly()  # the imports below bring TensorFlow

import cv2
import numpy as np

from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.swapping.paste_steps import PasteSteps
from facedancer_tf.swapping.swapper import Swapper

FACES_PX = (100, 200, 400)  # widths of the face's box
WAYS = {
    "neither": PasteSteps(finest_detail=False, skin_colour=False),
    "colour": PasteSteps(finest_detail=False),
    "detail": PasteSteps(skin_colour=False),
    "both": PasteSteps(),
}


def measure(swapper: Swapper, face_px: int, rounds: int) -> dict[str, float]:
    """Median milliseconds of the generator and of pasting in each way, over all bundled photographs."""
    took: dict[str, list[float]] = {"generator": [], **{name: [] for name in WAYS}}
    for path in bundled_pictures():
        picture = read_picture(path).rgb
        scale = face_px / swapper.detect(picture)[0].box[2]
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        face = swapper.detect(picture)[0]
        crop, transform = swapper.cut(picture, face)
        identity = swapper.embed_faces([picture], [face]).embedding
        other = np.roll(identity, 1)[None]
        for _ in range(rounds):
            began = time.perf_counter()
            swapped = swapper.engine.swap_crops(crop[None], other)[0]
            took["generator"].append(time.perf_counter() - began)
            for name, steps in WAYS.items():
                result = picture.copy()
                began = time.perf_counter()
                steps.paste(result, swapped, picture, crop, transform, swapper.engine.recipe.shrink)
                took[name].append(time.perf_counter() - began)
    return {name: 1000 * median(seconds) for name, seconds in took.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", help="a name or file of a generator (the embedded one)")
    parser.add_argument("--rounds", type=int, default=40, help="of each photograph and size (40)")
    arguments = parser.parse_args()
    run_graphs_as_they_are()
    with Swapper(arguments.model) as swapper:
        print("face px  generator  " + "  ".join(f"{name:>8}" for name in WAYS) + "  both steps add")
        for face_px in FACES_PX:
            took = measure(swapper, face_px, arguments.rounds)
            added = (took["both"] - took["neither"]) / (took["generator"] + took["neither"])
            ways = "  ".join(f"{took[name]:8.2f}" for name in WAYS)
            print(f"{face_px:7d}  {took['generator']:9.1f}  {ways}  {100 * added:12.1f} %", flush=True)


if __name__ == "__main__":
    main()
