"""The one door through which pictures leave this program. Whatever is swapped is marked here, in three layers.

1. Content credentials: a signed statement, for who asks what was done. Lost when the file is written anew.
2. Metadata: IPTC's digital source type, for archives and platforms. Lost when metadata is stripped.
3. A watermark in the pixels, for when both are lost. It survives handling, not an attacker.

No other file of the project encodes a picture for people; a test sees to that. Evaluation measures pixels in memory.
"""

import io
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np

from data.pictures import encode_picture
from data.whole_files import whole_file
from facedancer_tf.errors import UserError
from facedancer_tf.provenance.certificate import (
    SigningIdentity,
    load_signing_identity,
    own_signing_identity,
)  # fmt: skip
from facedancer_tf.provenance.credentials import read_credentials, sign
from facedancer_tf.provenance.metadata import MARKED_SUFFIXES, xmp_packet
from facedancer_tf.provenance.swapped import SEVERAL_MODELS, Swapped, UsedModel
from facedancer_tf.provenance.watermark import Watermark
from facedancer_tf.provenance.watermark_reading import read_watermark
from facedancer_tf.writing import reported


def write_swapped(path: str | Path, swapped: Swapped, identity: SigningIdentity | None = None) -> list[str]:
    """Marks a swapped picture and writes it to `path`, in the format that the suffix names; returns notes to show.

    `identity` signs the content credentials, by default the one that `own_signing_identity` makes. A note is a sentence
    about what could not be done as usual, such as a format that holds no metadata. The file is written beside its
    place and then moved there. Raises UserError where it cannot be written.
    """
    content, notes = encode_swapped(Path(path).suffix, swapped, identity)
    _write(Path(path), content)
    return notes


def encode_swapped(
    suffix: str, swapped: Swapped, identity: SigningIdentity | None = None
) -> tuple[bytes, list[str]]:
    """As `write_swapped`, but returns the file's content, with the notes."""
    rgb, notes = mark_pixels(swapped), []
    if read_watermark(rgb) is None:
        notes.append("the picture is too small or too plain to hold the invisible watermark")
    content = encode_picture(suffix, rgb, swapped.alpha, swapped.icc_profile, xmp_packet(synthetic=True))
    if suffix.lower() not in MARKED_SUFFIXES:
        return content, [
            *notes,
            f"{suffix} holds no metadata: the invisible watermark is the only mark it can have",
        ]
    if identity is None:
        identity, note = own_identity()
        notes.extend([note] if note else [])
    signed = io.BytesIO()
    notes.extend(sign_swapped(io.BytesIO(content), swapped.models, swapped.target, identity, signed))
    return signed.getvalue(), notes


def sign_swapped(
    file: BinaryIO,
    models: Sequence[UsedModel],
    target: str | Path | None,
    identity: SigningIdentity,
    signed: BinaryIO,
) -> list[str]:
    """Writes the open `file` with content credentials into `signed`, as made by `models` of `target`; returns notes.

    Raises UserError where it cannot be signed.
    """
    parent, note = _parent(target)
    with parent.open("rb") if parent else nullcontext() as opened:
        try:
            sign(file, [model.name for model in models], opened, identity, signed)
        except ValueError as error:
            raise UserError(f"the content credentials could not be signed: {error}") from error
    return [note] if note else []


def mark_pixels(swapped: Swapped) -> np.ndarray:
    """The picture uint8 [H, W, 3] with its watermark alone: for TensorBoard, which encodes pixels itself."""
    return watermark_of(swapped.models).mark(swapped.rgb)


def write_unswapped(
    path: Path, rgb: np.ndarray, alpha: np.ndarray | None = None, icc_profile: bytes | None = None
) -> None:
    """Writes a picture without swapped faces, `rgb` uint8 [H, W, 3]; its metadata names this program, and no more.

    Raises UserError where it cannot be written.
    """
    _write(path, encode_picture(path.suffix, rgb, alpha, icc_profile, xmp_packet(synthetic=False)))


def write_without_marks(path: Path, swapped: Swapped) -> None:
    """Writes a swapped picture without marks, for those who measure its pixels and show it to nobody."""
    write_unswapped(path, swapped.rgb, swapped.alpha, swapped.icc_profile)


def load_signer(certificate: Path, private_key: Path) -> SigningIdentity:
    """`load_signing_identity`, tried out: also raises UserError for a certificate that C2PA does not accept."""
    identity = load_signing_identity(certificate, private_key)
    try:
        picture = io.BytesIO(encode_picture(".png", np.zeros((1, 1, 3), np.uint8)))
        sign(picture, [], None, identity, io.BytesIO())
    except ValueError as error:
        raise UserError(
            f"{certificate} cannot sign content credentials ({error}): it must be no CA's, and be for emailProtection "
            "and digitalSignature"
        ) from error
    return identity


def watermark_of(models: Sequence[UsedModel]) -> Watermark:
    """The watermark that names the model, if only one swapped; it is made once."""
    ids = {model.watermark_id for model in models}
    return _watermark(ids.pop() if len(ids) == 1 else SEVERAL_MODELS)


@cache
def _watermark(model_id: int) -> Watermark:
    return Watermark(model_id)


@cache
def own_identity() -> tuple[SigningIdentity, str | None]:
    """`own_signing_identity`, read or made once a run."""
    return own_signing_identity()


def _parent(target: str | Path | None) -> tuple[Path | None, str | None]:
    """The target's file if it can be a parent, with a note where it cannot, or where its own credentials are broken."""
    if target is None:
        return None, None
    try:
        with Path(target).open("rb") as file:
            credentials = read_credentials(file)
    except OSError as error:
        return (
            None,
            f"{target} cannot be read again ({error.strerror}), so the result's credentials do not name it",
        )
    except ValueError as error:
        return None, f"the content credentials of {target} cannot be read ({error}); they were left out"
    if credentials is not None and not credentials.is_unchanged:
        broken = ", ".join(credentials.failures)
        return (
            Path(target),
            f"{target} has content credentials that do not hold ({broken}); they go along as they are",
        )
    return Path(target), None


def _write(path: Path, content: bytes) -> None:
    with reported(path), whole_file(path) as file:
        file.write(content)
