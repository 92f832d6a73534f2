"""Swap the face of one photograph into another: python swap_image.py src.jpg tgt.jpg

The last picture is the target. All pictures before it show the source, the one person whose identity the target gets.
The target keeps pose, expression, light and background. Where the last is a folder or a pattern in quotes, all
pictures there are targets; --pairs reads sources and targets from a table.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from data.faces.detection import DETECTORS
from data.pictures import SUFFIXES
from facedancer_tf.batches.batch import Batch, run_batch
from facedancer_tf.batches.cluster_swaps import workers_at
from facedancer_tf.batches.jobs import FILMS
from facedancer_tf.batches.pairs_table import read_jobs
from facedancer_tf.batches.report import REPORT
from facedancer_tf.batches.targets import Targets, list_targets, means_many
from facedancer_tf.command_line import Parser, add_cluster_flags, add_paste_flags, check_cluster, check_output
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.provenance.metadata import is_ours
from facedancer_tf.provenance.writing import load_signer, write_unswapped
from facedancer_tf.shown_text import say
from facedancer_tf.swapping.drawing import draw_faces
from facedancer_tf.swapping.picture_swap import WritingOptions, swap_picture
from facedancer_tf.swapping.swap_inputs import (
    Source,
    Target,
    find_source,
    find_target,
    read_file,
    read_target,
    while_loading,
)
from facedancer_tf.swapping.swapper import NO_FACE, Swapper, load_detector

EPILOG = """\
examples:
  python swap_image.py src.jpg tgt.jpg
  python swap_image.py me1.jpg me2.jpg me3.jpg tgt.jpg -o out.png   several pictures of one source
  python swap_image.py tgt.jpg --list-faces -o numbered.png        which face has which number
  python swap_image.py src.jpg tgt.jpg --face 1                     the second largest face
  python swap_image.py src.jpg photos/ -o swapped                  every picture below the folder
  python swap_image.py src.jpg "photos/*.jpg" -o swapped           those that a pattern names
  python swap_image.py --pairs pairs.csv -o swapped                columns source,target and, if you like, output
  python swap_image.py src.jpg photos/ -o swapped --cluster tls://host:8786    by the workers of a Dask cluster

Many targets: names and subfolders are kept. The same command passes over what is done and goes on after an
interruption. report.csv in the output folder says what became of each target; the exit code is 1 if any has failed.

An existing file named with -o is replaced; the default output replaces only what this program wrote. The result is
marked as synthetic: by content credentials, in its metadata, and by an invisible watermark; check_provenance.py reads
these marks. Of the target's own metadata only the colour profile is copied, and the history in its credentials.
"""


def parse_face(text: str) -> int | str:
    """Reads the value of --face: a number, "largest" or "all"."""
    if text in ("largest", "all"):
        return text
    if text.isascii() and text.isdigit():
        return int(text)
    raise argparse.ArgumentTypeError(f"must be largest, all or a number from 0, not {text!r}")


def parse_arguments() -> argparse.Namespace:
    """Reads the command line and checks everything that can be checked without opening a file."""
    parser = Parser(__doc__, EPILOG)
    parser.add_argument(
        "pictures",
        nargs="*",
        type=Path,
        metavar="PICTURE",
        help="source(s), then the target, folder or pattern",
    )
    parser.add_argument(
        "--pairs", type=Path, metavar="CSV", help="a table of sources and targets, instead of pictures"
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        help="file to write, its suffix names the format (swapped.png); or folder of many results",
    )
    parser.add_argument(
        "--model", help="a name (see import_weights.py --list) or a model file (the embedded one)"
    )
    parser.add_argument(
        "--encoder-weights",
        help="a name or file of the encoder, if its weights are not found by themselves",
    )
    parser.add_argument(
        "--face", type=parse_face, default="largest", help="largest (default), all or a number"
    )
    parser.add_argument("--list-faces", action="store_true", help="only draw the target's faces, numbered")
    parser.add_argument("--detector", choices=tuple(DETECTORS), default="yunet")
    add_paste_flags(parser)
    parser.add_argument(
        "--label", action="store_true", help="also write 'AI face swap' small into the picture"
    )
    parser.add_argument(
        "--certificate",
        type=Path,
        metavar="PEM",
        help="sign the content credentials with this (one made here)",
    )
    parser.add_argument("--private-key", type=Path, metavar="PEM", help="the certificate's private key")
    parser.add_argument(
        "--without-marks",
        action="store_true",
        help="leave out all marks, to measure pixels; never publish the result",
    )
    add_cluster_flags(parser)
    arguments = parser.parse_intermixed_args()
    if arguments.pairs is not None and (arguments.pictures or arguments.list_faces):
        parser.error("--pairs names all pictures in its table; leave the others and --list-faces out")
    if arguments.pairs is None and not arguments.pictures:
        parser.error("the following arguments are required: PICTURE")
    if arguments.pairs is None and len(arguments.pictures) < 2 and not arguments.list_faces:
        parser.error("name at least two pictures, the source and the target")
    for path in arguments.pictures:
        if path.suffix.lower() in FILMS and not means_many(path):
            raise UserError(f"{path} is a film: swap_video.py swaps films")
    check_cluster(parser, arguments.cluster, arguments.workers)
    if arguments.cluster and arguments.pairs is None and not means_many(arguments.pictures[-1]):
        parser.error("--cluster shares many targets; a single one is swapped here")
    if (arguments.certificate is None) != (arguments.private_key is None):
        parser.error("--certificate and --private-key belong together")
    if arguments.certificate and (arguments.without_marks or arguments.list_faces):
        parser.error("--certificate signs marks, and there are none with --without-marks or --list-faces")
    return arguments


def output_path(output: Path | None, default: str, pictures: list[Path]) -> Path:
    """The path to write to; raises UserError where writing is impossible or would destroy another file."""
    path = Path(default) if output is None else output
    check_output(path, SUFFIXES, pictures)
    if output is None and path.exists() and not is_ours(path):
        raise UserError(f"{path} exists and was not written by this program; name the output with -o")
    return path


def list_faces(arguments: argparse.Namespace) -> None:
    """Draws the numbered faces of the target."""
    path = output_path(arguments.output, "faces.png", arguments.pictures)
    target = read_target(arguments.pictures[-1], path)
    faces = load_detector(arguments.detector).detect(target.rgb, "every")
    if not faces:
        raise UserError(f"{arguments.pictures[-1]}: {NO_FACE}")
    write_unswapped(path, draw_faces(target.rgb, faces), target.alpha, target.icc_profile)
    for number, face in enumerate(faces):
        x, y, width, height = (round(value) for value in face.box)
        say(f"face {number}: {width} x {height} px at ({x}, {y}), score {face.score:.2f}")
    say(f"written to {path}")


def find_inputs(swapper: Swapper, arguments: argparse.Namespace, output: Path) -> tuple[Source, Target]:
    """Finds the faces of all pictures; raises UserError where that cannot be."""
    *sources, target = arguments.pictures
    return find_source(swapper, sources), find_target(swapper, target, arguments.face, output)


def build_swapper(arguments: argparse.Namespace) -> Swapper:
    """The swapper that the arguments ask for."""
    return Swapper(
        arguments.model,
        arguments.detector,
        arguments.encoder_weights,
        finest_detail=arguments.finest_detail,
        skin_colour=arguments.skin_colour,
    )


def swap_many(arguments: argparse.Namespace, options: WritingOptions) -> None:
    """Swaps a folder, a pattern or a table of pairs; ends the process with exit code 1 if any target has failed."""
    started, folder = time.monotonic(), arguments.output
    if folder is None:
        raise UserError("many targets need a folder to be written to: name it with -o")
    if arguments.pairs is not None:
        targets = Targets(read_jobs(arguments.pairs), {})
    else:
        *sources, place = arguments.pictures
        targets = list_targets(sources, place, folder)
    swapper = build_swapper(arguments)
    batch = Batch(targets.jobs, targets.unusable, folder, arguments.face, options)
    with workers_at(arguments.cluster, arguments.workers) as cluster:
        rows = run_batch(swapper, batch, cluster)
    states = Counter(row.state for row in rows)
    say(
        f"{states['done']} of {len(rows)} swapped in {time.monotonic() - started:.1f} s, {states['skipped']} were done "
        f"before, {states['failed']} failed"
    )
    if notes := sum(bool(row.notes) for row in rows):
        say(f"note: there are notes on {notes} of them in {folder / REPORT}")
    if states["failed"]:
        say(f"{states['failed']} of {len(rows)} failed; {folder / REPORT} says why", stream=sys.stderr)
        sys.exit(1)


def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments()
    if arguments.list_faces:
        list_faces(arguments)
        return
    signer = load_signer(arguments.certificate, arguments.private_key) if arguments.certificate else None
    options = WritingOptions(arguments.label, signer, arguments.without_marks)
    if arguments.pairs is not None or means_many(arguments.pictures[-1]):
        swap_many(arguments, options)
        return
    output = output_path(arguments.output, "swapped.png", arguments.pictures)
    swapper = build_swapper(arguments)
    for path in arguments.pictures:
        if not path.is_file():
            read_file(path)  # says so before TensorFlow is loaded
    source, target = while_loading(lambda: find_inputs(swapper, arguments, output))
    run_graphs_as_they_are()
    identity = swapper.embed_faces(source.pictures, source.faces)
    reduced = [*source.reduced, *target.reduced]
    del source  # its pixels, which are not needed any more
    with ThreadPoolExecutor(1) as writer:
        likeness, writing = swap_picture(swapper, identity, target, output, options, writer)
    notes = [*writing.result(), *reduced]
    for sentence in notes:
        say(f"note: {sentence}")
    faces = "1 face" if len(target.faces) == 1 else f"{len(target.faces)} faces"
    rise = f"{likeness.before.mean():.2f} -> {likeness.after.mean():.2f}"
    encoder = swapper.engine.encoder.description.name
    say(
        f"{faces} in {target.path}, {len(target.chosen)} swapped; likeness to the source {rise} (cosine, {encoder})"
    )
    for sentence in [*([identity.doubt] if identity.doubt else []), *likeness.doubts()]:
        say(f"note: {sentence}")
    say(f"{output} written in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    run_main(main)
