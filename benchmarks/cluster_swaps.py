"""Times swapping a folder in one process, with one worker of a Dask cluster and with two, and says what 16 would give.

    python -m benchmarks.cluster_swaps --pictures 40 --megapixels 2 --rounds 3

The targets are the bundled photographs, repeated and scaled to that size, as JPEG; model and marks are the usual ones.
Scheduler and workers are processes of this machine; the ways take turns, and each starts before its clock does. Printed
are medians: pictures a second, and the processor time that the client, this process, takes for a picture. It is the
serial part: with W workers a picture takes (what one worker takes - serial) / W + serial.
"""

import argparse
import logging
import tempfile
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median

from benchmarks.batch_speed import make_targets
from data.clusters.connection import Cluster
from facedancer_tf.batches.batch import Batch, run_batch
from facedancer_tf.batches.targets import list_targets
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapping.picture_swap import WritingOptions
from facedancer_tf.swapping.swapper import Swapper

FIRST = 8  # pictures before the clock starts: every worker has built its networks by then
MANY = 16  # workers of which the benchmark speaks without having them


def start_cluster(workers: int, stack: ExitStack) -> Cluster:
    """A scheduler and so many workers, processes of this machine."""
    from distributed.deploy.subprocess import SubprocessCluster

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    worker = {"memory_limit": 0, "dashboard": False}
    started = SubprocessCluster(
        host="127.0.0.1", n_workers=workers, threads_per_worker=1, worker_kwargs=worker,
        scheduler_kwargs={"dashboard": False}, silence_logs=logging.CRITICAL,
    )  # fmt: skip
    stack.callback(started.close)
    cluster = Cluster(started.scheduler_address)
    stack.callback(cluster.client.close)
    return cluster


def measure(swapper: Swapper, targets: Path, output: Path, cluster: Cluster | None) -> tuple[float, float]:
    """Seconds a picture by the clock, and of this process's processor time."""
    # Of two people in turn: a single one would be looked for here, once a run.
    listed = list_targets([], targets, output).jobs
    jobs = [replace(job, sources=(bundled_pictures()[i % 2],)) for i, job in enumerate(listed)]
    for part in (jobs[:FIRST], jobs):
        started, busy = time.perf_counter(), time.process_time()
        rows = run_batch(swapper, Batch(part, {}, output, "largest", WritingOptions()), cluster)
        clock_s, busy_s = time.perf_counter() - started, time.process_time() - busy
    done = sum(row.state == "done" for row in rows)
    if done != len(jobs) - FIRST:
        raise RuntimeError(f"{len(jobs) - FIRST - done} pictures were not swapped")
    return clock_s / done, busy_s / done


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--megapixels", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    load_tensorflow_quietly()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (folder / "targets").mkdir()
        make_targets(folder / "targets", options.pictures + FIRST, options.megapixels)
        swapper = stack.enter_context(Swapper())
        clusters = {
            "one process": None,
            "1 worker": start_cluster(1, stack),
            "2 workers": start_cluster(2, stack),
        }
        seen: dict[str, list[tuple[float, float]]] = {way: [] for way in clusters}
        for number in range(options.rounds):
            for way, cluster in clusters.items():
                seen[way].append(measure(swapper, folder / "targets", folder / f"{way} {number}", cluster))
    for way, times in seen.items():
        print(f"{way:<12}{1 / median(clock_s for clock_s, _ in times):>8.2f} pictures/s")
    one = median(clock_s for clock_s, _ in seen["1 worker"])
    serial = median(busy_s for _, busy_s in seen["2 workers"])
    print(f"serial part {serial * 1000:>8.1f} ms a picture, of {one * 1000:.0f} ms with one worker")
    print(f"{MANY} workers {1 / ((one - serial) / MANY + serial):>9.2f} pictures/s at most")


if __name__ == "__main__":
    main()
