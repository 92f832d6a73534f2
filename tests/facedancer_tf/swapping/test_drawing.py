"""Heads stand above their columns and change nothing below."""

import numpy as np

from facedancer_tf.swapping.drawing import draw_heads


def test_every_column_gets_its_head():
    grid = np.tile(np.array([0, 50, 100], np.uint8).repeat(64)[None, :, None], (128, 1, 3))
    drawn = draw_heads(grid, ["source", "reconstruction", "mask 8 px"])
    above = len(drawn) - len(grid)
    np.testing.assert_array_equal(drawn[above:], grid)
    ink = np.any(drawn[:above] < 128, axis=-1)
    assert all(ink[:, start : start + 64].any() for start in (0, 64, 128))
    assert not ink[:, [0, 63, 64, 127, 128, 191]].any()  # no head leaves its column
