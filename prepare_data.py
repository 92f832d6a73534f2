"""Makes training shards of aligned faces, from folders of pictures or from synthetic faces.

    python prepare_data.py photos/ more_photos/ --output datasets/mine --workers 4
    python prepare_data.py --synthetic 2000 --views 3 --output datasets/synthetic

If the script is stopped, the same command goes on where it was. If pictures were added since, it adds theirs.
--cluster shares the work among many machines by Dask (see docs/distributed.md).
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any, get_args

from facedancer_tf.errors import UserError, run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.shown_text import say

# Also in worker processes, but not in a test that imports this file.
if __name__ in ("__main__", "__mp_main__"):
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")  # the accelerator is left to training
    load_tensorflow_quietly()

from data.clusters.connection import LOCAL, ClusterLost, connected
from data.faces.detection import DETECTORS
from data.faces.face import DetectorUnavailable
from data.folders import LeftOut, digest_listing, list_pictures, words
from data.picture_kinds import READ_SUFFIXES
from data.preparing.face_records import FaceSettings
from data.preparing.looks import parse_shares
from data.preparing.openvino_networks import SyntheticUnavailable
from data.preparing.report import report_table
from data.preparing.rounds import ShardsRefused, plan_rounds, read_rounds
from data.preparing.shard_plan import ShardPlan
from data.preparing.shards import By, make_shards
from data.preparing.synthetic import SyntheticSettings, synthetic_people
from data.records import SCHEMA_VERSION
from facedancer_tf.command_line import Parser


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Reads the command line; its help text is the manual."""
    parser = Parser(__doc__)
    parser.add_argument(
        "folders", nargs="*", type=Path, help="folders of pictures (JPEG, PNG, WebP, BMP), searched in depth"
    )
    parser.add_argument("--output", "-o", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--size-px", type=int, default=256, help="side of the aligned crops (default 256)")
    parser.add_argument(
        "--shrink", type=float, default=1.0, help="below 1 keeps more background (default 1.0)"
    )
    parser.add_argument(
        "--detector",
        choices=tuple(DETECTORS),
        default="yunet",
        help="face detector; insightface's model is for non-commercial research (default yunet)",
    )
    parser.add_argument(
        "--faces",
        choices=("largest", "all"),
        default=None,
        help="which faces of a picture; all looks closer for those in the background (default largest)",
    )
    parser.add_argument(
        "--min-face-px",
        type=int,
        default=None,
        help="leave out smaller faces (default: a quarter of --size-px)",
    )
    parser.add_argument(
        "--quality", default="95", help="JPEG quality 1 to 100 of the stored crops, or png (default 95)"
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=0.02,
        help="fraction of the pictures held out, by person (default 0.02)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="decides order, split and synthetic faces (default 0)"
    )
    parser.add_argument(
        "--workers", type=int, default=None, help="processes on this machine (default: one per core)"
    )
    parser.add_argument(
        "--cluster",
        default=LOCAL,
        metavar="ADDRESS",
        help="a Dask scheduler whose workers do the work, like tls://host:8786 (default: processes here)",
    )
    parser.add_argument(
        "--shards-by",
        choices=get_args(By),
        default="workers",
        help="who writes: workers, which see the folder, or this process, to which they send (default workers)",
    )
    parser.add_argument(
        "--synthetic",
        type=int,
        default=None,
        metavar="N",
        help="instead of folders: N synthetic people (needs bash setup.sh synthetic)",
    )
    parser.add_argument(
        "--views", type=int, default=1, help="pictures of each synthetic person, 1 to 5 (default 1)"
    )
    parser.add_argument(
        "--looks",
        default=None,
        metavar="LOOK=SHARE,...",
        help="shares of the looks of synthetic people, like african=1,as_drawn=2 (default: all looks equally)",
    )
    return parser.parse_args(arguments)


def parse_quality(text: str) -> int | None:
    """ "95" → 95, "png" → None."""
    if text.lower() == "png":
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise UserError(f"--quality must be 1 to 100, or png. Received: {text}")
    return int(text)


def parse_looks(text: str | None) -> dict[str, float]:
    """The shares of the looks (see `data.preparing.looks.parse_shares`)."""
    try:
        return parse_shares(text)
    except ValueError as error:
        raise UserError(f"--looks {error}") from error


def check(options: argparse.Namespace) -> None:
    """Raises UserError for impossible combinations of flags, before anything is loaded."""
    if (options.synthetic is None) == (not options.folders):
        raise UserError("give either folders of pictures or --synthetic N")
    if not 16 <= options.size_px <= 2048:
        raise UserError(f"--size-px must be from 16 to 2048. Received: {options.size_px}")
    if not 0.2 < options.shrink <= 1.0:
        raise UserError(f"--shrink must be above 0.2 and at most 1. Received: {options.shrink}")
    if not 0.0 <= options.validation < 1.0:
        raise UserError(f"--validation must be at least 0 and below 1. Received: {options.validation}")
    if options.workers is not None and options.workers < 1:
        raise UserError(f"--workers must be at least 1. Received: {options.workers}")
    if options.synthetic is not None and options.synthetic < 1:
        raise UserError(f"--synthetic must be at least 1. Received: {options.synthetic}")
    if not 1 <= options.views <= 5:
        raise UserError(f"--views must be from 1 to 5. Received: {options.views}")
    if options.synthetic is None and (options.views != 1 or options.looks is not None):
        raise UserError("--views and --looks belong to --synthetic")
    if options.synthetic is not None and (options.faces, options.min_face_px) != (None, None):
        raise UserError("--faces and --min-face-px belong to folders of pictures, not to --synthetic")
    if options.cluster != LOCAL and options.workers is not None:
        raise UserError("--workers are those of this machine; those of a cluster are started there")
    if options.cluster == LOCAL and options.shards_by == "client":
        raise UserError("--shards-by client belongs to --cluster")
    for folder in options.folders:
        if not folder.is_dir():
            raise UserError(f"there is no folder {folder}", "missing")
    if options.output.exists() and not options.output.is_dir():
        raise UserError(f"--output must be a folder. Received: {options.output}")


def print_report(report: dict[str, Any], seconds: float, folder: Path) -> None:
    """Prints a small table of how many pictures were used and left out, and of how people look."""
    say(*report_table(report))
    made, before = report["made_now"], report["pictures"] - report["made_now"]
    rate = f"{made / max(seconds, 1e-3):.1f} pictures/s" + (f", {before:,} done before" if before else "")
    say(f"{seconds:.0f} s, {rate}; shards and report in {folder}")


def by_picture(plans: list[ShardPlan]) -> bool:
    """Whether any person is in both splits: then single pictures are held out, not people."""
    people = {
        split: {item.label for plan in plans if plan.split == split for item in plan.items}
        for split in ("train", "validation")
    }
    return not people["train"].isdisjoint(people["validation"])


def main() -> None:
    """Reads the command line, makes the shards and prints the report."""
    options = parse_arguments()
    check(options)
    # Workers may stand in another folder. Links stay links: what they mean may differ between machines.
    folders, output = [folder.absolute() for folder in options.folders], options.output.absolute()
    faces = FaceSettings(
        options.size_px,
        options.shrink,
        options.detector,
        options.faces or "largest",
        options.size_px // 4 if options.min_face_px is None else options.min_face_px,
        parse_quality(options.quality),
    )
    settings: dict[str, Any] = {**vars(faces), "version": SCHEMA_VERSION, "seed": options.seed}
    settings |= {"validation": options.validation}
    maker: FaceSettings | SyntheticSettings = faces
    not_listed: LeftOut = {}
    if options.synthetic is not None:
        items = synthetic_people(options.synthetic, options.seed)
        shares = parse_looks(options.looks)
        settings |= {"source": "random-face 2021.7.21.1", "people": options.synthetic, "views": options.views}
        settings["looks"] = shares
        settings["rights"] = "non-commercial research: the generator is distilled from StyleGAN2 on FFHQ"
        from facedancer_tf.weights.identity_encoder import load_sface_embed

        maker = SyntheticSettings(options.seed, options.views, faces, shares, load_sface_embed)
    else:
        unreadable: list[OSError] = []
        listing = list_pictures(folders, unreadable.append)
        items, not_listed = listing.items, listing.left_out
        if unreadable:
            first = f"{unreadable[0].filename}: {unreadable[0].strerror}"
            say(f"warning: unreadable folders left out: {len(unreadable)} ({first})", stream=sys.stderr)
        if not items:
            others = "".join(f"; {words(reason)}: {len(names)}" for reason, names in not_listed.items())
            raise UserError(
                f"no picture ({', '.join(READ_SUFFIXES)}) in {', '.join(map(str, options.folders))}{others}"
            )
        settings |= {"source": "pictures", "pictures": len(items), "pictures_sha256": digest_listing(items)}
    start = time.perf_counter()
    try:
        rounds = read_rounds(output, items)
        plans = plan_rounds(rounds, options.seed, options.validation)
        if len(rounds) > 1:
            say(f"note: the last {len(rounds[-1])} of {len(items)} pictures are added to those before")
        if by_picture(plans):
            say("note: too few people to hold some out whole: single pictures are held out for validation")
        with connected(options.cluster, options.workers or os.cpu_count() or 1) as cluster:
            report = make_shards(
                output, plans, settings, maker, cluster, folders, options.shards_by, rounds, not_listed
            )
    except (ShardsRefused, DetectorUnavailable, SyntheticUnavailable, ClusterLost) as error:
        raise UserError(str(error)) from error
    except OSError as error:
        raise UserError(f"could not write to {options.output}: {error}") from error
    print_report(report, time.perf_counter() - start, options.output)
    if report["train"] == 0:
        say("warning: no face was found for training", stream=sys.stderr)


if __name__ == "__main__":
    run_main(main)
