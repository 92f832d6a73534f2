"""Exports a model file for use without this project: as a SavedModel or as ONNX, for any source or for one person.

`facedancer_tf/exporting/endpoints.py` says what exported models take and give. The caller aligns the crops; the recipe
beside the model says how: size, shrink and the five-point template.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.faces.alignment import align
from data.faces.face import Detector
from data.pictures import UnreadablePicture, read_picture
from data.whole_files import whole_path
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError
from facedancer_tf.exporting.endpoints import Endpoint, Exported, baked_endpoints, two_input_endpoints
from facedancer_tf.exporting.notes import export_notes
from facedancer_tf.exporting.onnx_model import load_onnx, write_onnx
from facedancer_tf.exporting.saved_model import load_saved_model, write_saved_model
from facedancer_tf.swapping.engine import Engine
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.writing import check_folder, reported
from networks.baked_identity import bake_identity

LEVELS_APART = 1  # of 255: exported and eager kernels may round one pixel differently


@dataclass(frozen=True)
class Format:
    """A format: how it is written, how it is loaded again, and whether its endpoints share weights on disk (joined)."""

    write: Callable[[Sequence[Endpoint], Mapping[str, str], Path], None]
    load: Callable[[Path], Exported]
    joined: bool


FORMATS: Mapping[str, Format] = {
    "saved_model": Format(write_saved_model, load_saved_model, joined=True),
    "onnx": Format(write_onnx, load_onnx, joined=False),
}


@dataclass(frozen=True)
class PixelDifference:
    """The difference between an exported model's crops and the model file's own, in levels of 255."""

    largest: float
    mean: float


@dataclass(frozen=True)
class Export:
    """What became of an export: how far its pixels are `apart`, and the `identity` that it holds, if any."""

    apart: PixelDifference
    identity: Identity | None


def export_model(
    model: Path,
    folder: Path,
    format_name: str = "saved_model",
    sources: Sequence[Path] = (),
    encoder_weights: str | Path | None = None,
) -> Export:
    """Writes `model` to `folder`, which must not exist or must be empty.

    sources: pictures of one person, whose identity is then baked into the model. The export is written beside `folder`,
    loaded again, compared with the model file's own networks on the bundled photographs, and only then renamed. Raises
    ValueError for an unknown format, and UserError where something is missing, a source shows no face, the folder is in
    use, or a pixel differs by more than one level.
    """
    if format_name not in FORMATS:
        raise ValueError(f"`format_name` must be one of {sorted(FORMATS)}. Received: {format_name!r}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists already; name a new folder, or remove it first", "unwritable")
    check_folder(folder.resolve().parent)
    pictures = [_read(path) for path in sources]
    swapper = Swapper(model, encoder_weights=encoder_weights)
    engine, form = swapper.engine, FORMATS[format_name]
    identity = swapper.embed(pictures) if pictures else None
    if identity is None:
        endpoints = two_input_endpoints(engine, form.joined)
    else:
        baked = bake_identity(engine.generator, identity.embedding, **engine.recipe.generator)
        endpoints = baked_endpoints(engine, baked)
    notes = export_notes(engine, baked=identity is not None)
    with reported(folder), whole_path(folder.resolve()) as beside:
        beside.mkdir()
        try:
            form.write(endpoints, notes, beside)
        except ValueError as error:
            raise UserError(
                f"{model} cannot be written as {format_name}: {' '.join(str(error).split())[:300]}; a layer of your "
                "own needs its lines in facedancer_tf/graphs/keras_layers.py and facedancer_tf/exporting/onnx_nodes.py"
            ) from error
        crops = bundled_crops(swapper.detector, engine)
        apart = compare_pixels(engine, endpoints, form.load(beside), *crops, identity)
        if apart.largest > LEVELS_APART:
            raise UserError(
                f"the exported model differs from {model} by {apart.largest:.0f} of 255 levels; not written"
            )
    return Export(apart, identity)


def compare_pixels(
    engine: Engine,
    endpoints: Sequence[Endpoint],
    exported: Exported,
    targets: np.ndarray,
    sources: np.ndarray,
    baked: Identity | None = None,
) -> PixelDifference:
    """Compares the pixels of every exported endpoint with those of `engine`, over all of `targets`.

    targets, sources: crops uint8, as many of one as of the other. baked: the identity inside the endpoints, if there
    is one. Raises UserError where the embeddings differ.
    """
    identities = engine.embed_crops(sources) if baked is None else np.tile(baked.embedding, (len(targets), 1))
    expected = engine.swap_crops(targets, identities).astype(int)
    arrays = {"target": targets, "source": sources, "identity": identities}
    apart = []
    for endpoint in endpoints:
        outputs = exported[endpoint.name](**{spec.name: arrays[spec.name] for spec in endpoint.inputs})
        if "swapped" in outputs:
            apart.append(np.abs(outputs["swapped"].astype(int) - expected))
        elif not np.allclose(
            outputs["identity"], identities, rtol=1e-3, atol=1e-3 * np.abs(identities).max()
        ):
            raise UserError("the exported encoder gives other embeddings than the model file's; not written")
    return PixelDifference(float(np.max(apart)), float(np.mean(apart)))


def bundled_crops(detector: Detector, engine: Engine) -> tuple[np.ndarray, np.ndarray]:
    """Target crops and source crops of the photographs in assets/pictures; the sources are shifted by one person."""
    targets, sources = [], []
    for path in bundled_pictures():
        picture = _read(path)
        for face in detector.detect(picture)[:1]:
            targets.append(align(picture, face.landmarks, engine.recipe.size_px, engine.recipe.shrink))
            sources.append(align(picture, face.landmarks, engine.encoder.description.size_px))
    return np.stack(targets), np.stack(sources[1:] + sources[:1])


def _read(path: Path) -> np.ndarray:
    try:
        return read_picture(path).srgb
    except UnreadablePicture as error:
        raise UserError(" ".join(str(error).split()), "unreadable") from error
