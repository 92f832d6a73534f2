"""What the identity encoders see in a batch's pairs: computed in the step, or read from the cached embeddings."""

import tensorflow as tf

from facedancer_tf.training.models import Models
from facedancer_tf.training.views import Views


def faces_of_pairs(models: Models, batch: dict, both: bool, views: Views | None = None) -> tuple[dict, dict]:
    """Computes `Models.faces` of the sources and, with `both`, in the same pass of the targets (otherwise empty).

    If the batch has cached embeddings, only the targets' other features are computed, and only with `both`; the encoder
    then sees `views` of the targets. `second` are the cached embeddings of the second encoder, if there is one.
    """
    if "source_embedding" in batch:
        target = models.faces(batch["target"], views) if both else {}
        source, known = (_by_encoder(models, batch[f"{role}_embedding"]) for role in ("source", "target"))
        return source, {**target, **known}
    if views is not None:
        raise ValueError("`views` need the embeddings of the pictures as they are in `batch`.")
    if not both:
        return models.faces(batch["source"]), {}
    faces = models.faces(tf.concat([batch["source"], batch["target"]], 0))
    halves = {name: tf.split(value, 2) for name, value in faces.items()}
    return {name: half[0] for name, half in halves.items()}, {name: half[1] for name, half in halves.items()}


def _by_encoder(models: Models, embeddings: tf.Tensor) -> dict[str, tf.Tensor]:
    """Takes the rows of `Models.embeddings` apart again."""
    if models.second_encoder is None:
        return {"embedding": embeddings}
    width = models.encoder_description.width
    return {"embedding": embeddings[:, :width], "second": embeddings[:, width:]}
