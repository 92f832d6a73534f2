"""Export a model file as a SavedModel: python export_model.py model.keras exported/

The SavedModel takes uint8 crops and loads with bare tf.saved_model.load; facedancer_tf/export.py describes its
signatures.
"""

import time
from pathlib import Path

from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly


def main() -> None:
    started = time.monotonic()
    parser = Parser(__doc__)
    parser.add_argument("model", type=Path, help="a model file of train.py (…/model.keras)")
    parser.add_argument("folder", type=Path, help="where to write; must not exist yet")
    parser.add_argument("--encoder-weights", type=Path, help="for models whose encoder comes without weights")
    arguments = parser.parse_args()
    for path in (arguments.model, arguments.encoder_weights):
        if path is not None and not path.is_file():
            raise UserError(f"there is no file {path}; check the name")

    load_tensorflow_quietly()  # after the cheap checks
    from facedancer_tf.export import export_saved_model

    apart = export_saved_model(arguments.model, arguments.folder, arguments.encoder_weights)
    print(f"checked on the bundled photographs: pixels differ by at most {apart:.0f} of 255")
    print(f"{arguments.folder} written in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    run_main(main)
