"""Measure IFSR's margins for an identity encoder: python calibrate_margins.py --views FOLDER -o margins.yaml

A margin says how far a block's features of the swapped face may lie from the target's. Margins belong to one encoder
and are best measured with a swapper that works. The script prints the distances per block and writes a file that
train.py takes after a recipe: python train.py --config configs/small.yaml --config margins.yaml
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import shlex
from pathlib import Path

from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.margins.suggestion import IDENTITY_ERROR_RATE
from facedancer_tf.plots import check_plot
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.shown_text import say
from facedancer_tf.weights.catalogue import find_weights
from facedancer_tf.writing import check_folder, write_text

EPILOG = """\
examples:
  python calibrate_margins.py --views people.zip -o margins.yaml            no swapper yet: views of the same people
  python calibrate_margins.py --model runs/small/model.keras --pictures datasets/faces -o margins.yaml
  python calibrate_margins.py --pairs swaps.csv -o margins.yaml             what any swapper made
  python calibrate_margins.py --views people --encoder iresnet50 --encoder-weights w600k_r50 -o margins.yaml

Views lie in a folder per person or are named person_0.jpg, person_1.jpg. The pairs' columns are target,swapped,source
(source may be left out); paths start at the file's folder. docs/training.md says how blocks are chosen.
"""
SIZE_PX = 128  # the size in configs/small.yaml
PLACES = ("views", "model", "pictures", "pairs", "encoder_weights", "model_encoder_weights", "output")
DECISIVE = (
    "views", "model", "pictures", "pairs", "split", "size_px", "encoder", "encoder_weights", "model_encoder_weights",
    "pasted", "blocks", "identity_error_rate", "count", "seed", "output",
)  # fmt: skip


def parse_arguments() -> argparse.Namespace:
    """Reads the command line and checks everything that can be checked without opening a file."""
    parser = Parser(__doc__, EPILOG)
    stage = parser.add_mutually_exclusive_group(required=True)
    stage.add_argument("--views", type=Path, help="folder or zip file with several pictures of each person")
    stage.add_argument(
        "--model", metavar="NAME|FILE", help="a swapper, whose swaps of --pictures are measured"
    )
    stage.add_argument("--pairs", type=Path, metavar="FILE.csv", help="pictures that were swapped already")
    parser.add_argument("--pictures", type=Path, help="for --model: a folder of pictures or of shards")
    parser.add_argument(
        "--split",
        choices=("train", "validation"),
        help="which split of the shards (validation, or train where that does not show two people)",
    )
    parser.add_argument(
        "--pasted", action="store_true", default=None,
        help="paste the model's swaps into their targets first, for recipes with encoder.pasted",
    )  # fmt: skip
    parser.add_argument(
        "--model-encoder-weights",
        metavar="NAME|FILE",
        help="weights of the model's own encoder, if they are not found by themselves",
    )
    parser.add_argument(
        "--size-px",
        type=int,
        help=f"for --views and --pairs: size of the crops, as a recipe has them ({SIZE_PX})",
    )
    parser.add_argument(
        "--encoder", default="sface", metavar="NAME", help="the encoder that gets margins (sface)"
    )
    parser.add_argument(
        "--encoder-weights", metavar="NAME|FILE", help="the encoder's weights (the embedded ones)"
    )
    parser.add_argument(
        "--blocks", nargs="+", default=[], help="blocks to measure: names, or all (those of IFSR)"
    )
    parser.add_argument(
        "--identity-error-rate", type=float, default=IDENTITY_ERROR_RATE, metavar="RATE",
        help=f"leave out blocks that tell people apart with fewer errors, a fraction ({IDENTITY_ERROR_RATE})",
    )  # fmt: skip
    parser.add_argument("--count", type=int, default=1000, help="how many pairs to measure at most (1000)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of all random draws (0)")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.yaml", help="the file to write"
    )
    parser.add_argument(
        "--plot", type=Path, metavar="OUT.png", help="draw the distances (needs bash setup.sh plot)"
    )
    arguments = parser.parse_args()
    if (arguments.model is None) != (arguments.pictures is None):
        parser.error("--model and --pictures belong together: the swapper, and what it swaps")
    check_stage(parser, arguments)
    if not 0.0 <= arguments.identity_error_rate <= 0.5:
        parser.error(
            f"--identity-error-rate is a fraction from 0 to 0.5, not {arguments.identity_error_rate:g}"
        )
    if arguments.count < 2 or arguments.seed < 0:
        parser.error("--count must be 2 or more, and --seed 0 or more")
    if arguments.output.suffix not in (".yaml", ".yml"):
        parser.error(f"the output must end in .yaml, not {arguments.output.name!r}")
    return arguments


def check_stage(parser: Parser, arguments: argparse.Namespace) -> None:
    """Refuses flags that would have no effect, and sets the size of the crops."""
    if arguments.model is None:
        for flag in ("split", "model_encoder_weights", "pasted"):
            if getattr(arguments, flag) is not None:
                parser.error(
                    f"--{flag.replace('_', '-')} belongs to --model: without a swapper it means nothing"
                )
        arguments.size_px = SIZE_PX if arguments.size_px is None else arguments.size_px
        if not 16 <= arguments.size_px <= 1024:
            parser.error(f"--size-px must be from 16 to 1024, not {arguments.size_px}")
    elif arguments.size_px is not None:
        parser.error(
            "--size-px belongs to --views and --pairs: a model's crops have the size it was trained at"
        )


def command_of(arguments: argparse.Namespace) -> str:
    """The command that gives the same margins again from the same folder."""
    words = ["python", "calibrate_margins.py"]
    for flag in DECISIVE:
        value = getattr(arguments, flag)
        if value is not None and value != []:
            words.append(f"--{flag.replace('_', '-')}")
            values = value if isinstance(value, list) else [] if value is True else [value]
            words += [path_to_show(text) if flag in PLACES else str(text) for text in values]
    return shlex.join(words)


def path_to_show(path: str | Path) -> str:
    """The path from the current folder; of what lies elsewhere only the last name, because files are passed on."""
    whole = Path(path).absolute()
    here = Path.cwd()
    return str(whole.relative_to(here)) if whole.is_relative_to(here) else f"path/to/{whole.name}"


def main() -> None:
    arguments = parse_arguments()
    check_folder(arguments.output.parent)
    if arguments.plot is not None:
        check_plot(arguments.plot)
    model = None if arguments.model is None else find_weights(arguments.model, "generator")

    load_tensorflow_quietly()  # after the cheap checks
    from facedancer_tf.importing.encoders import load_needed_encoder
    from facedancer_tf.margins.distances import candidate_blocks, measure_distances
    from facedancer_tf.margins.pairs_file import samples_of_pairs
    from facedancer_tf.margins.plot import draw_distances
    from facedancer_tf.margins.report import margins_yaml, name_left_out, table, warnings
    from facedancer_tf.margins.samples import count_left_out
    from facedancer_tf.margins.suggestion import suggest_margins
    from facedancer_tf.margins.swaps import samples_of_swaps
    from facedancer_tf.margins.views import samples_of_views
    from networks.encoders import ENCODERS

    name = arguments.encoder
    if name not in ENCODERS:
        raise UserError(f"there is no encoder {name}: choose one of {', '.join(ENCODERS)}")
    encoder = load_needed_encoder(name, "", arguments.encoder_weights)
    blocks = candidate_blocks(encoder, arguments.blocks)
    count, seed, size_px = arguments.count, arguments.seed, arguments.size_px
    if model is not None:
        samples = samples_of_swaps(
            model, arguments.pictures, arguments.split, count, seed, arguments.model_encoder_weights,
            bool(arguments.pasted),
        )  # fmt: skip
    elif arguments.pairs is not None:
        samples = samples_of_pairs(arguments.pairs, count, seed, size_px)
    else:
        samples = samples_of_views(arguments.views, count, seed, size_px)
    distances = measure_distances(encoder, blocks, samples)
    rate = arguments.identity_error_rate
    figures = suggest_margins(distances, samples.groups, seed, encoder.description.ifsr_blocks, rate)
    if arguments.plot is not None:
        draw_distances(distances, figures, f"{name}: {samples.origin}", arguments.plot)
    written = any(block.margin for block in figures)
    if written:
        text = margins_yaml(figures, encoder, samples, command_of(arguments), str(arguments.output))
        write_text(arguments.output, text)
    say(f"{samples.origin}; files left out: {count_left_out(samples.left_out)}")
    say(*name_left_out(samples.left_out), *table(figures).split("\n"))
    for warning in warnings(figures, samples):
        say(f"Beware: {warning}")
    if arguments.plot is not None:
        say(f"{arguments.plot} drawn")
    if not written:
        raise UserError("no block is left to give a margin to: measure others with --blocks")
    say(f"{arguments.output} written")


if __name__ == "__main__":
    run_main(main)
