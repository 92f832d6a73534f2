"""The paper's ablations in miniature: trains all arms with all seeds, evaluates them, writes a table and plots.

    python scripts/ablate.py --data datasets/faces --pairs photographs/

The arms differ in fusion (AFFA, sum, concatenation, none) or IFSR (on, off, margins times 0.8); budget, data and seeds
are equal. If the script is stopped, the same command goes on. The plots need matplotlib (bash setup.sh dev).
"""

import argparse
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from data.manifest import Manifest, read_manifest
from data.pictures import read_picture
from data.whole_files import whole_file
from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.evaluation.output_folder import check_apart, check_output
from facedancer_tf.evaluation.pair_set import read_pair_set
from facedancer_tf.provenance.swapped import Swapped, UsedModel
from facedancer_tf.provenance.writing import write_swapped
from facedancer_tf.training.config import TrainConfig, parse_config
from facedancer_tf.training.run_folder import PICTURES
from facedancer_tf.writing import reported, write_text

ROOT = Path(__file__).resolve().parents[1]
RECIPE = ROOT / "configs" / "ablation.yaml"
EVALUATION = "evaluation"  # the folder that evaluate.py writes, beside the runs
GALLERY, PAIRS_SEED = 500, 1  # of the evaluation


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
Means = dict[str, float]  # column → mean over the pairs, NaN where there is none
Values = dict[tuple[str, int], Means]  # by arm and seed


def folder_of(runs: Path, arm: str, seed: int) -> Path:
    """The run folder of one arm and seed."""
    return runs / f"{arm.lower().replace(',', '').replace(' ', '-')}-seed-{seed}"


def flags_of(runs: Path, data: Path, arm: str, seed: int, steps: int | None) -> list[str]:
    """train.py's flags for one arm and seed."""
    run = folder_of(runs, arm, seed)
    common = ["--config", str(RECIPE), "--run", str(run), "--data.folder", str(data), "--seed", str(seed)]
    return [*common, *ARMS[arm], *(["--steps", str(steps)] if steps is not None else [])]


def train_all(runs: Path, data: Path, seeds: list[int], steps: int | None) -> None:
    """Trains all runs that are not finished; raises UserError where a run ends with an error."""
    for seed in seeds:
        for arm in ARMS:
            print(f"== {arm}, seed {seed}", flush=True)
            command = [sys.executable, "train.py", *flags_of(runs, data, arm, seed, steps)]
            if subprocess.run(command, cwd=ROOT).returncode:
                run = folder_of(runs, arm, seed)
                raise UserError(f"training {run} failed, see above; the same command goes on from there")


def evaluate_all(
    runs: Path, seeds: list[int], pairs: str, count: int
) -> tuple[Values, tuple[str, Means], dict[str, str]]:
    """Runs evaluate.py; returns the means of the arms and of the shrunk target, and its notes on the measurement."""
    models = {(arm, seed): folder_of(runs, arm, seed) / "model.keras" for seed in seeds for arm in ARMS}
    model_flags = [part for path in models.values() for part in ("--model", str(path))]
    command = [sys.executable, "evaluate.py", *model_flags, "--pairs", pairs, "--count", str(count),
               "--gallery", str(GALLERY), "--seed", str(PAIRS_SEED), "-o", str(runs / EVALUATION)]  # fmt: skip
    if subprocess.run(command, cwd=ROOT).returncode:
        raise UserError("evaluate.py failed, see above")
    results = json.loads((runs / EVALUATION / "results.json").read_text(encoding="utf-8"))

    def means(system: str) -> Means:
        system_means = results["systems"][system]["means"]
        return {
            key: float("nan") if system_means[key]["mean"] is None else system_means[key]["mean"]
            for key in COLUMNS
        }

    floor = next(system for system in results["systems"] if system.startswith("target at "))
    return (
        {which: means(str(path)) for which, path in models.items()},
        (floor, means(floor)),
        results["about"],
    )


def differs(values: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Whether the means over seeds are further apart than the seeds of either side; [..., seeds] → [...]."""
    spread = np.maximum(np.ptp(values, axis=-1), np.ptp(reference, axis=-1))
    return np.abs(values.mean(axis=-1) - reference.mean(axis=-1)) > spread


def chance_rate(seeds: int) -> float:
    """How often `differs` is true where there is no difference, by a million draws of normally distributed seeds."""
    return float(differs(*np.random.default_rng(0).normal(size=(2, 1_000_000, seeds))).mean())


def table(values: Values, seeds: list[int], floor: tuple[str, Means]) -> str:
    """The table in Markdown: mean over the seeds ± half their range; brackets where there is no difference."""
    lines = ["| | " + " | ".join(heading for heading, _ in COLUMNS.values()) + " |"]
    lines.append("|---" * (len(COLUMNS) + 1) + "|")
    for arm in ARMS:
        cells = []
        for key, (_, digits) in COLUMNS.items():
            ours, reference = (np.array([values[a, seed][key] for seed in seeds]) for a in (arm, REFERENCE))
            if np.isnan(ours).any():
                cells.append("-")
                continue
            cell = f"{ours.mean():.{digits}f} ± {np.ptp(ours) / 2:.{digits}f}"
            cells.append(cell if arm == REFERENCE or differs(ours, reference) else f"({cell})")
        lines.append(f"| {arm} | " + " | ".join(cells) + " |")
    name, means = floor
    cells = ["-" if np.isnan(means[k]) else f"{means[k]:.{digits}f}" for k, (_, digits) in COLUMNS.items()]
    lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def caption(about: dict[str, str], config: TrainConfig, manifest: Manifest, seeds: list[int]) -> str:
    """Says what the table's numbers mean and on what they depend. config: of any arm."""
    rate = chance_rate(len(seeds))
    cells = (len(ARMS) - 1) * len(COLUMNS)
    measured = "; ".join(
        f"{name}: {words}" for name, words in about.items() if name not in ("models", "intervals")
    )
    trained = (
        f"{config.steps} steps of {config.batch_size} samples an arm ({config.steps * config.batch_size} samples), "
        f"{config.size_px} px, on {manifest.count('train')} pictures of {config.data.folder.name}; "
        f"recipe {RECIPE.relative_to(ROOT)}"
    )
    return (
        f"Each cell: mean over {len(seeds)} seeds ({', '.join(map(str, seeds))}) ± half the range of the seeds. "
        f"Brackets mean no difference: the cell is no further from {REFERENCE} than the seeds of one of the two arms "
        f"are from one another. If all arms were in truth equal, {100 * rate:.1f} % of cells would stand without "
        f"brackets by chance (if seeds scatter normally): some {rate * cells:.1f} of these {cells}. Last row: the "
        f"target itself, shrunk, which is what a copy would score.\n\nTrained: {trained}.\n\nMeasured: {measured}."
    )


def plot(values: Values, seeds: list[int], floor: tuple[str, Means], path: Path) -> None:
    """Plots identity against pose and against expression: small points are seeds, large points are their means."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained", sharey=True)
    for axis, key in zip(axes, ("pose", "expression"), strict=True):
        for number, arm in enumerate(ARMS):
            points = np.array([[values[arm, seed][k] for k in (key, "cosine_to_source")] for seed in seeds])
            axis.scatter(*points.T, s=14, color=f"C{number}")
            axis.scatter(*points.mean(axis=0), s=90, color=f"C{number}", alpha=0.6, label=arm)
        name, means = floor
        axis.scatter(means[key], means["cosine_to_source"], s=60, color="black", marker="x", label=name)
        axis.set_xlabel(f"{COLUMNS[key][0].removesuffix(' ↓')} (to the left is better)")
    axes[0].set_ylabel("cosine to source (up is better)")
    axes[1].legend(fontsize=8)
    with reported(path), whole_file(path) as file:
        figure.savefig(file, format="png", dpi=110)
    pyplot.close(figure)


def faces(runs: Path, seed: int, size_px: int, path: Path) -> None:
    """Writes a picture of held-out pairs of one seed: source, target, then a column per arm in the table's order."""
    grids = [read_picture(max((folder_of(runs, arm, seed) / PICTURES).iterdir())).rgb for arm in ARMS]
    columns = [grids[0][:, : 2 * size_px], *(grid[:, 2 * size_px : 3 * size_px] for grid in grids)]
    write_swapped(path, Swapped(np.hstack(columns), [UsedModel(arm) for arm in ARMS]))


def parse_arguments() -> argparse.Namespace:
    """Reads the command line and checks it without opening files; makes paths absolute."""
    parser = Parser(__doc__)
    parser.add_argument("--data", type=Path, default=Path("datasets/faces"), help="folder of shards")
    parser.add_argument(
        "--pairs", required=True, help="as evaluate.py takes it; show none of the shards' people"
    )
    parser.add_argument("--count", type=int, default=200, help="how many pairs to draw from a folder (200)")
    parser.add_argument("--runs", type=Path, default=Path("runs/ablation"), help="folder of the runs")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="two seeds at least (0 1 2)")
    parser.add_argument("--steps", type=int, help="steps of every arm (the recipe's)")
    arguments = parser.parse_args()
    if len(set(arguments.seeds)) < 2 or len(set(arguments.seeds)) < len(arguments.seeds):
        parser.error("--seeds must be different, two at least, for no difference is told from chance by one")
    arguments.data, arguments.runs = arguments.data.resolve(), arguments.runs.resolve()
    if arguments.pairs != "bundled":
        arguments.pairs = str(Path(arguments.pairs).resolve())
    return arguments


def main() -> None:
    arguments = parse_arguments()
    data, runs, seeds = arguments.data, arguments.runs, arguments.seeds
    if importlib.util.find_spec("matplotlib") is None:
        raise UserError("the plot needs matplotlib, which is not installed: `bash setup.sh plot` brings it")
    pair_set = read_pair_set(arguments.pairs, arguments.count, GALLERY, PAIRS_SEED)
    check_output(runs / EVALUATION)  # else evaluate.py would refuse it hours later
    check_apart(runs / EVALUATION, arguments.pairs, pair_set)
    try:
        manifest = read_manifest(data)
    except ValueError as error:
        raise UserError(str(error)) from error
    configs = [parse_config(flags_of(runs, data, arm, s, arguments.steps)) for arm in ARMS for s in seeds]

    train_all(runs, data, seeds, arguments.steps)
    values, floor, about = evaluate_all(runs, seeds, arguments.pairs, arguments.count)
    shown = f"{caption(about, configs[0], manifest, seeds)}\n\n{table(values, seeds, floor)}"
    write_text(runs / "ablation.md", shown + "\n")
    plot(values, seeds, floor, runs / "ablation.png")
    print(f"{shown}\n\n{runs / 'ablation.md'} and ablation.png written")
    if manifest.count("validation"):  # without them training leaves no pictures
        faces(runs, seeds[0], configs[0].size_px, runs / "ablation_faces.png")
        print(f"{runs / 'ablation_faces.png'} written")


if __name__ == "__main__":
    run_main(main)
