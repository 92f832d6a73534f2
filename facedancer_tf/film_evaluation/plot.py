"""Plots a film's values over time."""

from pathlib import Path

from facedancer_tf.film_evaluation.measuring import Values
from facedancer_tf.plots import load_pyplot, write_plot

# For each panel its label, and the values in it with what they are called there.
PANELS = {
    "dlib distance": {"to_source": "to the source", "to_person": "to the target's person"},
    "yaw, degrees": {"target_yaw": "target", "swapped_yaw": "swapped"},
    "mouth and eyes open": {
        "target_mouth": "mouth, target", "swapped_mouth": "mouth, swapped",
        "target_eyes": "eyes, target", "swapped_eyes": "eyes, swapped",
    },
    "landmarks' second\ndifference, px": {"jitter_target_px": "target", "jitter_swapped_px": "swapped"},
    "excess warping, 1e-3": {"warping": "warping"},
    "flicker, levels": {"flicker": "flicker"},
}  # fmt: skip


def plot_values(path: Path, values: Values, title: str) -> None:
    """Writes the plot as PNG: six panels above each other; dropped frames are grey behind the first of them."""
    figure, axes = load_pyplot().subplots(
        len(PANELS), figsize=(11, 13), sharex=True, layout="constrained", squeeze=False
    )
    times = values["time_s"]
    for axis, (label, lines) in zip(axes[:, 0], PANELS.items(), strict=True):
        for name, legend in lines.items():
            axis.plot(times, values[name], linewidth=1, label=legend)
        axis.set_ylabel(label)
        axis.grid(alpha=0.3)
        axis.legend(loc="upper right", fontsize=8)
    for time in times[values["dropped"] == 1]:
        axes[0, 0].axvline(time, color="0.7", linewidth=2, zorder=0)
    axes[0, 0].set_title(title)
    axes[-1, 0].set_xlabel("time, s; grey: dropped frames")
    write_plot(path, figure)
