"""Loads the identity encoder that a model needs: embedded, from the cache, or from a pack of insightface."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from data.faces.insightface_detector import insightface_models
from data.locks import only_one
from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import cached, find_encoder, sha256_of
from facedancer_tf.weights.identity_encoder import Encoder, load_encoder
from facedancer_tf.writing import make_folder, reported

Loaded = TypeVar("Loaded")


def load_needed_encoder(name: str, fingerprint: str, name_or_file: str | Path | None) -> Encoder:
    """Loads the encoder `name` of `networks.encoders.ENCODERS` with its weights.

    name_or_file: the weights that the user names. If None, the cache is searched for weights with this `fingerprint`;
    if the fingerprint is not known (""), for the only weights of that encoder. Raises UserError where the weights are
    missing, damaged, of another encoder, or not the only ones.
    """
    path = find_encoder(name, fingerprint, name_or_file)
    return load_encoder(name) if path is None else load_converted(path, lambda file: load_encoder(name, file))


def load_converted(path: Path, load: Callable[[Path], Loaded]) -> Loaded:
    """Runs `load` on an encoder file: on `path`, or on what an ONNX file of insightface's packs is converted into.

    The conversion is done once and stays in the cache, under a name that holds the start of the ONNX file's SHA-256, so
    that another file of the same name is converted as well. A file there that cannot be read is made anew. Of several
    processes that need it at once, one converts and the others wait.
    """
    if insightface_models() not in path.parents:
        return load(path)
    converted = cached(f"{path.stem}-{sha256_of(path)[:12]}")
    if (loaded := _load_if_whole(converted, load)) is not None:
        return loaded
    make_folder(converted.parent)
    lock = converted.with_name(f".{converted.stem}.lock")
    with ExitStack() as held:
        with reported(lock):
            held.enter_context(only_one(lock, wait=True))
        # Another process may have made it meanwhile.
        if (loaded := _load_if_whole(converted, load)) is not None:
            return loaded
        _convert(path, converted)
        return load(converted)


def _load_if_whole(file: Path, load: Callable[[Path], Loaded]) -> Loaded | None:
    try:
        return load(file)
    except UserError as error:
        if error.code not in ("missing", "unreadable"):
            raise
    return None


def _convert(path: Path, converted: Path) -> None:
    from facedancer_tf.importing.importer import read_weights  # only the first use needs it

    imported = read_weights(path)
    if imported.kind != "encoder":
        raise UserError(f"{path} holds a {imported.kind}, not an encoder")
    imported.save(converted)
