"""A model's description names the file from which its weights came, not the file that replaced it later."""

from hashlib import sha256

import numpy as np
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.systems import ModelSystem, SwappedCrop
from facedancer_tf.swapping.portraits import Portrait
from facedancer_tf.swapping.swapper import Swapper
from tests.facedancer_tf.conftest import write_tiny_model


def test_the_weights_that_are_measured_are_named(tmp_path):
    path = tmp_path / "model.keras"
    write_tiny_model(path, 0)
    digest = sha256(path.read_bytes()).hexdigest()
    model = ModelSystem("tiny", Swapper(path))
    write_tiny_model(path, 1)
    assert sha256(path.read_bytes()).hexdigest() != digest
    assert f"SHA-256 {digest[:12]}" in model.description
    assert "tiny (64 px, trained with the encoder sface" in model.description


def test_steps_of_pasting_that_are_left_out_are_named_and_left_out(tmp_path, barack):
    path = tmp_path / "model.keras"
    write_tiny_model(path, 0)
    whole, plain = (
        ModelSystem("tiny", Swapper(path, finest_detail=on, skin_colour=on)) for on in (True, False)
    )
    assert "pasted" not in whole.description
    assert plain.description.endswith(", pasted without finest detail and skin colour)")
    face = plain._swapper.detect(barack)[0]
    target = Portrait(path, barack, face)
    crop, transform = plain._swapper.cut(barack, face)
    same = SwappedCrop(crop, crop, transform)
    np.testing.assert_array_equal(whole.paste(target, same), barack)
    assert (plain.paste(target, same) != barack).any()


def test_a_file_replaced_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    write_tiny_model(path, 0)
    swapper = Swapper(path)
    digests = iter(["before", "after"])
    monkeypatch.setattr("facedancer_tf.evaluation.systems.sha256_of", lambda _: next(digests))
    with pytest.raises(UserError, match=r"model\.keras was replaced while it was read"):
        ModelSystem("tiny", swapper)
