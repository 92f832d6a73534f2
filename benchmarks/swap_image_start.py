"""Times swap_image.py on two 12-megapixel photographs, beside importing TensorFlow and loading the models.

    python -m benchmarks.swap_image_start --rounds 7
    python -m benchmarks.swap_image_start --beside ../another-checkout

Every run is a process of its own, and the kinds take turns: "load" imports TensorFlow and loads generator and encoder,
one after the other and nothing else; "swap" is all of swap_image.py, and "swap without marks" is all but them. The
generator has the released size and plan, for 256 px, and random weights. `--beside` measures another checkout's
swap_image.py in the same rounds. Printed are the median and the least time by the clock (where the machine does other
work too, the least says most), processor time, and the largest memory; then the parts of a swap, each by itself.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2

from benchmarks.processes import ROOT, Run, run
from data.pictures import read_picture, write_picture
from facedancer_tf.bundled_pictures import bundled_pictures

MEGAPIXELS = 12
LOAD = """
import sys
from pathlib import Path
from facedancer_tf.quiet_start import load_tensorflow_quietly
load_tensorflow_quietly()
from facedancer_tf.swapping.engine import Engine
Engine(Path(sys.argv[1]))
"""
MODEL = """
import sys
from pathlib import Path
import keras
from facedancer_tf.weights.model_file import ModelRecipe, save_model_file
from networks.generator import RELEASED_FUSION, build_generator
keras.utils.set_random_seed(0)
arguments = {"size_px": 256, "identity_width": 128, "base_filters": 64, "fusion": RELEASED_FUSION,
             "mapping_depth": 4, "mapping_width": 512}
recipe = ModelRecipe(arguments, "sface", shrink=1.0, trained_on="nothing", licence="none", step=0)
save_model_file(build_generator(**arguments), recipe, Path(sys.argv[1]))
"""


def make_photographs(folder: Path) -> list[Path]:
    """Writes two of the bundled photographs as JPEG, enlarged to 12 megapixels."""
    paths = []
    for path in bundled_pictures()[:2]:
        rgb = read_picture(path).rgb
        factor = (MEGAPIXELS * 1e6 / (rgb.shape[0] * rgb.shape[1])) ** 0.5
        paths.append(folder / f"{path.stem}.jpg")
        write_picture(paths[-1], cv2.resize(rgb, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC))
    return paths


def print_runs(runs: dict[str, list[Run]]) -> None:
    """Prints medians and least times of each kind, and their ratios to loading alone."""
    columns: dict[str, Callable[[list[Run]], float]] = {
        "clock s": lambda runs_of_kind: median(run.clock_s for run in runs_of_kind),
        "least": lambda runs_of_kind: min(run.clock_s for run in runs_of_kind),
        "processor s": lambda runs_of_kind: median(run.processor_s for run in runs_of_kind),
    }
    print(" " * 24 + "".join(f"{title:>12}  ratio" for title in columns) + "   peak MB")
    for name, runs_of_kind in runs.items():
        figures = [(of(runs_of_kind), of(runs_of_kind) / of(runs["load"])) for of in columns.values()]
        row = "".join(f"{seconds:12.2f}{ratio:7.2f}" for seconds, ratio in figures)
        print(f"{name:<24}{row}{max(run.peak_mb for run in runs_of_kind):10.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--beside", type=Path, nargs="*", default=[], help="other checkouts to measure too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source, target = make_photographs(folder)
        model = folder / "released_size.keras"
        run([sys.executable, "-c", MODEL, str(model)], ROOT)
        swap = [str(source), str(target), "--model", str(model), "-o", str(folder / "swapped.png")]
        plain = [sys.executable, str(ROOT / "swap_image.py"), *swap, "--without-marks"]
        commands = {
            "load": ([sys.executable, "-c", LOAD, str(model)], ROOT),
            "swap without marks": (plain, ROOT),
        }
        for name, root in [("swap", ROOT), *((f"swap of {path.name}", path) for path in options.beside)]:
            commands[name] = ([sys.executable, str(root / "swap_image.py"), *swap], root)
        runs: dict[str, list[Run]] = {name: [] for name in commands}
        stages: list[dict[str, float]] = []
        for _ in range(options.rounds):
            for name, (command, root) in commands.items():
                runs[name].append(run(command, root)[0])
            command = [sys.executable, "-m", "benchmarks.swap_stages", str(source), str(target), str(model)]
            stages.append(json.loads(run(command, ROOT, subprocess.PIPE)[1]))
        print_runs(runs)
        print("\nparts, one behind the other, processor s")
        for part in stages[0]:
            print(f"  {part:<40}{median(seconds[part] for seconds in stages):6.2f}")


if __name__ == "__main__":
    main()
