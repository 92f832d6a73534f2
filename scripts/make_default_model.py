"""Makes a run's model the embedded default: stored in float16, with its checksum.

python scripts/make_default_model.py runs/small/model.keras
"""

import argparse
import hashlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from facedancer_tf.errors import run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly

FOLDER = Path(__file__).resolve().parents[1] / "assets" / "model"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, help="a model file of train.py")
    arguments = parser.parse_args()
    load_tensorflow_quietly()
    from facedancer_tf.weights.model_file import load_model_file, save_model_file

    generator, recipe = load_model_file(arguments.model)
    path = FOLDER / "default.keras"
    save_model_file(generator, recipe, path, half=True)
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    (FOLDER / "SHA256SUMS").write_text(f"{checksum}  {path.name}\n", encoding="utf-8")
    print(f"{path.name}: step {recipe.step}, {path.stat().st_size / 1e6:.2f} MB, {recipe.trained_on}")


if __name__ == "__main__":
    run_main(main)
