"""Writes the pairs file of a published protocol from your own copy of its data; evaluate.py reads it.

    python scripts/make_pairs.py ffpp FaceForensics++/ -o pairs_ffpp/            pairs by manipulated videos' names
    python scripts/make_pairs.py ffpp FaceForensics++/ --list test.json -o pairs_ffpp/
    python scripts/make_pairs.py aflw2000 AFLW2000/ --count 2000 -o pairs_aflw/

ffpp: FaceForensics++, 10 random frames of every original video (facedancer_tf/evaluation/faceforensics.py says which
choices are the paper's). aflw2000: AFLW2000-3D, random pairs over image*.jpg; the paper says no more than that, so
their number and the uniform draw are ours.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from facedancer_tf.command_line import Parser
from facedancer_tf.errors import UserError, run_main
from facedancer_tf.evaluation.faceforensics import FRAMES_PER_VIDEO, faceforensics_pairs
from facedancer_tf.evaluation.pairs import Photograph, draw_pairs
from facedancer_tf.evaluation.pairs_csv import write_pairs_csv
from facedancer_tf.weights.catalogue import sha256_of
from facedancer_tf.writing import make_folder


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument("protocol", choices=("ffpp", "aflw2000"))
    parser.add_argument("folder", type=Path, help="your copy of the data")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, help="folder of pairs.csv and, for ffpp, the frames"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", type=Path, help="ffpp: a JSON list of [target, source], like test.json")
    parser.add_argument(
        "--frames", type=int, default=FRAMES_PER_VIDEO, help="ffpp: frames of each video (10)"
    )
    parser.add_argument("--count", type=int, default=2000, help="aflw2000: how many pairs (2000)")
    arguments = parser.parse_args()
    if arguments.seed < 0 or arguments.frames < 1:
        parser.error("--seed must be 0 or more and --frames 1 or more")
    if not arguments.folder.is_dir():
        raise UserError(f"there is no folder {arguments.folder}; name your copy of the data", "missing")
    make_folder(arguments.output)
    if arguments.protocol == "ffpp":
        pairs = faceforensics_pairs(
            arguments.folder, arguments.list, arguments.output / "frames", arguments.seed, arguments.frames
        )
        listed = "names of manipulated videos"
        if arguments.list:
            listed = f"{arguments.list.name} (SHA-256 {sha256_of(arguments.list)[:12]}) in both directions"
        made_from = (
            f"FaceForensics++, {listed}, {arguments.frames} frames of each video, seed {arguments.seed}"
        )
    else:
        photographs = [Photograph(path, path.stem) for path in sorted(arguments.folder.rglob("image*.jpg"))]
        pairs = draw_pairs(photographs, arguments.count, arguments.seed, arguments.folder)
        drawn = f"{len(pairs)} pairs at random among {len(photographs)} pictures"
        made_from = f"AFLW2000-3D, {drawn}, seed {arguments.seed}"
    path = arguments.output / "pairs.csv"
    write_pairs_csv(path, pairs, made_from)
    print(f"{len(pairs)} pairs written; now: python evaluate.py --pairs {path}")


if __name__ == "__main__":
    run_main(main)
