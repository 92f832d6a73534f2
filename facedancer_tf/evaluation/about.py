"""The caption of an evaluation: says with what it was measured. No number is printed without it."""

from collections import Counter
from collections.abc import Sequence

from data.folders import words
from facedancer_tf import __version__
from facedancer_tf.evaluation.evaluation import Evaluation
from facedancer_tf.evaluation.meter import Meter
from facedancer_tf.evaluation.slices import WORST_PAIRS_MIN, Slice, lower_small_slices
from facedancer_tf.evaluation.systems import ModelSystem
from facedancer_tf.judging.bootstrap import DRAWS


def describe_evaluation(
    evaluation: Evaluation, meter: Meter, models: Sequence[ModelSystem], seed: int
) -> dict[str, str]:
    """A name and a sentence for everything that a number depends on."""
    pair_set, unusable = evaluation.pair_set, evaluation.portraits.unusable
    people = len({photograph.identity for photograph in pair_set.gallery})
    reasons = Counter(unusable.values())
    reasons.update({words(reason): len(names) for reason, names in pair_set.not_listed.items()})
    left_out = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    sides = {side for pair in pair_set.pairs for side in (pair.source, pair.target)}
    sources = len({pair.source for pair in pair_set.pairs})
    others = len(set(pair_set.gallery) - sides)
    small = _describe_small(evaluation, [model.name for model in models])
    groups = len({pair.people for pair in pair_set.pairs})
    return {
        "models": "; ".join(model.description for model in models),
        "faces found by": meter.detector.name,
        "identity judged by": meter.judge.name,
        "pairs": f"{len(pair_set.pairs)} of {pair_set.name}; {pair_set.sampling}",
        "gallery": f"{len(pair_set.gallery)} pictures of {people} people: {sources} sources, "
        f"{len(pair_set.gallery) - sources - others} further targets, {others} others",
        "left out": f"{evaluation.pairs_asked - len(pair_set.pairs)} of {evaluation.pairs_asked} pairs, "
        f"{reasons.total()} files" + (f" ({left_out})" if left_out else ""),
        "pose and expression by": "face-api.js networks: 68 landmarks with a head fitted to them, 7 expressions",
        **({"FID by": meter.inception.description} if meter.inception else {}),
        "seed": f"{seed}",
        "intervals": f"± is half the 95 % interval, percentile bootstrap: {DRAWS} draws of {groups} groups, a group "
        "being all pairs of one person into another",
        "slices": _describe_slices(evaluation.slices),
        **({"small slices": small} if small else {}),
        "measured by": f"facedancer_tf {__version__}, on whole pictures after pasting; faces found and aligned anew",
    }


def _describe_slices(slices: Sequence[Slice]) -> str:
    """What the slices are, the smallest of them, and whether one of sources is large enough to be the worst."""
    kinds = " and ".join(dict.fromkeys(one.by for one in slices))
    smallest = min(slices, key=lambda one: len(one.indices))
    pairs = len(smallest.indices)
    size = "1 pair" if pairs == 1 else f"{pairs} pairs"
    large = any(one.can_be_worst for one in slices)
    worst = f"the worst is sought among those of sources with {WORST_PAIRS_MIN} pairs or more"
    return f"pairs by {kinds} of source and of target; the smallest: {smallest.title}, {size}; {worst}" + (
        "" if large else ", but none has as many"
    )


def _describe_small(evaluation: Evaluation, models: Sequence[str]) -> str:
    """The slices that may be worse than the worst, but are small; "" where there is none."""
    hints = [
        f"{row.name} {one.title}, {found:.1f} % of {len(one.indices)} pairs"
        for row in evaluation.rows
        if row.name in models
        for one, found in lower_small_slices(evaluation.slices, row.values, row.worst)
    ]
    return (
        "found less often still, but of too few pairs to say (measure more): " + "; ".join(hints)
        if hints
        else ""
    )
