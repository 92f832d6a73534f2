"""The identity encoder that a model needs, wherever its weights lie: embedded, cached, in a pack of insightface."""

from pathlib import Path

from data.faces.insightface_detector import insightface_models
from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import cached, find_encoder, sha256_of
from facedancer_tf.weights.identity_encoder import Encoder, load_encoder


def load_needed_encoder(name: str, fingerprint: str, name_or_file: str | Path | None) -> Encoder:
    """The encoder `name` of `networks.encoders.ENCODERS` with its weights.

    name_or_file: which weights, as their user names them; without it those of that `fingerprint` are looked for in the
    cache or, where it is not known (""), the only ones of that encoder. Raises UserError where they are missing,
    damaged, of another encoder, or not the only ones.
    """
    path = find_encoder(name, fingerprint, name_or_file)
    return load_encoder(name, None if path is None else as_encoder_file(path))


def as_encoder_file(path: Path) -> Path:
    """`path` itself or, for an ONNX file of insightface's packs, the encoder file made of it.

    That is made once and kept in the cache, named by the content, so that another file of that name is converted anew.
    """
    if insightface_models() not in path.parents:
        return path
    converted = cached(f"{path.stem}-{sha256_of(path)[:12]}")
    if not converted.is_file():
        from facedancer_tf.importing.importer import read_weights  # which only a first use needs

        imported = read_weights(path)
        if imported.kind != "encoder":
            raise UserError(f"{path} holds a {imported.kind}, not an encoder")
        imported.save(converted)
    return converted
