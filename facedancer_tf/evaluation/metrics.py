"""The numbers of an evaluation: the name of each in a table, its unit, and whether more or less is better."""

from dataclasses import dataclass

from facedancer_tf.evaluation.judges import Judge

UP, DOWN, NEITHER = "↑", "↓", ""


@dataclass(frozen=True)
class Metric:
    """One number. key: its name in results.json and results.csv. title: its name in tables. meaning: one clause."""

    key: str
    title: str
    better: str
    decimals: int
    meaning: str

    @property
    def heading(self) -> str:
        """Title with its arrow."""
        return f"{self.title} {self.better}".strip()


def metric_groups(judge: Judge) -> dict[str, list[Metric]]:
    """The tables in their order, the paper's first."""
    measure_better = DOWN if judge.nearer < 0 else UP
    measure = "dist." if judge.nearer < 0 else "cos."
    return {
        "In the paper's form": [
            Metric(
                "retrieval_top1", "ID %", UP, 1, "swapped faces whose nearest in the gallery is their source"
            ),
            Metric("pose", "pose °", DOWN, 2, "length of the change of yaw, pitch and roll"),
            Metric("expression", "expr.", DOWN, 3, "euclidean distance of 7 expression probabilities"),
        ],
        "Identity": [
            Metric("retrieval_top5", "top 5 %", UP, 1, "source among the five nearest of the gallery"),
            Metric("nearer_to_source", "nearer %", UP, 1, "more like the source's picture than the target's"),
            Metric("retrieval_top1_jpeg", "JPEG ID %", UP, 1, "retrieval after JPEG of quality 75"),
            Metric(
                "to_source",
                f"{measure} source",
                measure_better,
                3,
                f"{judge.measure} to the source's picture",
            ),
            Metric("to_target", f"{measure} target", NEITHER, 3, f"{judge.measure} to the target's picture"),
            Metric("lost", "lost %", DOWN, 1, "no face is found any more; counts as a miss, else left out"),
        ],
        "Cosines": [
            Metric("cosine_to_source", "to source", UP, 4, "cosine to the source's picture"),
            Metric("cosine_to_target", "to target", NEITHER, 4, "cosine to the target's picture"),
            Metric("cosine_to_others", "to others (control)", NEITHER, 4, "mean cosine to uninvolved people"),
        ],
        "Pose and expression": [
            Metric("yaw", "yaw °", DOWN, 2, "mean absolute change of yaw"),
            Metric("pitch", "pitch °", DOWN, 2, "mean absolute change of pitch"),
            Metric("pose_turned", "turned pose °", DOWN, 2, "pose, of targets turned by more than 20°"),
            Metric(
                "shape", "eyes, mouth", DOWN, 4, "landmarks of eyes and mouth, in distances between the eyes"
            ),
        ],
        "Paste": [
            Metric(
                "sharpness",
                "sharpness",
                UP,
                3,
                "energy of the finest octave over that of the target's own face",
            ),
            Metric("seam", "seam ΔE", DOWN, 2, "change of the colour step across the paste's rim"),
            Metric("rim_step", "rim step ΔE", NEITHER, 2, "the step in the finished picture"),
            Metric("rim_step_target", "(target's)", NEITHER, 2, "the step in the untouched picture"),
        ],
        "Picture": [
            Metric("self_l1", "self L1", DOWN, 2, "target swapped with itself, grey levels, on the crop"),
            Metric("self_psnr_db", "PSNR dB", UP, 1, "the same; equal crops have none"),
            Metric("self_ssim", "SSIM", UP, 3, "the same"),
            Metric(
                "background", "background", DOWN, 2, "change around the face, grey levels, before pasting"
            ),
            Metric(
                "occluder", "occluder", DOWN, 2, "change of a drawn occluder, grey levels, before pasting"
            ),
            Metric(
                "occluder_gone", "(if gone)", NEITHER, 2, "the same where the swap never saw the occluder"
            ),
        ],
    }
