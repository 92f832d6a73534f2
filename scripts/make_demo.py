"""Makes swap.jpg of README: source, target and result of one pair of the bundled photographs.

    python scripts/make_demo.py --model assets/model/default.keras -o docs

The grid of all pairs is evaluate.py's: `python evaluate.py --pairs bundled -o docs/evaluation`.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from facedancer_tf.errors import run_main
from facedancer_tf.evaluation.contact_sheet import strip
from facedancer_tf.evaluation.pairs import bundled_photographs
from facedancer_tf.evaluation.portrait_set import find_portraits
from facedancer_tf.evaluation.systems import ModelSystem
from facedancer_tf.provenance.swapped import Swapped
from facedancer_tf.provenance.writing import write_swapped
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapping.swapper import Swapper

ROOT = Path(__file__).resolve().parents[1]
SHOWN_PAIR = ("barack_obama", "eileen_collins")  # source and target of swap.jpg


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, help="a model file of train.py (the one in assets/model)")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs", help="folder of the picture")
    arguments = parser.parse_args()
    swapper = Swapper(arguments.model)
    photographs = bundled_photographs()
    portrait_set = find_portraits(photographs, swapper.detector)
    portraits = {p.identity: portrait_set.load(p) for p in photographs if p.identity in SHOWN_PAIR}
    load_tensorflow_quietly()
    model = ModelSystem("demo", swapper)
    source, target = (portraits[name] for name in SHOWN_PAIR)
    arguments.output.mkdir(parents=True, exist_ok=True)
    picture = arguments.output / "swap.jpg"
    write_swapped(picture, Swapped(strip(model, source, target), [model.used_model]))
    print(f"{picture} written")


if __name__ == "__main__":
    run_main(main)
