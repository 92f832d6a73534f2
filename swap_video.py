"""Swap the face of a person into a film: python swap_video.py src.jpg clip.mp4 -o out.mp4

The last file is the film: a video, GIF, APNG or animated WebP. All pictures before it show the source, the one person
whose identity the film's person gets. Sound, subtitles, times, colours and all that is not the face stay as they are.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import time
from pathlib import Path

from data.faces.detection import DETECTORS
from data.pictures import SUFFIXES
from facedancer_tf.batches.jobs import FILMS
from facedancer_tf.command_line import Parser, add_paste_flags, check_output
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.film_writing.encoding import CODECS, choose_encoding
from facedancer_tf.films.film import read_facts
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.provenance.writing import load_signer, write_unswapped
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.shown_text import say
from facedancer_tf.swapping.swap_inputs import read_file
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.video.cast_file import read_cast
from facedancer_tf.video.casting import NOBODY, Position, Whom, Wish
from facedancer_tf.video.film_settings import FilmSettings, section_of
from facedancer_tf.video.people_sheet import people_lines, people_sheet

EPILOG = """\
examples:
  python swap_video.py src.jpg clip.mp4                             the person who is there most
  python swap_video.py clip.mp4 --list-people -o people.png        who is there, with numbers and times
  python swap_video.py src.jpg clip.mp4 --person 1 -o out.webm      the second
  python swap_video.py src.jpg clip.mp4 --person her.jpg            who looks like the face in her.jpg
  python swap_video.py clip.mp4 --swap anna.jpg 0 --swap ben.jpg 1  two people, two sources
  python swap_video.py src.jpg clip.mov --start 12.5 --end 0:20 -o part.gif

Ended by Ctrl-C, a full disk or a power cut, the same command goes on where it stood. The result is marked as synthetic:
by content credentials, in its metadata, and by an invisible watermark; check_provenance.py reads these marks.
"""
PERSON_HELP = """largest (default: who is there most), all, a number of --list-people, a picture of the person, or a
position x,y,seconds in the film as it is shown"""


def parse_person(text: str) -> Whom:
    """Reads whom a source is for: largest, all, a number, x,y,seconds, or the name of a picture."""
    if text == "largest":
        return "largest"
    if text == "all":
        return "all"
    if text.isascii() and text.isdigit():
        return int(text)
    numbers = text.split(",")
    if len(numbers) == 3 and not Path(text).exists():
        try:
            x, y, at_s = (float(number) for number in numbers)
        except ValueError as error:
            raise argparse.ArgumentTypeError(
                f"a position is x,y,seconds, three numbers, not {text!r}"
            ) from error
        return Position(x, y, at_s)
    path = Path(text)
    if path.suffix.lower() not in SUFFIXES and not path.exists():
        raise argparse.ArgumentTypeError(
            f"must be largest, all, a number of --list-people, a picture, or x,y,seconds, not {text!r}"
        )
    return path


def parse_time(text: str) -> float:
    """Reads a time: seconds, minutes:seconds or hours:minutes:seconds."""
    try:
        parts = [float(part) for part in text.split(":")]
    except ValueError:
        parts = []
    if not 1 <= len(parts) <= 3 or not all(0 <= part < 1e6 for part in parts):
        raise argparse.ArgumentTypeError(
            f"must be seconds, minutes:seconds or hours:minutes:seconds, not {text!r}"
        )
    return sum(part * 60**power for power, part in enumerate(reversed(parts)))


def parse_arguments() -> argparse.Namespace:
    """Reads the command line and checks everything that can be checked without opening a file."""
    parser = Parser(__doc__, EPILOG)
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="source picture(s), then the film"
    )
    parser.add_argument("-o", "--output", type=Path, help=f"file to write: {', '.join(CODECS)} (swapped.mp4)")
    parser.add_argument("--person", type=parse_person, metavar="WHO", help=PERSON_HELP)
    parser.add_argument(
        "--swap",
        nargs=2,
        action="append",
        metavar=("SOURCE", "WHO"),
        help="a source and whom it is for; repeat it",
    )
    parser.add_argument("--cast", type=Path, metavar="YAML", help="sources and persons in a file")
    parser.add_argument(
        "--list-people", action="store_true", help="only show who is in the film (people.png)"
    )
    parser.add_argument("--start", type=parse_time, metavar="TIME", help="begin here: seconds or 1:02:03.5")
    parser.add_argument("--end", type=parse_time, metavar="TIME", help="end here")
    parser.add_argument("--codec", help="such as h264, h265, vp9, av1 (the first that the format holds)")
    parser.add_argument("--quality", type=int, help="of the codec, 0 is the best (h264: 18); WebP: 100 is")
    parser.add_argument(
        "--model", help="a name (see import_weights.py --list) or a model file (the embedded one)"
    )
    parser.add_argument(
        "--encoder-weights", help="a name or file of the encoder, if it is not found by itself"
    )
    parser.add_argument("--detector", choices=tuple(DETECTORS), default="yunet")
    add_paste_flags(parser)
    parser.add_argument("--debug", action="store_true", help="draw faces, tracks, points and outlines")
    parser.add_argument(
        "--certificate", type=Path, metavar="PEM", help="sign credentials with this (one made here)"
    )
    parser.add_argument("--private-key", type=Path, metavar="PEM", help="the certificate's private key")
    parser.add_argument(
        "--without-marks",
        action="store_true",
        help="leave out all marks, to measure; never publish the result",
    )
    arguments = parser.parse_intermixed_args()
    ways = [len(arguments.files) > 1, bool(arguments.swap), bool(arguments.cast)]
    if sum(ways) > 1:
        parser.error("name sources before the film, or with --swap, or in one --cast, not in two ways")
    if not any(ways) and not arguments.list_people:
        parser.error("name at least one source picture and the film")
    if arguments.person is not None and not ways[0]:
        parser.error("--person belongs to source pictures named before the film")
    if (arguments.certificate is None) != (arguments.private_key is None):
        parser.error("--certificate and --private-key belong together")
    if arguments.certificate and (arguments.without_marks or arguments.list_people):
        parser.error("--certificate signs marks, and there are none with --without-marks or --list-people")
    return arguments


def read_wishes(arguments: argparse.Namespace) -> list[Wish]:
    """Which sources go to whom."""
    if arguments.cast:
        return read_cast(arguments.cast)
    if arguments.swap:
        try:
            return [Wish((Path(source),), parse_person(str(who))) for source, who in arguments.swap]
        except argparse.ArgumentTypeError as error:
            raise UserError(f"argument --swap: {error}; see python swap_video.py --help") from error
    whom: Whom = "largest" if arguments.person is None else arguments.person
    return [Wish(tuple(arguments.files[:-1]), whom)]


def check_kinds(film: Path, pictures: list[Path]) -> None:
    """Raises UserError where a picture stands in the film's place, or a film in a picture's, by their names."""
    if film.suffix.lower() in (".jpg", ".jpeg", ".bmp"):
        raise UserError(f"{film} is a picture: the film comes last, and swap_image.py swaps pictures")
    for path in pictures:
        if path.suffix.lower() in FILMS:
            raise UserError(f"{path} is a film: one film is swapped, the last file, and sources are pictures")


def output_path(output: Path | None, default: str, suffixes: tuple[str, ...], inputs: list[Path]) -> Path:
    """The path to write to; raises UserError where writing is impossible or would destroy another file."""
    path = Path(default) if output is None else output
    check_output(path, suffixes, inputs)
    if output is None and path.exists():
        raise UserError(f"{path} exists; name the output with -o, which may replace a file")
    return path


def list_people(arguments: argparse.Namespace) -> None:
    """Shows the people of the film, in words and as a contact sheet."""
    path = output_path(arguments.output, "people.png", SUFFIXES, arguments.files)
    facts = read_facts(arguments.files[-1])
    section = section_of(facts, arguments.start, arguments.end)
    load_tensorflow_quietly()
    run_graphs_as_they_are()
    from facedancer_tf.video.film_swap import look_through

    people = look_through(
        Swapper(arguments.model, arguments.detector, arguments.encoder_weights), facts, section
    )
    say(*people_lines(people))
    if not people.persons:
        raise UserError(f"{facts.path}: {NOBODY}", "no_face")
    write_unswapped(path, people_sheet(people))
    say(f"written to {path}")


def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments()
    film = arguments.files[-1]
    if arguments.list_people:
        list_people(arguments)
        return
    wishes = read_wishes(arguments)
    pictures = [path for wish in wishes for path in (*wish.sources, wish.whom) if isinstance(path, Path)]
    check_kinds(film, pictures)
    output = output_path(arguments.output, "swapped.mp4", tuple(CODECS), [*arguments.files, *pictures])
    facts = read_facts(film)
    section_of(facts, arguments.start, arguments.end)
    choose_encoding(facts, output.suffix, arguments.codec, arguments.quality)
    for path in pictures:
        read_file(path)
    signer = load_signer(arguments.certificate, arguments.private_key) if arguments.certificate else None
    settings = FilmSettings(
        start_s=arguments.start,
        end_s=arguments.end,
        codec=arguments.codec,
        quality=arguments.quality,
        debug=arguments.debug,
        marks=not arguments.without_marks,
        signer=signer,
    )
    swapper = Swapper(
        arguments.model,
        arguments.detector,
        arguments.encoder_weights,
        finest_detail=arguments.finest_detail,
        skin_colour=arguments.skin_colour,
    )
    load_tensorflow_quietly()  # after the cheap checks
    run_graphs_as_they_are()
    from facedancer_tf.video.film_swap import swap_film

    report = swap_film(swapper, wishes, film, output, settings)
    for note in report.notes:
        say(f"note: {note}")
    say(*people_lines(report.people))
    swapped = " and ".join(f"person {number}" for number in sorted(report.cast))
    say(f"swapped: {swapped}, of {len(report.people.persons)} in the film")
    say(f"{output} written, {report.frames} frames in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    run_main(main)
