"""Imports a weight file of others: recognises its network and writes one of our own network files.

The content of the file says what it is: HDF5 or ONNX, then its graph. We build our own network, match it with the
file's node by node, give it the file's arrays and write it with its recipe. Nothing of the file is executed.

An HDF5 file on its way: weights.plain_hdf5 opens it as plain arrays, saved_layers reads layers and their arrays,
legacy_h5 makes a graph of them with graphs.keras_layers, generator_plan reads from the graph how the network was built;
then networks builds ours, graphs.graph matches both, and weights.embedded assigns the arrays. An ONNX file: onnx_file,
onnx_graph with onnx_layers, onnx_encoders.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from data.faces.alignment import template
from data.printable import printable
from facedancer_tf.errors import UserError
from facedancer_tf.graphs.graph import Graph, GraphError, match
from facedancer_tf.graphs.keras_layers import model_graph
from facedancer_tf.importing.arcface_head import read_head
from facedancer_tf.importing.generator_plan import read_plan
from facedancer_tf.importing.legacy_h5 import checkpoint_graph
from facedancer_tf.importing.onnx_encoders import import_onnx_encoder
from facedancer_tf.importing.onnx_file import OnnxFile
from facedancer_tf.importing.reading_apart import read_hdf5_apart, read_onnx_apart
from facedancer_tf.importing.saved_layers import Checkpoint
from facedancer_tf.importing.saved_order import pair_in_saved_order, read_sizes
from facedancer_tf.weights.archive import fingerprint
from facedancer_tf.weights.catalogue import sha256_of
from facedancer_tf.weights.discriminator_file import DiscriminatorRecipe, save_discriminator_file
from facedancer_tf.weights.embedded import assign_weights, without_drawing
from facedancer_tf.weights.encoder_file import EncoderRecipe, save_encoder_file
from facedancer_tf.weights.model_file import ModelRecipe, save_model_file
from facedancer_tf.weights.recipes import read_recipe
from networks.arcface_resnet50 import build_arcface_resnet50
from networks.discriminator import build_image_discriminator
from networks.encoders import ENCODERS
from networks.generator import build_generator

NOT_STATED = "not stated; that of the file it was made from"
HDF5, ZIP = b"\x89HDF\r\n\x1a\n", b"PK\x03\x04"


@dataclass(frozen=True)
class Statements:
    """What the user states because the file does not say it.

    licence: of the weights, in plain words. shrink, encoder, encoder_fingerprint: with which a generator was trained,
    see `ModelRecipe`. fusion, mapping_depth, size_px: the plan of a generator whose file holds only weights.
    """

    licence: str = NOT_STATED
    shrink: float = 1.0
    encoder: str = "arcface_resnet50"
    encoder_fingerprint: str = ""
    fusion: tuple[str, ...] | None = None
    mapping_depth: int = 4
    size_px: int = 256


@dataclass(frozen=True)
class Imported:
    """Our network with the file's weights.

    kind: generator, discriminator or encoder. summary: says in words what the file held. save: writes our own file.
    """

    kind: str
    summary: str
    network: keras.Model
    save: Callable[[Path], None]


def read_weights(path: Path, stated: Statements = Statements()) -> Imported:
    """Reads the network in `path`: FaceDancer's generator or discriminator, or an identity encoder.

    Raises UserError for a file that is missing, foreign, damaged, incomplete, or holds another network. The message is
    one sentence that names the tensor or layer, if one is to blame.
    """
    origin = f"{path.name}, SHA-256 {sha256_of(path)}"
    with path.open("rb") as file:
        start = file.read(len(HDF5))
    try:
        if stated.encoder not in ENCODERS:
            raise GraphError(
                f"the encoder {stated.encoder!r} that was stated is none of {', '.join(ENCODERS)}"
            )
        template(112, stated.shrink)  # raises ValueError for a shrink that is not possible
        if start == HDF5:
            checkpoint = read_hdf5_apart(path)
            with without_drawing(checkpoint.numbers):
                return _from_hdf5(checkpoint, stated, origin)
        if start[:4] == ZIP:
            raise GraphError(_archive(path))
        if start[:1] == b"\x80":
            raise GraphError("it is a pickle, which is not opened: it can run code")
        if start[:1] == b"<" or start == b"version ":
            raise GraphError(
                "it is a web page or a Git LFS pointer, not the weights; download the file itself"
            )
        onnx = read_onnx_apart(path)
        with without_drawing():
            return _from_onnx(onnx, stated, origin)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
        # GraphError and NotPlain are ValueErrors; the others come from configs that do not describe a network.
        said = (
            str(error) if isinstance(error, ValueError) else f"its description is not a network's ({error!r})"
        )
        raise UserError(f"{path} cannot be imported: {printable(said)[:400]}", "unreadable") from error


def _archive(path: Path) -> str:
    """The reason why an archive is not imported."""
    if read_recipe(path):
        return "it is a network file of this project already; use it as it is"
    if path.suffix == ".keras":
        return (
            "it is a Keras file, which is not opened, because its layers can run code; docs/in-your-own-code.md says "
            "how a Keras encoder of your own becomes an encoder file"
        )
    return "it is an archive, which is not opened, because it may hold a pickle, and that can run code"


def _from_hdf5(checkpoint: Checkpoint, stated: Statements, origin: str) -> Imported:
    if checkpoint.config is None:
        return _without_config(checkpoint, stated, origin)
    graph = checkpoint_graph(checkpoint)
    operations = {node.op for node in graph.nodes()}
    if "adain" in operations:
        return _generator(
            read_plan(graph, stated.size_px), lambda model: match(model_graph(model), graph), stated, origin
        )
    if "instance_norm" in operations:
        return _discriminator(graph, stated, origin)
    if "batch_norm" in operations:
        head = read_head(graph)
        network = build_arcface_resnet50(head=head)
        assign_weights(network, match(model_graph(network), graph))
        return _encoder(network, "arcface_resnet50", {"head": head}, stated, origin)
    raise GraphError("its network is none of those known here (docs/importing.md lists them)")


def _without_config(checkpoint: Checkpoint, stated: Statements, origin: str) -> Imported:
    sizes = read_sizes(checkpoint.layers)
    if "identity_width" not in sizes:
        network = build_image_discriminator(stated.size_px, sizes["base_filters"])
        assign_weights(network, pair_in_saved_order(model_graph(network), checkpoint.layers))
        return _discriminator_file(network, stated.size_px, sizes["base_filters"], stated, origin)
    if stated.fusion is None:
        raise GraphError(
            "it holds weights without the network's plan; state it: `fusion` (six words), `mapping_depth` and `size_px`"
        )
    plan = {
        **sizes,
        "fusion": stated.fusion,
        "mapping_depth": stated.mapping_depth,
        "size_px": stated.size_px,
    }
    return _generator(
        plan, lambda model: pair_in_saved_order(model_graph(model), checkpoint.layers), stated, origin
    )


def _generator(
    plan: dict[str, Any], pair: Callable[[keras.Model], dict], stated: Statements, origin: str
) -> Imported:
    if plan["identity_width"] != ENCODERS[stated.encoder].width:
        raise GraphError(
            f"it takes identities of {plan['identity_width']}, but the encoder {stated.encoder} gives "
            f"{ENCODERS[stated.encoder].width}; state its encoder"
        )
    network = build_generator(**plan)
    assign_weights(network, pair(network))
    recipe = ModelRecipe(
        generator=plan,
        encoder=stated.encoder,
        shrink=stated.shrink,
        trained_on=f"not stated; imported from {origin}",
        licence=stated.licence,
        step=0,
        encoder_fingerprint=stated.encoder_fingerprint,
    )
    mapping = (
        f"mapping {plan['mapping_depth']} x {plan['mapping_width']}"
        if plan["mapping_depth"]
        else "no mapping"
    )
    summary = (
        f"FaceDancer generator, {plan['size_px']} px, {plan['base_filters']} filters, {', '.join(plan['fusion'])}; "
        f"{mapping}; encoder {stated.encoder}"
    )
    return Imported("generator", summary, network, lambda path: save_model_file(network, recipe, path))


def _discriminator(graph: Graph, stated: Statements, origin: str) -> Imported:
    if len(graph.inputs) != 1:
        raise GraphError(f"its network has {len(graph.inputs)} inputs, and no identity goes into it")
    size_px = graph.inputs[0].settings["shape"][0] or stated.size_px
    stem = next(node for node in graph.nodes() if node.op == "conv")
    base_filters = int(stem.weights["kernel"].shape[-1])
    network = build_image_discriminator(size_px, base_filters)
    assign_weights(network, match(model_graph(network), graph))
    return _discriminator_file(network, size_px, base_filters, stated, origin)


def _discriminator_file(
    network: keras.Model, size_px: int, base_filters: int, stated: Statements, origin: str
) -> Imported:
    recipe = DiscriminatorRecipe({"size_px": size_px, "base_filters": base_filters}, stated.licence, origin)
    summary = f"image-level discriminator, {size_px} px, {base_filters} filters"
    return Imported(
        "discriminator", summary, network, lambda path: save_discriminator_file(network, recipe, path)
    )


def _from_onnx(file: OnnxFile, stated: Statements, origin: str) -> Imported:
    network, description = import_onnx_encoder(file)
    return _encoder(
        network, description["architecture"], {}, stated, origin, (description["low"], description["high"])
    )


def _encoder(
    network: keras.Model,
    name: str,
    arguments: dict[str, Any],
    stated: Statements,
    origin: str,
    value_range: tuple[float, float] | None = None,
) -> Imported:
    description = ENCODERS[name]
    licence = description.licence if stated.licence == NOT_STATED else stated.licence
    low, high = value_range or (description.low, description.high)
    recipe = EncoderRecipe(name, arguments, low, high, licence, origin, fingerprint(network))
    head = f", head {', '.join(arguments['head'])}" if arguments else ""
    summary = f"identity encoder {name}{head}; reads [{low:g}, {high:g}]"
    return Imported("encoder", summary, network, lambda path: save_encoder_file(network, recipe, path))
