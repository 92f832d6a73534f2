"""Swap the face of one photograph into another: python swap_image.py src.jpg tgt.jpg

The last picture is the target. All pictures before it show the source, the one person whose identity the target gets.
The target keeps pose, expression, light and background.
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.faces.detection import DETECTORS
from data.faces.face import Face
from data.pictures import SUFFIXES, Picture, UnreadablePicture, check_sides, read_picture, write_picture
from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.provenance.synthetic_mark import MARKED_SUFFIXES, is_ours, xmp_packet
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapping.drawing import draw_faces, draw_label
from facedancer_tf.swapping.swapper import NO_FACE, Swapper, choose_faces, load_detector

EPILOG = """\
examples:
  python swap_image.py src.jpg tgt.jpg
  python swap_image.py me1.jpg me2.jpg me3.jpg tgt.jpg -o out.png   several pictures of one source
  python swap_image.py tgt.jpg --list-faces -o numbered.png        which face has which number
  python swap_image.py src.jpg tgt.jpg --face 1                     the second largest face

An existing file named with -o is replaced; the default output replaces only what this program wrote. The result is
marked as synthetic in its metadata (IPTC DigitalSourceType); nothing of the target's own metadata is copied but its
colour profile.
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
    arguments = parser.parse_intermixed_args()
    if len(arguments.pictures) < 2 and not arguments.list_faces:
        parser.error("name at least two pictures, the source and the target")
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
    """Reads the picture at `path` and prints what was reduced; raises UserError, one sentence, where that fails."""
    try:
        picture = read_picture(path)
    except UnreadablePicture as error:
        raise UserError(" ".join(str(error).split())) from error
    for what in picture.reduced:
        print(f"note: {path}: {what}")
    return picture


def read_target(path: Path, output: Path) -> Picture:
    """Reads the target; raises UserError where the format of `output` cannot hold a picture of its size."""
    target = read(path)
    try:
        check_sides(output, target.rgb)
    except ValueError as error:
        raise UserError(f"{output}: {error}") from error
    return target


def largest_face(swapper: Swapper, picture: np.ndarray, path: Path) -> Face:
    """The largest face of a source picture, which gives the identity; raises UserError where there is none."""
    faces = swapper.detect(picture)
    if not faces:
        raise UserError(f"{path}: {NO_FACE}")
    return faces[0]


def write(path: Path, picture: Picture, marked: bool) -> None:
    """Writes the result, and prints a note where its format cannot hold transparency or the mark."""
    try:
        write_picture(path, picture.rgb, picture.alpha, picture.icc_profile, xmp_packet(marked))
    except OSError as error:
        raise UserError(f"{path} could not be written: {error.strerror or error}") from error
    if picture.alpha is not None and path.suffix.lower() not in (".png", ".webp"):
        print(f"note: {path.suffix} holds no transparency, it was left out")
    if marked and path.suffix.lower() not in MARKED_SUFFIXES:
        print(f"note: {path.suffix} holds no metadata, so the result is not marked as synthetic")


def list_faces(arguments: argparse.Namespace) -> None:
    """Draws the numbered faces of the target."""
    path = check_output(arguments.output, "faces.png", arguments.pictures)
    target = read_target(arguments.pictures[-1], path)
    faces = load_detector(arguments.detector).detect(target.rgb, "every")
    if not faces:
        raise UserError(f"{arguments.pictures[-1]}: {NO_FACE}")
    write(path, Picture(draw_faces(target.rgb, faces), target.alpha, target.icc_profile), marked=False)
    for number, face in enumerate(faces):
        x, y, width, height = (round(value) for value in face.box)
        print(f"face {number}: {width} x {height} px at ({x}, {y}), score {face.score:.2f}")
    print(f"written to {path}")


@dataclass(frozen=True)
class SwapInputs:
    """Pictures and faces of one swap.

    sources: pixels in sRGB, as the encoder knows them; the target keeps its own colour space. source_faces: one for
    each of `sources`; they give the identity. faces: all faces of the target that were looked for. chosen: those of
    them that are swapped.
    """

    sources: list[np.ndarray]
    source_faces: list[Face]
    target: Picture
    faces: list[Face]
    chosen: list[Face]


def find_faces(swapper: Swapper, arguments: argparse.Namespace, output: Path) -> SwapInputs:
    """Reads all pictures and finds their faces; raises UserError naming the picture where that cannot be."""
    *source_paths, target_path = arguments.pictures
    sources = [read(path).srgb for path in source_paths]
    target = read_target(target_path, output)
    source_faces = [largest_face(swapper, s, path) for s, path in zip(sources, source_paths, strict=True)]
    faces = swapper.detect(target.rgb, "patient" if arguments.face == "largest" else "every")
    try:
        chosen = choose_faces(faces, arguments.face)
    except UserError as error:
        raise UserError(f"{target_path}: {error}") from error
    return SwapInputs(sources, source_faces, target, faces, chosen)


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
    swapper = Swapper(arguments.model, arguments.detector, arguments.encoder_weights)
    inputs = find_while_loading(swapper, arguments, output)
    run_graphs_as_they_are()
    identity = swapper.embed_faces(inputs.sources, inputs.source_faces)
    target, chosen = inputs.target, inputs.chosen
    count = len(inputs.faces)
    del inputs  # the sources' pixels, which are not needed any more
    swapped = swapper.swap_faces(target.rgb, chosen, identity)
    shown = draw_label(swapped, "AI face swap") if arguments.label else swapped
    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write, output, Picture(shown, target.alpha, target.icc_profile), marked=True)
        before = swapper.similarity(identity, target.rgb, chosen).mean()
        after = swapper.similarity(identity, swapped, chosen).mean()
        writing.result()
    faces = "1 face" if count == 1 else f"{count} faces"
    likeness = f"{before:.2f} -> {after:.2f} (cosine, {swapper.engine.encoder.description.name})"
    print(f"{faces} in {arguments.pictures[-1]}, {len(chosen)} swapped; likeness to the source {likeness}")
    print(f"{output} written in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    run_main(main)
