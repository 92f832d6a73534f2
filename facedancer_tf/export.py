"""Exporting a model file as a SavedModel that needs neither this project nor Keras.

Signatures, all on uint8 RGB crops of any batch size: `swap` (target [B, S, S, 3], source [B, 112, 112, 3]) and
`swap_with_embedding` (target, identity float32 [B, W]) give `swapped` [B, S, S, 3]; `embed` (source) gives `identity`
[B, W]. Rounding and clipping are inside. What aligns the crops is the caller's; recipe.json says how: size, shrink
and the five-point template.
"""

import dataclasses
import json
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf
from keras.export import ExportArchive

from data.alignment import TEMPLATE_112, align
from data.detection import build_detector
from data.pictures import UnreadablePicture, read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.crop_networks import CropNetworks
from facedancer_tf.errors import UserError

LEVELS_APART = 1  # of 255: graph and eager kernels may round one pixel differently


def export_saved_model(model: Path, folder: Path, encoder_weights: Path | None = None) -> float:
    """Writes `model` with its encoder as a SavedModel to `folder`, which must not exist or be empty.

    It is written beside, loaded again, compared with the model file's own networks on the bundled photographs and
    only then renamed. Returns the largest difference of a pixel, in levels of 255. Raises UserError where something
    is missing, the folder is in use, or the pixels differ by more than one level.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists already; name a new folder, or remove it first")
    if not folder.resolve().parent.is_dir():
        raise UserError(f"the folder {folder.resolve().parent} does not exist; make it first")
    networks = CropNetworks(model, encoder_weights)
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.resolve().parent))
    except OSError as error:
        raise UserError(f"{folder} could not be written: {error.strerror}") from error
    try:
        _write(networks, beside)
        apart = largest_difference(networks, beside)
        if apart > LEVELS_APART:
            raise UserError(
                f"the exported model differs from {model} by {apart:.0f} of 255 levels; not written"
            )
        beside.chmod(0o755)  # mkdtemp makes private folders; a model is an ordinary one
        if folder.exists():
            folder.rmdir()
        os.replace(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return apart


def _write(networks: CropNetworks, folder: Path) -> None:
    size_px, encoder_px = networks.recipe.size_px, networks.description.size_px
    target = tf.TensorSpec((None, size_px, size_px, 3), tf.uint8, name="target")
    source = tf.TensorSpec((None, encoder_px, encoder_px, 3), tf.uint8, name="source")
    identity = tf.TensorSpec((None, networks.description.width), tf.float32, name="identity")
    archive = ExportArchive()
    archive.track(networks.generator)
    archive.track(networks.encoder)
    archive.add_endpoint(
        "swap", lambda target, source: {"swapped": networks.swap(target, networks.embed(source))}, [target, source]
    )  # fmt: skip
    archive.add_endpoint(
        "swap_with_embedding",
        lambda target, identity: {"swapped": networks.swap(target, identity)},
        [target, identity],
    )
    archive.add_endpoint("embed", lambda source: {"identity": networks.embed(source)}, [source])
    archive.write_out(str(folder), verbose=False)
    extra = folder / "assets.extra"  # the SavedModel's place for files that it does not read itself
    extra.mkdir()
    recipe = dataclasses.asdict(networks.recipe) | {
        "size_px": size_px,
        "source_size_px": encoder_px,
        "template_112": np.round(TEMPLATE_112.astype(float), 4).tolist(),
        "encoder_licence": networks.description.licence,
    }
    (extra / "recipe.json").write_text(json.dumps(recipe, indent=1) + "\n", encoding="utf-8")
    (extra / "LICENSE.txt").write_text(
        f"Generator: {networks.recipe.licence}\nTrained on: {networks.recipe.trained_on}\n"
        f"Identity encoder {networks.recipe.encoder}: {networks.description.licence}\n",
        encoding="utf-8",
    )


def largest_difference(networks: CropNetworks, folder: Path) -> float:
    """By how many levels of 255 a pixel of the SavedModel in `folder` differs at most, on the bundled photographs.

    Each photograph's face is the target of its neighbour's; both ways into the model are compared. Raises UserError
    where there are no photographs or the embeddings differ.
    """
    targets, sources = _bundled_crops(
        networks.recipe.size_px, networks.recipe.shrink, networks.description.size_px
    )
    identities = networks.embed_crops(sources)
    expected = networks.swap_crops(targets, identities).astype(int)
    exported = tf.saved_model.load(str(folder)).signatures
    again = exported["embed"](source=tf.constant(sources))["identity"].numpy()
    if not np.allclose(again, identities, rtol=1e-3, atol=1e-3 * np.abs(identities).max()):
        raise UserError("the exported encoder gives other embeddings than the model file's; not written")
    outputs = (
        exported["swap"](target=tf.constant(targets), source=tf.constant(sources)),
        exported["swap_with_embedding"](target=tf.constant(targets), identity=tf.constant(identities)),
    )
    return float(max(np.abs(output["swapped"].numpy().astype(int) - expected).max() for output in outputs))


def _bundled_crops(size_px: int, shrink: float, encoder_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Target crops and, shifted by one person, source crops of the photographs in assets/pictures."""
    detector = build_detector("yunet")
    targets, sources = [], []
    for path in bundled_pictures():
        try:
            picture = read_picture(path).rgb
        except UnreadablePicture as error:
            raise UserError(f"{error}; restore it from the repository") from error
        for face in detector.detect(picture)[:1]:
            targets.append(align(picture, face.landmarks, size_px, shrink))
            sources.append(align(picture, face.landmarks, encoder_px))
    return np.stack(targets), np.stack(sources[1:] + sources[:1])
