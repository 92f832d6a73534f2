"""Tests which of AFFA's masks says where a face is, and what is made of it."""

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest

from facedancer_tf.swapping.engine import as_crops, as_pictures
from facedancer_tf.video.seeing_generator import SeeingGenerator
from networks.generator import build_generator

SIZE_PX = 64


def engine(fusion: tuple[str, ...]) -> Any:
    """What `SeeingGenerator` needs of an engine, with an untrained generator."""
    keras.utils.set_random_seed(1)
    generator = build_generator(SIZE_PX, 8, base_filters=4, fusion=fusion, mapping_width=8)
    return SimpleNamespace(generator=generator, recipe=SimpleNamespace(size_px=SIZE_PX, shrink=1.0))


def faces(middle_at: float = 0.6) -> np.ndarray:
    """Crops uint8 [3, S, S, 3]: a bright disc, the face, before a dark background; noise."""
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX] / SIZE_PX
    disc = np.hypot((x - 0.5) / 0.36, (y - middle_at) / 0.34) < 1
    random = np.random.default_rng(0)
    levels = np.where(disc[None, ..., None], 200, 40) + random.normal(0, 4, (3, SIZE_PX, SIZE_PX, 3))
    return levels.astype(np.uint8)


IDENTITIES = np.random.default_rng(1).standard_normal((3, 8)).astype(np.float32)


def test_a_generator_without_affa_sees_the_face_everywhere() -> None:
    plain = engine(("no_skip",) * 5 + ("concat",))
    generator = SeeingGenerator(plain, faces(), IDENTITIES[0])
    assert generator.mask is None
    swapped, seen = generator.swap_crops(faces(), IDENTITIES)
    assert (seen == 1).all()
    expected = as_crops(plain.generator([as_pictures(faces()), keras.ops.convert_to_tensor(IDENTITIES)]))
    np.testing.assert_array_equal(swapped, keras.ops.convert_to_numpy(expected))


@pytest.mark.parametrize("sign", [4.0, -4.0])
def test_the_mask_that_parts_the_face_is_found_whichever_way_round_it_is(sign: float) -> None:
    """One mask is made to follow brightness; the others, and its sign, are as they may be."""
    with_affa = engine(("no_skip", "no_skip", "no_skip", "no_skip", "no_skip", "affa"))
    network = with_affa.generator
    stem = network.get_layer("encoder_stem")
    kernel, bias = stem.get_weights()
    kernel[:] = 0
    kernel[1, 1] = 1
    stem.set_weights([kernel, 0 * bias])
    hidden = next(layer for layer in network.layers if layer.name.endswith("affa_hidden"))
    kernel, bias = hidden.get_weights()
    kernel[:] = 0
    kernel[1, 1, :4] = 1  # the target's half
    hidden.set_weights([kernel, 0 * bias])
    mask = next(layer for layer in network.layers if layer.name.endswith("mask_conv"))
    kernel, bias = mask.get_weights()
    mask.set_weights([np.full_like(kernel, sign), 0 * bias])
    generator = SeeingGenerator(with_affa, faces(), IDENTITIES[0])
    assert generator.mask == "decoder_final_affa_mask"
    _, seen = generator.swap_crops(faces(), IDENTITIES)
    scale = seen.shape[1] / SIZE_PX
    assert (seen[:, int(38 * scale), int(32 * scale)] == 1).all()
    assert (seen[:, int(4 * scale), int(4 * scale)] < 0.05).all()
