"""Each step of pasting is left out by one flag of every script that pastes."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

import evaluate
import swap_image
import swap_video
from facedancer_tf.swapping.paste_steps import PasteSteps
from tests.test_swap_image import BARACK, GRACE


@pytest.mark.parametrize(
    ("parse", "words"),
    [
        (swap_image.parse_arguments, (str(GRACE), str(BARACK))),
        (swap_video.parse_arguments, (str(GRACE), "clip.mp4")),
        (evaluate.parse_arguments, ()),
    ],
)
@pytest.mark.parametrize(
    ("flags", "steps"),
    [
        ((), PasteSteps()),
        (("--without-finest-detail",), PasteSteps(finest_detail=False)),
        (("--without-skin-colour",), PasteSteps(skin_colour=False)),
    ],
)
def test_a_flag_leaves_its_step_out(
    monkeypatch: pytest.MonkeyPatch,
    parse: Callable[[], Any],
    words: tuple[str, ...],
    flags: tuple[str, ...],
    steps: PasteSteps,
) -> None:
    monkeypatch.setattr(sys, "argv", ["script.py", *words, *flags])
    arguments = parse()
    assert PasteSteps(arguments.finest_detail, arguments.skin_colour) == steps
