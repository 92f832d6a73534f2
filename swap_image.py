"""Swap the face of one photograph into another: python swap_image.py src.jpg tgt.jpg

The last picture is the target. All pictures before it show the source, the one person whose identity the target gets.
The target keeps pose, expression, light and background.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.faces.detection import DETECTORS
from data.faces.face import Face
from data.pictures import SUFFIXES, Picture, UnreadablePicture, check_sides, read_picture
from facedancer_tf.command_line import Parser
from facedancer_tf.errors import Code, UserError, run_main
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.provenance.certificate import SigningIdentity
from facedancer_tf.provenance.metadata import is_ours
from facedancer_tf.provenance.swapped import Swapped
from facedancer_tf.provenance.writing import load_signer, write_swapped, write_unswapped, write_without_marks
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapping.drawing import draw_faces, draw_label
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.swapper import NO_FACE, Swapper, choose_faces, load_detector

LEAST_RISE = 0.1  # a likeness that rises by less says that the swap did not work

EPILOG = """\
examples:
  python swap_image.py src.jpg tgt.jpg
  python swap_image.py me1.jpg me2.jpg me3.jpg tgt.jpg -o out.png   several pictures of one source
  python swap_image.py tgt.jpg --list-faces -o numbered.png        which face has which number
  python swap_image.py src.jpg tgt.jpg --face 1                     the second largest face

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
        "pictures", nargs="+", type=Path, metavar="PICTURE", help="source(s), then the target"
    )
    parser.add_argument(
        "-o", "--output", type=Path, help="file to write; its suffix names the format (swapped.png)"
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
    arguments = parser.parse_intermixed_args()
    if len(arguments.pictures) < 2 and not arguments.list_faces:
        parser.error("name at least two pictures, the source and the target")
    if (arguments.certificate is None) != (arguments.private_key is None):
        parser.error("--certificate and --private-key belong together")
    if arguments.certificate and (arguments.without_marks or arguments.list_faces):
        parser.error("--certificate signs marks, and there are none with --without-marks or --list-faces")
    return arguments


def check_output(output: Path | None, default: str, pictures: list[Path]) -> Path:
    """The path to write to; raises UserError where writing is impossible or would destroy another file."""
    path = Path(default) if output is None else output
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"the output's name must end in one of {', '.join(SUFFIXES)}, not {path.name!r}")
    if not path.parent.is_dir():
        raise UserError(f"the output folder {path.parent} does not exist; make it first")
    if path.is_dir():
        raise UserError(f"the output {path} is a folder; name a file")
    for picture in pictures:
        if path.exists() and picture.exists() and path.samefile(picture):
            raise UserError(f"the output {path} is the input {picture} itself; name another with -o")
    if output is None and path.exists() and not is_ours(path):
        raise UserError(f"{path} exists and was not written by this program; name the output with -o")
    return path


def read(path: Path) -> Picture:
    """Reads the picture at `path`; raises UserError, one sentence, where that fails."""
    if path.is_dir():
        raise UserError(f"{path} is a folder; name a picture in it")
    try:
        return read_picture(path)
    except UnreadablePicture as error:
        code: Code = "unreadable" if path.exists() else "missing"
        raise UserError(" ".join(str(error).split()), code) from error


def read_target(path: Path, output: Path) -> Picture:
    """Reads the target; raises UserError where the format of `output` cannot hold a picture of its size."""
    target = read(path)
    try:
        check_sides(output.suffix, target.rgb)
    except ValueError as error:
        raise UserError(f"{output}: {error}") from error
    return target


def largest_face(swapper: Swapper, picture: np.ndarray, path: Path) -> Face:
    """The largest face of a source picture, which gives the identity; raises UserError where there is none."""
    faces = swapper.detect(picture)
    if not faces:
        raise UserError(f"{path}: {NO_FACE}")
    return faces[0]


def write(path: Path, swapped: Swapped, signer: SigningIdentity | None, without_marks: bool) -> None:
    """Writes the result, and prints a note where its format cannot hold transparency or all of the marks."""
    if without_marks:
        write_without_marks(path, swapped)
        notes = ["no marks were set: the result is for measuring, and must not be published"]
    else:
        notes = write_swapped(path, swapped, signer)
    if swapped.alpha is not None and path.suffix.lower() not in (".png", ".webp"):
        notes.append(f"{path.suffix} holds no transparency, it was left out")
    for note in notes:
        print(f"note: {note}")


def note_doubts(identity: Identity, numbers: list[int], before: np.ndarray, after: np.ndarray) -> None:
    """Prints a note where the sources seem to be different people, and for each face whose likeness hardly rose.

    numbers: those of the swapped faces. before, after: their likenesses [n] to the source.
    """
    if identity.doubt:
        print(f"note: {identity.doubt}")
    for number, was, now in zip(numbers, before, after, strict=True):
        if now < was + LEAST_RISE:
            print(
                f"note: the likeness of face {number} to the source hardly rose ({was:.2f} -> {now:.2f}): it shows "
                "that person already, or it was found wrongly (--list-faces draws what was found)"
            )


def list_faces(arguments: argparse.Namespace) -> None:
    """Draws the numbered faces of the target."""
    path = check_output(arguments.output, "faces.png", arguments.pictures)
    target = read_target(arguments.pictures[-1], path)
    faces = load_detector(arguments.detector).detect(target.rgb, "every")
    if not faces:
        raise UserError(f"{arguments.pictures[-1]}: {NO_FACE}")
    write_unswapped(path, draw_faces(target.rgb, faces), target.alpha, target.icc_profile)
    for number, face in enumerate(faces):
        x, y, width, height = (round(value) for value in face.box)
        print(f"face {number}: {width} x {height} px at ({x}, {y}), score {face.score:.2f}")
    print(f"written to {path}")


@dataclass(frozen=True)
class SwapInputs:
    """Pictures and faces of one swap.

    sources: pixels in sRGB, as the encoder knows them; the target keeps its own colour space. source_faces: one for
    each of `sources`; they give the identity. faces: all faces of the target that were looked for. chosen: those of
    them that are swapped. reduced: what of the files is not in their pictures, a sentence each.
    """

    sources: list[np.ndarray]
    source_faces: list[Face]
    target: Picture
    faces: list[Face]
    chosen: list[Face]
    reduced: list[str]


def find_faces(swapper: Swapper, arguments: argparse.Namespace, output: Path) -> SwapInputs:
    """Reads all pictures and finds their faces; raises UserError naming the picture where that cannot be."""
    *source_paths, target_path = arguments.pictures
    read_sources = [read(path) for path in source_paths]
    target = read_target(target_path, output)
    read_files = zip(arguments.pictures, [*read_sources, target], strict=True)
    reduced = [f"{path}: {what}" for path, picture in read_files for what in picture.reduced]
    sources = [source.srgb for source in read_sources]
    source_faces = [largest_face(swapper, s, path) for s, path in zip(sources, source_paths, strict=True)]
    faces = swapper.detect(target.rgb, "patient" if arguments.face == "largest" else "every")
    try:
        chosen = choose_faces(faces, arguments.face)
    except UserError as error:
        raise UserError(f"{target_path}: {error}", error.code) from error
    return SwapInputs(sources, source_faces, target, faces, chosen, reduced)


def find_while_loading(swapper: Swapper, arguments: argparse.Namespace, output: Path) -> SwapInputs:
    """Runs `find_faces` on one core while TensorFlow is imported on another. A missing file is reported at once."""
    for path in arguments.pictures:
        if not path.is_file():
            read(path)
    with ThreadPoolExecutor(1) as beside:
        finding = beside.submit(find_faces, swapper, arguments, output)
        load_tensorflow_quietly()
        return finding.result()


def main() -> None:
    started = time.monotonic()
    arguments = parse_arguments()
    if arguments.list_faces:
        list_faces(arguments)
        return
    output = check_output(arguments.output, "swapped.png", arguments.pictures)
    signer = load_signer(arguments.certificate, arguments.private_key) if arguments.certificate else None
    swapper = Swapper(arguments.model, arguments.detector, arguments.encoder_weights)
    inputs = find_while_loading(swapper, arguments, output)
    run_graphs_as_they_are()
    identity = swapper.embed_faces(inputs.sources, inputs.source_faces)
    target, chosen = inputs.target, inputs.chosen
    count, reduced = len(inputs.faces), inputs.reduced
    numbers = [number for number, face in enumerate(inputs.faces) if any(face is other for other in chosen)]
    del inputs  # the sources' pixels, which are not needed any more
    swapped = swapper.swap_faces(target.rgb, chosen, identity)
    shown = draw_label(swapped, "AI face swap") if arguments.label else swapped
    target_path = arguments.pictures[-1]
    result = Swapped(shown, [swapper.used_model], target_path, target.alpha, target.icc_profile)
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write, output, result, signer, arguments.without_marks)
        before = swapper.similarity(identity, target.rgb, chosen)
        after = swapper.similarity(identity, swapped, chosen)
        writing.result()
    for sentence in reduced:
        print(f"note: {sentence}")
    faces = "1 face" if count == 1 else f"{count} faces"
    likeness = f"{before.mean():.2f} -> {after.mean():.2f}"
    encoder = swapper.engine.encoder.description.name
    print(
        f"{faces} in {target_path}, {len(chosen)} swapped; likeness to the source {likeness} (cosine, {encoder})"
    )
    note_doubts(identity, numbers, before, after)
    print(f"{output} written in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    run_main(main)
