"""Import other people's weights: python import_weights.py FaceDancer_config_c_HQ.h5 --as facedancer_c_hq

Takes a released FaceDancer generator or image-level discriminator (.h5), an ArcFace ResNet-50 (.h5) or an ONNX face
recogniser (InsightFace's iresnets and MobileFaceNet, SFace). The file is recognised by its content; nothing in it is
run.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import re
import time
from pathlib import Path

from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.shown_text import say
from facedancer_tf.weights.catalogue import EMBEDDED, NAMED, cached, find_weights, insightface_model
from facedancer_tf.writing import check_folder

EPILOG = """\
examples:
  python import_weights.py FaceDancer_config_c_HQ.h5 --as facedancer_c_hq   then: swap_image.py --model facedancer_c_hq
  python import_weights.py ArcFace-Res50.h5 -o arcface.keras                then: --encoder-weights arcface.keras
  python import_weights.py --download arcface_resnet50                      fetch, verify, import
  python import_weights.py weights_only.h5 -o g.keras --fusion no_skip no_skip affa affa affa concat
"""


def parse_arguments() -> argparse.Namespace:
    """Reads the command line and checks everything that can be checked without opening a file."""
    parser = Parser(__doc__, EPILOG)
    parser.add_argument("file", nargs="?", type=Path, help="the weight file")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.keras", help="the file to write")
    parser.add_argument(
        "--as", dest="name", help="instead of -o: a name under which the cache keeps the result"
    )
    parser.add_argument(
        "--download", metavar="NAME", choices=sorted(NAMED), help="download known weights first"
    )
    parser.add_argument(
        "--list", action="store_true", help="show the known names, where they come from, and stop"
    )
    stated = parser.add_argument_group("what the file does not say")
    stated.add_argument(
        "--licence", help="licence of the weights, in plain words; it is written into the result"
    )
    stated.add_argument(
        "--encoder",
        default="arcface_resnet50",
        metavar="NAME|FILE",
        help="encoder that the generator was trained with (arcface_resnet50); a file ties it to exactly these weights",
    )
    stated.add_argument(
        "--shrink", type=float, default=1.0, help="shrink of the crops that the generator was trained on (1)"
    )
    stated.add_argument(
        "--fusion", nargs=6, metavar="KIND", help="plan of a weights-only generator, six words"
    )
    stated.add_argument(
        "--mapping-depth", type=int, default=4, help="depth of the mapping of a weights-only generator (4)"
    )
    stated.add_argument(
        "--size-px", type=int, default=256, help="size of the pictures, if the file leaves it open (256)"
    )
    arguments = parser.parse_args()
    if arguments.list:
        return arguments
    if (arguments.file is None) == (arguments.download is None):
        parser.error("name either a file or --download NAME")
    if arguments.download is not None:
        arguments.name = arguments.name or arguments.download
    if (arguments.output is None) == (arguments.name is None):
        parser.error("say where to: either -o OUT.keras or --as NAME")
    if arguments.output is not None and arguments.output.suffix != ".keras":
        parser.error(f"the output must end in .keras, not {arguments.output.name!r}")
    if arguments.name is not None and not re.fullmatch(r"[\w-]+", arguments.name):
        parser.error(f"a name is made of letters, digits, - and _, not {arguments.name!r}")
    if arguments.name == "default":
        parser.error("default is the embedded model's name; choose another")
    return arguments


def named_encoder(text: str) -> tuple[str, str]:
    """Architecture and fingerprint of the encoder that `text` names. An architecture's name has the fingerprint ""."""
    from facedancer_tf.importing.encoders import load_converted
    from facedancer_tf.weights.archive import fingerprint
    from facedancer_tf.weights.encoder_file import load_encoder_file
    from networks.encoders import ENCODERS

    if text in ENCODERS:
        return text, ""
    network, recipe = load_converted(find_weights(text, "encoder"), load_encoder_file)
    return recipe.encoder, fingerprint(network)


def list_names() -> None:
    """Prints the known weights, one on each line."""
    for name, (kind, licence) in EMBEDDED.items():
        say(f"{name:18} {kind:10} here      embedded, found by itself; {licence}")
    for weights in NAMED.values():
        here = cached(weights.name).is_file() or (
            weights.kind == "encoder" and insightface_model(weights.name)
        )
        state = "here" if here else "not here"
        say(f"{weights.name:18} {weights.kind:10} {state:9} {weights.page}; {weights.licence}")


def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments()
    if arguments.list:
        list_names()
        return
    output = arguments.output or cached(arguments.name)
    if arguments.output is not None:
        check_folder(output.parent)
    entry = NAMED.get(arguments.download or arguments.name)
    licence = arguments.licence or (entry.licence if entry else None)
    source = arguments.file
    if arguments.download is not None:
        from facedancer_tf.weights.download import fetch

        source = fetch(NAMED[arguments.download])
    if not source.is_file():
        raise UserError(f"there is no file {source}; check the name", "missing")

    load_tensorflow_quietly()  # after the cheap checks
    from facedancer_tf.importing.importer import NOT_STATED, Statements, read_weights

    encoder, encoder_fingerprint = named_encoder(arguments.encoder)
    imported = read_weights(
        source,
        Statements(
            licence=licence or NOT_STATED,
            shrink=arguments.shrink,
            encoder=encoder,
            encoder_fingerprint=encoder_fingerprint,
            fusion=tuple(arguments.fusion) if arguments.fusion else None,
            mapping_depth=arguments.mapping_depth,
            size_px=arguments.size_px,
        ),
    )
    if entry is not None and imported.kind != entry.kind:
        raise UserError(f"{entry.name} names {entry.kind} weights, but {source} holds a {imported.kind}")
    imported.save(output)
    say(f"{imported.summary}")
    say(f"{output} written in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    run_main(main)
