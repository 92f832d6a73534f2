"""The right blocks get the right margins; equal-error rates equal numbers computed by hand."""

import numpy as np
import pytest

from facedancer_tf.margins.samples import DIFFERENT, SAME, SWAPPED_SOURCE, TARGET_SWAPPED
from facedancer_tf.margins.suggestion import equal_error_rate, is_half_swapped, suggest_margins

GROUPS = [str(number) for number in range(20)]


def around(mean, spread=0.05):
    """Twenty distances with exactly this mean."""
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


@pytest.mark.parametrize(
    ("near", "far", "expected"),
    [
        ([0.1, 0.2], [0.3, 0.4], 0.0),
        ([0.3, 0.4], [0.1, 0.2], 1.0),  # the wrong way round: every near one is the farther
        ([1, 2, 3], [2, 3, 4], 1 / 3),  # threshold 2: 3 is missed, 2 is let in
        ([1, 2, 3, 10], [4, 5, 6, 7], 1 / 4),
        (
            [1, 1],
            [1, 2],
            1 / 3,
        ),  # a tie: from (missed 1, let in 0) to (0, 1/2), equal after two thirds of the way
        ([5, 5, 5], [5, 5], 0.5),
        ([1, 2, 3, 4], [1, 2, 3, 4], 0.5),
        ([1, 3], [2], 0.5),  # threshold 1: missed 1/2, let in 0; threshold 2: missed 1/2, let in 1
    ],
)
def test_equal_error_rate(near, far, expected):
    assert equal_error_rate(np.array(near, float), np.array(far, float)) == pytest.approx(expected, abs=1e-12)


def test_equal_error_rate_of_two_normal_distributions():
    random = np.random.default_rng(0)
    near, far = random.normal(0, 1, 20000), random.normal(2, 1, 20000)
    assert equal_error_rate(near, far) == pytest.approx(0.1587, abs=0.005)  # Φ(-1)


def test_nothing_to_compare_is_refused():
    with pytest.raises(ValueError, match="must hold distances"):
        equal_error_rate(np.array([]), np.array([1.0]))
