"""Loads the identity encoder that a model needs: embedded, from the cache, or from a pack of insightface."""

from pathlib import Path

from data.faces.insightface_detector import insightface_models
from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import cached, find_encoder, sha256_of
from facedancer_tf.weights.identity_encoder import Encoder, load_encoder


def load_needed_encoder(name: str, fingerprint: str, name_or_file: str | Path | None) -> Encoder:
    """Loads the encoder `name` of `networks.encoders.ENCODERS` with its weights.

    name_or_file: the weights that the user names. If None, the cache is searched for weights with this `fingerprint`;
    if the fingerprint is not known (""), for the only weights of that encoder. Raises UserError where the weights are
    missing, damaged, of another encoder, or not the only ones.
    """
    path = find_encoder(name, fingerprint, name_or_file)
    return load_encoder(name, None if path is None else as_encoder_file(path))


def as_encoder_file(path: Path) -> Path:
    """Converts an ONNX file of insightface's packs into an encoder file; returns any other `path` as it is.

    The encoder file is made once and stays in the cache. Its name holds the start of the ONNX file's SHA-256, so that
    another file of the same name is converted as well.
    """
    if insightface_models() not in path.parents:
        return path
    converted = cached(f"{path.stem}-{sha256_of(path)[:12]}")
    if not converted.is_file():
        from facedancer_tf.importing.importer import read_weights  # only the first use needs it

        imported = read_weights(path)
        if imported.kind != "encoder":
            raise UserError(f"{path} holds a {imported.kind}, not an encoder")
        imported.save(converted)
    return converted
