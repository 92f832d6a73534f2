"""Which blocks get a margin, and which."""

import numpy as np
import pytest

from facedancer_tf.margins.samples import DIFFERENT, SAME, SWAPPED_SOURCE, TARGET_SWAPPED
from facedancer_tf.margins.suggestion import is_half_swapped, suggest_margins

GROUPS = [str(number) for number in range(20)]


def around(mean, spread=0.05):
    """Twenty distances with that very mean."""
    return mean + spread * np.linspace(-1, 1, 20)


def of_swaps(target_swapped, swapped_source, different):
    return {
        TARGET_SWAPPED: around(target_swapped),
        SWAPPED_SOURCE: around(swapped_source),
        DIFFERENT: around(different),
    }


def suggest(distances, **settings):
    figures = suggest_margins(distances, GROUPS, 0, allowed={"deep", "middle", "shallow"}, **settings)
    return {block.block: (block.margin, block.why) for block in figures}


def test_views_leave_out_what_tells_people_apart():
    views = {
        "deep": {SAME: around(0.1), DIFFERENT: around(0.5)},
        "middle": {SAME: around(0.2, 0.2), DIFFERENT: around(0.3, 0.2)},
        "other": {SAME: around(0.2, 0.2), DIFFERENT: around(0.3, 0.2)},
        "embedding": {SAME: around(0.3), DIFFERENT: around(0.32)},
    }
    assert suggest(views) == {
        "deep": (None, "tells people apart"),
        "middle": (0.2, ""),
        "other": (None, "not among the blocks that recipes may name"),
        "embedding": (None, "the identity itself"),
    }
    assert suggest(views, identity_error_rate=0.0)["deep"] == (0.1, "")
    assert suggest(views, identity_error_rate=0.5)["middle"] == (None, "tells people apart")


def test_swaps_leave_out_what_holds_the_source():
    swaps = {
        "deep": of_swaps(0.5, 0.1, 0.6),  # the swapped face has its source's identity
        "middle": of_swaps(0.5, 0.49, 0.5),  # nearer to nobody
        "shallow": of_swaps(0.1234, 0.5, 0.5),
        "embedding": of_swaps(0.6, 0.3, 0.8),
    }
    assert suggest(swaps) == {
        "deep": (None, "tells people apart"),
        "middle": (None, "no nearer to the target than to the source"),
        "shallow": (0.1234, ""),
        "embedding": (None, "the identity itself"),
    }


def test_swaps_without_sources_have_margins_everywhere():
    found = {TARGET_SWAPPED: around(0.2), DIFFERENT: around(0.6)}
    assert suggest({"deep": found, "embedding": found})["deep"] == (0.2, "")


def test_figures_hold_means_interval_and_every_rate():
    (figures,) = suggest_margins({"shallow": of_swaps(0.1, 0.4, 0.4)}, GROUPS, 0, allowed={"shallow"})
    assert figures.means == pytest.approx({TARGET_SWAPPED: 0.1, SWAPPED_SOURCE: 0.4, DIFFERENT: 0.4})
    assert figures.interval[0] < 0.1 < figures.interval[1]
    assert figures.error_rates == pytest.approx(
        {
            (TARGET_SWAPPED, SWAPPED_SOURCE): 0,
            (TARGET_SWAPPED, DIFFERENT): 0,
            (SWAPPED_SOURCE, DIFFERENT): 0.5,
        }
    )


@pytest.mark.parametrize(("target_swapped", "half"), [(0.4, True), (0.6, False)])
def test_half_swapped(target_swapped, half):
    swaps = {"embedding": of_swaps(target_swapped, 0.5, 0.8)}
    assert is_half_swapped(suggest_margins(swaps, GROUPS, 0, allowed=())) is half


def test_views_are_not_half_swapped():
    views = {"embedding": {SAME: around(0.3), DIFFERENT: around(0.8)}}
    assert is_half_swapped(suggest_margins(views, GROUPS, 0, allowed=())) is False
