"""The paper's ablations in miniature: trains every arm with every seed, evaluates all, writes one table and one plot.

    python scripts/ablate.py --data datasets/faces --pairs photographs/

Fusion (AFFA, sum, concatenation, none) and IFSR (on, off, margins times 0.8), at equal budget, data and seeds. Stopped
at any moment, the same command goes on. The plot needs matplotlib (bash setup.sh dev).
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from facedancer_tf.errors import UserError, run_main

ROOT = Path(__file__).resolve().parents[1]
RECIPE = ROOT / "configs" / "ablation.yaml"


def _fusion(kind: str) -> list[str]:
    return ["--generator.fusion", f"[{', '.join([kind] * 6)}]"]


REFERENCE = "AFFA"
ARMS: dict[str, list[str]] = {
    REFERENCE: _fusion("affa"),
    "sum": _fusion("add"),
    "concatenation": _fusion("concat"),
    "no skip": _fusion("no_skip"),
    "AFFA, no IFSR": [*_fusion("affa"), "--loss.ifsr", "0.0"],
    "AFFA, margins x 0.8": [*_fusion("affa"), "--loss.ifsr_scale", "0.8"],
}
# key in results.json: heading, digits
COLUMNS = {
    "retrieval_top1": ("ID % ↑", 1),
    "nearer_to_source": ("nearer to source % ↑", 1),
    "cosine_to_source": ("cosine to source ↑", 4),
    "pose": ("pose ° ↓", 2),
    "expression": ("expression ↓", 3),
    "self_psnr_db": ("self-swap PSNR dB ↑", 1),
}


def folder_of(runs: Path, arm: str, seed: int) -> Path:
    """The run folder of one arm and seed."""
    return runs / f"{arm.lower().replace(',', '').replace(' ', '-')}-seed-{seed}"


def train_all(runs: Path, data: Path, seeds: list[int], flags: list[str]) -> None:
    """Trains what is not finished; raises UserError where a run ends with an error."""
    for seed in seeds:
        for arm, changes in ARMS.items():
            run = folder_of(runs, arm, seed)
            print(f"== {arm}, seed {seed}", flush=True)
            command = [sys.executable, "train.py", "--config", str(RECIPE), "--run", str(run),
                       "--data.folder", str(data), "--seed", str(seed), *changes, *flags]  # fmt: skip
            if subprocess.run(command, cwd=ROOT).returncode:
                raise UserError(f"training {run} failed, see above; the same command goes on from there")


def evaluate_all(
    runs: Path, seeds: list[int], pairs: str, count: int
) -> dict[tuple[str, int], dict[str, float]]:
    """evaluate.py's means by arm and seed."""
    models = {(arm, seed): folder_of(runs, arm, seed) / "model.keras" for seed in seeds for arm in ARMS}
    named = [part for path in models.values() for part in ("--model", str(path))]
    command = [sys.executable, "evaluate.py", *named, "--pairs", pairs, "--count", str(count),
               "-o", str(runs / "evaluation")]  # fmt: skip
    if subprocess.run(command, cwd=ROOT).returncode:
        raise UserError("evaluate.py failed, see above")
    systems = json.loads((runs / "evaluation" / "results.json").read_text(encoding="utf-8"))["systems"]
    return {
        which: {key: systems[str(path)]["means"][key]["mean"] for key in COLUMNS}
        for which, path in models.items()
    }


def differs(values: dict[tuple[str, int], dict[str, float]], arm: str, key: str, seeds: list[int]) -> bool:
    """Whether an arm's mean is further from the reference's than seeds of either are from one another."""
    ours, theirs = (np.array([values[name, seed][key] for seed in seeds]) for name in (arm, REFERENCE))
    return abs(ours.mean() - theirs.mean()) > max(np.ptp(ours), np.ptp(theirs))


def table(values: dict[tuple[str, int], dict[str, float]], seeds: list[int]) -> str:
    """Markdown: mean over the seeds ± half their range; in brackets what differs from AFFA by less than seeds do."""
    lines = ["| | " + " | ".join(heading for heading, _ in COLUMNS.values()) + " |"]
    lines.append("|---" * (len(COLUMNS) + 1) + "|")
    for arm in ARMS:
        cells = []
        for key, (_, digits) in COLUMNS.items():
            numbers = np.array([values[arm, seed][key] for seed in seeds])
            cell = f"{numbers.mean():.{digits}f} ± {np.ptp(numbers) / 2:.{digits}f}"
            cells.append(cell if arm == REFERENCE or differs(values, arm, key, seeds) else f"({cell})")
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def plot(values: dict[tuple[str, int], dict[str, float]], seeds: list[int], path: Path) -> None:
    """Identity against pose and against expression: small points are seeds, large ones their means."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
    for axis, key in zip(axes, ("pose", "expression"), strict=True):
        for number, arm in enumerate(ARMS):
            points = np.array([[values[arm, seed][k] for k in (key, "cosine_to_source")] for seed in seeds])
            axis.scatter(*points.T, s=14, color=f"C{number}")
            axis.scatter(*points.mean(axis=0), s=90, color=f"C{number}", alpha=0.6, label=arm)
        axis.set_xlabel(f"{COLUMNS[key][0].removesuffix(' ↓')} (to the left is better)")
    axes[0].set_ylabel("cosine to source (up is better)")
    axes[1].legend(fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("datasets/faces"), help="folder of shards")
    parser.add_argument(
        "--pairs", default="bundled", help="as evaluate.py takes it; none of the shards' people"
    )
    parser.add_argument("--count", type=int, default=200, help="pairs drawn from a folder (200)")
    parser.add_argument("--runs", type=Path, default=Path("runs/ablation"), help="folder of the runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1], help="two at least (0 1)")
    parser.add_argument("--steps", type=int, help="of every arm (the recipe's)")
    arguments = parser.parse_args()
    if len(set(arguments.seeds)) < 2:
        raise UserError(
            "name two different --seeds at least: without them no difference can be told from chance"
        )
    data, runs = arguments.data.resolve(), arguments.runs.resolve()
    train_all(runs, data, arguments.seeds, ["--steps", str(arguments.steps)] if arguments.steps else [])
    values = evaluate_all(runs, arguments.seeds, arguments.pairs, arguments.count)
    shown = table(values, arguments.seeds)
    (runs / "ablation.md").write_text(shown + "\n", encoding="utf-8")
    plot(values, arguments.seeds, runs / "ablation.png")
    print(f"{shown}\n\n{runs / 'ablation.md'} and ablation.png written")


if __name__ == "__main__":
    run_main(main)
