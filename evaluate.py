"""Measure face swapping: python evaluate.py --model MODEL --pairs bundled -o evaluation/

Prints a table in the paper's form (identity retrieval, pose, expression) with baselines, and writes results.json,
results.csv and a page with pictures, index.html. docs/evaluation.md says what each number means.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import time
from pathlib import Path

from data.faces.detection import DETECTORS
from facedancer_tf.command_line import Parser, add_paste_flags
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.evaluation.groups_csv import with_groups
from facedancer_tf.evaluation.inception import INCEPTION_INPUT, Inception
from facedancer_tf.evaluation.judges import DlibJudge, Judge, OnnxJudge
from facedancer_tf.evaluation.onnx_network import ARCFACE_INPUT, parse_pixel_input
from facedancer_tf.evaluation.output_folder import check_apart, check_output
from facedancer_tf.evaluation.pair_set import read_pair_set
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.shown_text import say
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.writing import files_together, make_folder

EPILOG = """\
examples:
  python evaluate.py                                                the embedded model on the bundled photographs
  python evaluate.py --pairs photos/ --count 500 --gallery 1000     random pairs; subfolders are people
  python evaluate.py --pairs pairs.csv --model a.keras --model b.keras
  python evaluate.py --pairs pairs.csv --judge cosface.onnx --judge-input 112,RGB,-1,1

scripts/make_pairs.py writes the pairs of FaceForensics++ and AFLW2000-3D from your own copy.
"""


def name_models(models: list[str]) -> list[str]:
    """A short name for each model: the file's name, or the whole path where two files have one name."""
    short = [Path(model).stem for model in models]
    if len(set(models)) < len(models):
        raise UserError("the same model is named twice; name each once")
    return [name if short.count(name) == 1 else model for name, model in zip(short, models, strict=True)]


def load_judges(arguments: argparse.Namespace) -> tuple[Judge, Inception | None]:
    """Loads the judge of identity, and Inception if it is given."""
    judge: Judge = DlibJudge()
    if arguments.judge:
        judge = OnnxJudge(arguments.judge, arguments.judge_input)
    return judge, Inception(arguments.inception, arguments.inception_input) if arguments.inception else None


def parse_arguments() -> argparse.Namespace:
    """Reads the command line and checks everything that can be checked without opening a file."""
    parser = Parser(__doc__, EPILOG)
    parser.add_argument("--model", action="append", help="a name or model file; may be given several times")
    parser.add_argument(
        "--pairs", default="bundled", help="bundled (default), a CSV file or a folder of pictures"
    )
    parser.add_argument(
        "--groups",
        type=Path,
        metavar="FILE.csv",
        help="groups of people to compare: a CSV file with the columns picture and group",
    )
    parser.add_argument("--count", type=int, default=100, help="how many pairs to draw from a folder (100)")
    parser.add_argument(
        "--gallery",
        type=int,
        default=500,
        help="how many pictures the source must be found among (500): all of the pairs, then others of the folder",
    )
    parser.add_argument("--seed", type=int, default=1, help="the seed of pairs, gallery and occluders (1)")
    parser.add_argument(
        "--judge",
        type=Path,
        metavar="FILE.onnx",
        help="an encoder that judges identity (dlib's, which is embedded)",
    )
    parser.add_argument(
        "--judge-input",
        type=parse_pixel_input,
        default=ARCFACE_INPUT,
        metavar="SIZE,RGB,LOW,HIGH",
        help="the judge's input: size, RGB or BGR, and what 0 and 255 become (112,RGB,-1,1)",
    )
    parser.add_argument(
        "--inception", type=Path, metavar="FILE.onnx", help="Inception with 2048 features, for FID"
    )
    parser.add_argument(
        "--inception-input",
        type=parse_pixel_input,
        default=INCEPTION_INPUT,
        metavar="SIZE,RGB,LOW,HIGH",
        help="Inception's input, in the same form (299,RGB,-1,1)",
    )
    parser.add_argument(
        "--encoder-weights",
        help="a name or file of the models' encoder, if its weights are not found by themselves",
    )
    parser.add_argument("--detector", choices=tuple(DETECTORS), default="yunet")
    add_paste_flags(parser)
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("evaluation"), help="folder to write (evaluation)"
    )
    arguments = parser.parse_args()
    if arguments.gallery < 0:
        parser.error(f"--gallery must be 0 or more, not {arguments.gallery}")
    if arguments.seed < 0:
        parser.error(f"--seed must be 0 or more, not {arguments.seed}")
    return arguments


def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments()
    check_output(arguments.output)
    models_given = arguments.model or ["default"]
    names = name_models(models_given)
    swappers = [
        Swapper(
            model,
            arguments.detector,
            arguments.encoder_weights,
            finest_detail=arguments.finest_detail,
            skin_colour=arguments.skin_colour,
        )
        for model in models_given
    ]
    pair_set = read_pair_set(arguments.pairs, arguments.count, arguments.gallery, arguments.seed)
    if arguments.groups:
        pair_set = with_groups(pair_set, arguments.groups)
    check_apart(arguments.output, arguments.pairs, pair_set)
    judge, inception = load_judges(arguments)
    make_folder(arguments.output)

    load_tensorflow_quietly()  # after the cheap checks
    run_graphs_as_they_are()  # the same pixels as swap_image.py
    from facedancer_tf.evaluation.about import describe_evaluation
    from facedancer_tf.evaluation.evaluation import evaluate
    from facedancer_tf.evaluation.meter import Meter
    from facedancer_tf.evaluation.page import write_page
    from facedancer_tf.evaluation.page_pictures import PICTURES, clear_pictures
    from facedancer_tf.evaluation.results import write_results
    from facedancer_tf.evaluation.sliced_tables import sliced_tables
    from facedancer_tf.evaluation.systems import ModelSystem, baselines
    from facedancer_tf.evaluation.table import as_text, caption, tables

    models = [ModelSystem(name, swapper) for name, swapper in zip(names, swappers, strict=True)]
    systems = [*models, *baselines(models)]
    meter = Meter(judge, swappers[0].detector, inception)
    evaluation = evaluate(systems, pair_set, meter, arguments.seed)
    about = describe_evaluation(evaluation, meter, models, arguments.seed)
    shown_tables = [*tables(evaluation, judge), *sliced_tables(evaluation, judge, names)]
    with files_together(arguments.output) as files:
        write_results(files, evaluation, judge, about)
        write_page(files, evaluation, models, about, shown_tables)
        shown = {path.name for path in (files / PICTURES).iterdir()}
    clear_pictures(arguments.output / PICTURES, kept=shown)
    took_s = time.monotonic() - started
    for text in (caption(about), *map(as_text, shown_tables)):
        say(*text.split("\n"), "")
    say(f"{arguments.output}/index.html, results.json and results.csv written in {took_s:.0f} s")


if __name__ == "__main__":
    run_main(main)
