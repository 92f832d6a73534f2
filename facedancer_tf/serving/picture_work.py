"""What the engine's thread does for one request: reads uploads, finds faces, swaps, reads marks.

Paths of the server stay here: in what these functions return or raise, uploads are called by their fields.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from data.faces.face import Face
from data.picture_kinds import READ_KINDS, START_BYTES, kind_by_content
from data.pictures import UnreadablePicture
from facedancer_tf.errors import UserError
from facedancer_tf.provenance.checking import as_json, check
from facedancer_tf.serving.errors import refusal_of, without_folders
from facedancer_tf.serving.form_parts import Form
from facedancer_tf.serving.marks_look import look_at_marks
from facedancer_tf.serving.settings import ServingLimits
from facedancer_tf.swapping.picture_swap import Likeness, WritingOptions, swap_picture
from facedancer_tf.swapping.swap_inputs import find_source, find_target, read_file
from facedancer_tf.swapping.swapper import Swapper, choose_faces


@dataclass(frozen=True, eq=False)
class SwapOutcome:
    """A swap that was written: likenesses of the swapped faces, notes for people, and masks [S, S] by size."""

    likeness: Likeness
    notes: list[str]
    masks: dict[int, np.ndarray]


@contextmanager
def named_by_field(form: Form) -> Iterator[None]:
    """Turns errors about the form's files into refusals that call these by their fields."""
    try:
        yield
    except (UserError, UnreadablePicture) as error:
        raise refusal_of(error, without_paths(str(error), form)) from error


def without_paths(sentence: str, form: Form) -> str:
    """Calls the files in `sentence` by their fields: "the target", "source picture 2"."""
    for field, paths in form.files.items():
        for number, path in enumerate(paths, start=1):
            name = f"{field} {number}" if len(paths) > 1 else f"the {field}"
            sentence = sentence.replace(str(path), name).replace(path.name, name)
    return without_folders(sentence)


def detect_faces(swapper: Swapper, form: Form, limits: ServingLimits) -> tuple[np.ndarray, list[Face]]:
    """The picture uint8 [H, W, 3] and its faces, in the order that their numbers mean."""
    with named_by_field(form):
        picture = read_file(checked(form.files["picture"][0], limits)).rgb
        return picture, swapper.detect(picture, "every")


def embed_face(
    swapper: Swapper, form: Form, face: int | str, limits: ServingLimits
) -> tuple[int, Face, np.ndarray, str]:
    """Number and place of one face, its raw embedding [W], and the encoder's name."""
    with named_by_field(form):
        picture = read_file(checked(form.files["picture"][0], limits)).srgb
        faces = swapper.detect(picture, "patient" if face == "largest" else "every")
        chosen = choose_faces(faces, face)[0]
        embedding = swapper.embeddings([picture], [chosen])[0]
    number = 0 if face == "largest" else int(face)
    return number, chosen, embedding, swapper.engine.encoder.description.name


def swap(
    swapper: Swapper, form: Form, face: int | str, output: Path, with_masks: bool, limits: ServingLimits
) -> SwapOutcome:
    """Swaps and writes the marked result to `output`, in the format that its suffix names."""
    with named_by_field(form), ThreadPoolExecutor(1) as writer:
        for path in (*form.files["source"], *form.files["target"]):
            checked(path, limits)
        source = find_source(swapper, form.files["source"])
        target = find_target(swapper, form.files["target"][0], face, output)
        if len(target.chosen) > limits.faces:
            raise UserError(
                f"at most {limits.faces} faces can be swapped in one picture; choose one by its number"
            )
        identity = swapper.embed_faces(source.pictures, source.faces)
        likeness, writing = swap_picture(swapper, identity, target, output, WritingOptions(), writer)
        masks: dict[int, np.ndarray] = {}
        if with_masks:
            from facedancer_tf.serving.masks import affa_masks

            masks = affa_masks(swapper, target.picture.rgb, target.chosen[0], identity)
        notes = [*writing.result(), *source.reduced, *target.reduced]
    notes += [*([identity.doubt] if identity.doubt else []), *likeness.doubts()]
    return SwapOutcome(likeness, [without_paths(note, form) for note in notes], masks)


def check_marks(form: Form, limits: ServingLimits) -> dict[str, object]:
    """What the marks of the uploaded picture or film say."""
    path = form.files["file"][0]
    with named_by_field(form):
        with path.open("rb") as file:
            kind = kind_by_content(file.read(START_BYTES))
        if kind in READ_KINDS:
            findings = as_json(path, check(checked(path, limits)))
        else:
            findings = look_at_marks(path)
        findings["damage"] = without_paths(str(findings["damage"]), form)
    return {name: _sendable(value) for name, value in findings.items() if name != "file"}


def _sendable(value: object) -> object:
    """`value` with texts that UTF-8 can hold: foreign credentials may hold any character."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_sendable(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _sendable(one) for name, one in value.items()}
    return value


def checked(path: Path, limits: ServingLimits) -> Path:
    """`path`, unless it claims to be a picture larger than the limits; whether it is one, its reader says."""
    try:
        with Image.open(path, formats=("JPEG", "PNG", "WEBP", "BMP")) as image:
            width, height = image.size
    except Image.DecompressionBombError:
        width = height = limits.picture_pixels
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError, OverflowError):
        return path
    if width * height > limits.picture_pixels or max(width, height) > limits.picture_side_px:
        sentence = f"more than {limits.picture_pixels:,} pixels, or {limits.picture_side_px:,} px on a side"
        raise UnreadablePicture(path, "too_large", sentence)
    return path
