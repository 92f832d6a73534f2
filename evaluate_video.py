"""Measure a swapped film: python evaluate_video.py target.mp4 swapped.mp4 --source src.jpg -o film_evaluation/

Compares the swapped film with its target, frame by frame: identity, pose, expression and their lag, steadiness, times
and sound. Prints a table, and writes results.json, frames.csv and a strip of frames. docs/video.md says what each
number means.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import time
from pathlib import Path

from tqdm import tqdm

from data.faces.detection import build_detector
from data.faces.face import Detector
from facedancer_tf import __version__
from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.evaluation.judges import DlibJudge
from facedancer_tf.evaluation.output_folder import FILM_KEYS, check_output
from facedancer_tf.film_evaluation.pairing import Films, Times
from facedancer_tf.films.film import read_facts
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.plots import check_plot
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.shown_text import say
from facedancer_tf.swapping.portraits import NoFace, Portrait, read_portrait
from facedancer_tf.writing import files_together, make_folder

EPILOG = """\
examples:
  python evaluate_video.py target.mp4 swapped.mp4 --source src.jpg
  python evaluate_video.py target.mp4 swapped.mp4 --source src.jpg --person her.jpg --plot plot.png -o measured/

Measured is one person: the one whose face changed most, or the one that --person shows.
"""
SAMPLES = 8  # frames in which is looked whose face was swapped


def parse_arguments() -> argparse.Namespace:
    parser = Parser(__doc__, EPILOG)
    parser.add_argument("target", type=Path, help="the film whose faces were swapped")
    parser.add_argument("swapped", type=Path, help="what became of it")
    parser.add_argument("--source", type=Path, required=True, help="a picture of who was swapped in")
    parser.add_argument(
        "--person", type=Path, help="a picture of whom to measure in the target (who changed most)"
    )
    parser.add_argument("--plot", type=Path, metavar="OUT.png", help="plot over time (bash setup.sh plot)")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("film_evaluation"), help="folder to write (film_evaluation)"
    )
    return parser.parse_args()


def portrait_of(path: Path, detector: Detector) -> Portrait:
    """The largest face of a picture; raises UserError where there is none."""
    try:
        return read_portrait(path, detector)
    except NoFace as why:
        raise UserError(f"{path}: {why}; name a picture that shows a face", "no_face") from why


def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments()
    check_output(arguments.output, FILM_KEYS)
    if arguments.plot is not None:
        check_plot(arguments.plot)
    films = Films(read_facts(arguments.target), read_facts(arguments.swapped))
    detector, judge = build_detector(), DlibJudge()
    source = portrait_of(arguments.source, detector)
    wanted = None if arguments.person is None else portrait_of(arguments.person, detector)
    make_folder(arguments.output)

    load_tensorflow_quietly()  # after the cheap checks
    run_graphs_as_they_are()
    from facedancer_tf.evaluation.meter import Meter
    from facedancer_tf.film_evaluation.measuring import measure_films
    from facedancer_tf.film_evaluation.person import choose_person
    from facedancer_tf.film_evaluation.plot import plot_values
    from facedancer_tf.film_evaluation.report import FRAMES, as_text, write_report
    from facedancer_tf.film_evaluation.sound import equal_sound
    from facedancer_tf.film_evaluation.strip import STRIP, write_strip
    from facedancer_tf.film_evaluation.summary import summarise

    meter, times = Meter(judge, detector), Times()
    if wanted is None:
        person = choose_person(films.samples(SAMPLES), detector, judge)
    else:
        person = judge.embed([wanted.picture], [wanted.face])[0]
    embedding = judge.embed([source.picture], [source.face])[0]
    frames = films.target.frames
    with tqdm(films.pairs(times), total=frames, unit="frame", leave=False, disable=None) as pairs:
        values = measure_films(pairs, embedding, person, meter)
    numbers = summarise(values, times, equal_sound(films.target, films.swapped))
    about = {
        "target": arguments.target.name,
        "swapped": arguments.swapped.name,
        "source": arguments.source.name,
        "person": "whose face changed most" if wanted is None else arguments.person.name,
        "identity judged by": judge.name,
        "measured by": f"facedancer_tf {__version__}",
    }
    with files_together(arguments.output) as files:
        write_report(files, numbers, values, about)
        notes = write_strip(files, films, values)
    if arguments.plot is not None:
        plot_values(arguments.plot, values, f"{arguments.swapped.name}, a swap into {arguments.target.name}")
    say(*as_text(numbers).split("\n"), *notes, "")
    took_s = time.monotonic() - started
    say(f"{arguments.output}/results.json, {FRAMES} and {STRIP} written in {took_s:.0f} s")


if __name__ == "__main__":
    run_main(main)
