"""Makes samples with a model: target, swapped and source crops as its training sees them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from data.manifest import Split
from facedancer_tf.errors import UserError
from facedancer_tf.margins.crop_sets import read_crops
from facedancer_tf.margins.samples import (
    BATCH,
    DIFFERENT,
    SWAPPED_SOURCE,
    TARGET_SWAPPED,
    Samples,
    stack_crops,
)
from facedancer_tf.swapping.engine import Engine
from facedancer_tf.training.pasting import paste_back
from facedancer_tf.weights.archive import fingerprint
from networks.encoders import prepare_pictures

KINDS = {
    TARGET_SWAPPED: ("target", "swapped"),
    SWAPPED_SOURCE: ("swapped", "source"),
    DIFFERENT: ("target", "source"),
}


def draw_swaps(people: Sequence[str], count: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """Draws at most `count` different pairs (target, source) of different people, as indices of pictures.

    Every picture is a target equally often. `people` names the person in each picture.
    """
    names = np.asarray(people)
    rounds = -(-count // max(1, len(names)))
    sources = []
    for person in names:
        strangers = np.flatnonzero(names != person)
        sources.append(random.choice(strangers, min(rounds, len(strangers)), replace=False).tolist())
    pairs = [
        (int(target), sources[target][number])
        for number in range(rounds)
        for target in random.permutation(len(names))
        if number < len(sources[target])
    ]
    return pairs[:count]


def samples_of_swaps(
    model: Path,
    pictures: Path,
    split: Split | None,
    count: int,
    seed: int,
    encoder_weights: str | None = None,
    pasted: bool = False,
) -> Samples:
    """Makes at most `count` swaps with the model file `model`, between people of the folder `pictures`.

    The folder holds picture files or shards. As in training, the generator's output is neither clipped nor rounded,
    and identities come from the crops that are swapped. encoder_weights: of the model's own encoder, where they are
    not found by themselves. pasted: each swapped crop is pasted into its target, as the encoder of a recipe with
    `encoder.pasted` sees it. Raises UserError for a missing or damaged file, or where there are fewer than two people.
    """
    engine = Engine(model, encoder_weights)
    recipe = engine.recipe
    random = np.random.default_rng(seed)
    faces = read_crops(pictures, split, count, recipe.size_px, recipe.shrink, random)
    pairs = draw_swaps(faces.people, count, random)
    if not pairs:
        raise UserError(f"{pictures} holds no pairs to swap: it takes pictures of two people or more")

    @tf.function(autograph=False, reduce_retracing=True)
    def swap(targets: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
        encoder_input = prepare_pictures(engine.encoder.description, sources, recipe.shrink)
        identities = engine.encoder.network(encoder_input, training=False)
        swapped = engine.generator([targets, identities], training=False)
        return paste_back(swapped, targets, recipe.shrink) if pasted else swapped

    def batches() -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, len(pairs), BATCH):
            part = np.array(pairs[start : start + BATCH])
            target, source = (stack_crops(faces.crops[part[:, side]]) for side in (0, 1))
            yield {"target": target, "swapped": swap(target, source).numpy(), "source": source}

    where = f"{len(faces.people)} pictures of {len(set(faces.people))} people"
    return Samples(
        batches=batches,
        kinds=KINDS,
        groups=[faces.people[target] for target, _ in pairs],
        shrink=recipe.shrink,
        origin=(
            f"measured on {len(pairs)} swaps among {where} by {model.name}, step {recipe.step}, "
            f"generator {fingerprint(engine.generator)[:12]}, trained with {recipe.encoder}"
            f"{', pasted into their targets' if pasted else ''}"
        ),
        material=faces.material,
        left_out=faces.left_out,
    )
