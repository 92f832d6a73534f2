"""Export a model file for use without this project: python export_model.py model.keras exported/

Exported models take and give aligned uint8 crops; docs/exporting.md describes them.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import time
from pathlib import Path

from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.shown_text import say
from facedancer_tf.weights.catalogue import find_weights

EPILOG = """\
examples:
  python export_model.py model.keras exported/                              a SavedModel, for any source
  python export_model.py model.keras exported/ --format onnx                ONNX files
  python export_model.py model.keras exported/ --source me1.jpg me2.jpg     for this one person as the source
"""


def main() -> None:
    started = time.monotonic()
    parser = Parser(__doc__, EPILOG)
    parser.add_argument("model", help="a name (see import_weights.py --list) or a model file of train.py")
    parser.add_argument("folder", type=Path, help="the folder to write; must be empty or not exist yet")
    parser.add_argument("--format", choices=("saved_model", "onnx"), default="saved_model")
    parser.add_argument(
        "--source",
        nargs="+",
        type=Path,
        default=[],
        metavar="PICTURE",
        help="pictures of one person, whose identity is baked in: the model then takes only targets",
    )
    parser.add_argument(
        "--encoder-weights",
        help="a name or file of the encoder, if its weights are not found by themselves",
    )
    arguments = parser.parse_args()
    model = find_weights(arguments.model, "generator")
    for path in arguments.source:
        if not path.is_file():
            raise UserError(f"there is no file {path}; check the name", "missing")

    load_tensorflow_quietly()  # after the cheap checks
    from facedancer_tf.exporting.export import export_model

    export = export_model(
        model, arguments.folder, arguments.format, arguments.source, arguments.encoder_weights
    )
    if export.identity is not None and export.identity.doubt:
        say(f"note: {export.identity.doubt}")
    apart = export.apart
    say(
        f"checked on the bundled photographs: pixels differ by at most {apart.largest:.0f} of 255, "
        f"on average by {apart.mean:.6f}"
    )
    say(f"{arguments.folder} written in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    run_main(main)
