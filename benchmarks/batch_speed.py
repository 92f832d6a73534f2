"""Times swapping a folder, beside a loop of single swap_image.py runs and a plain loop over one Swapper.

    python -m benchmarks.batch_speed --pictures 40 --megapixels 2 --rounds 3

The targets are the bundled photographs, repeated and scaled to that size, as JPEG. All three ways use the embedded
model and write the same marks. Each is a process of its own and they take turns; of the single runs only `--single`
are made. Printed are pictures a second by the clock, median and best of the rounds, seconds of processor time a
picture, all with the start included, and the largest memory in MB.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import cv2

from benchmarks.processes import ROOT, run
from data.pictures import read_picture, write_picture
from facedancer_tf.bundled_pictures import bundled_pictures

PLAIN_LOOP = """
import sys
from pathlib import Path
from data.pictures import read_picture
from facedancer_tf import Swapped, Swapper, load_tensorflow_quietly, write_swapped
load_tensorflow_quietly()
source, folder, output = map(Path, sys.argv[1:])
output.mkdir()
with Swapper() as swapper:
    identity = swapper.embed(read_picture(source).srgb)
    for path in sorted(folder.iterdir()):
        target = read_picture(path).rgb
        faces = swapper.detect(target)[:1]
        swapped = swapper.swap_faces(target, faces, identity)
        for picture in (target, swapped):
            swapper.similarity(identity, picture, faces)
        write_swapped(output / path.name, Swapped(swapped, [swapper.used_model], path))
"""


def make_targets(folder: Path, count: int, megapixels: float) -> None:
    """Writes `count` pictures of that size, no two alike."""
    photographs = [read_picture(path).rgb for path in bundled_pictures()]
    for number in range(count):
        rgb = photographs[number % len(photographs)]
        factor = (megapixels * 1e6 / (rgb.shape[0] * rgb.shape[1])) ** 0.5
        scaled = cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
        scaled[-1] = number % 256
        write_picture(folder / f"{number:04}.jpg", scaled)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--megapixels", type=float, default=2.0)
    parser.add_argument("--single", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    source = str(bundled_pictures()[0])
    script = [sys.executable, str(ROOT / "swap_image.py"), source]
    rates: dict[str, list[float]] = {"folder": [], "plain loop": [], "single runs": []}
    processor: dict[str, list[float]] = {way: [] for way in rates}
    peaks: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        targets = Path(temporary) / "targets"
        targets.mkdir()
        make_targets(targets, options.pictures, options.megapixels)
        single = sorted(targets.iterdir())[: options.single]
        for number in range(options.rounds):
            output = Path(temporary) / f"output{number}"
            ways = {
                "folder": [[*script, str(targets), "-o", str(output)]],
                "plain loop": [[sys.executable, "-c", PLAIN_LOOP, source, str(targets), f"{output}_of_loop"]],
                "single runs": [[*script, str(path), "-o", str(output / path.name)] for path in single],
            }
            for way, commands in ways.items():
                runs = [run(command, ROOT)[0] for command in commands]
                pictures = len(single) if way == "single runs" else options.pictures
                rates[way].append(pictures / sum(one.clock_s for one in runs))
                processor[way].append(sum(one.processor_s for one in runs) / pictures)
                peaks[way] = max(peaks.get(way, 0.0), *(one.peak_mb for one in runs))
    print(f"{'':<14}{'pictures/s':>12}{'best':>8}{'processor s':>14}{'peak MB':>10}")
    for way, seen in rates.items():
        print(
            f"{way:<14}{median(seen):>12.2f}{max(seen):>8.2f}{median(processor[way]):>14.2f}{peaks[way]:>10.0f}"
        )


if __name__ == "__main__":
    main()
