"""Turns items into a folder of shards, with a manifest and a report, in several processes and without mixing settings.

The folder holds `settings.json` (written first), `.progress/` (the state of the work), the shards, and for each part a
manifest and a report. Shards depend on items and settings alone, not on workers, parts or interruptions.
"""

import json
import multiprocessing
import os
import queue
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

import cv2
import tensorflow as tf
from tqdm import tqdm

from data.folders import Item, LeftOut
from data.locks import InUse, only_one
from data.manifest import SETTINGS, Manifest, manifest_name, write_json, write_manifest
from data.preparing.face_records import Outcome
from data.preparing.report import summarise
from data.preparing.rounds import ShardsRefused, keeps_lists, write_rounds
from data.preparing.shard_plan import ShardPlan
from data.preparing.shard_writer import PROGRESS, OnItems, finished_report, make_shard


class MakerSettings(Protocol):
    """Settings that `build` the maker of records; they must be picklable: every process builds a maker of its own."""

    def build(self) -> Callable[[Item], Outcome]: ...


# The settings that say of what the shards were made, not how: they change when pictures are added.
COUNTS = {"pictures", "pictures_sha256", "people"}


def make_shards(
    folder: Path,
    plans: list[ShardPlan],
    settings: dict[str, Any],
    maker: MakerSettings,
    workers: int = 1,
    part: int = 0,
    parts: int = 1,
    rounds: Sequence[Sequence[Item]] = (),
    not_listed: LeftOut | None = None,
) -> dict[str, Any]:
    """Makes the shards k of `plans` with k = `part` modulo `parts`, or goes on making them; returns the part's report.

    rounds: the items of `plans` in the rounds in which they were added (see `data.preparing.rounds`). not_listed: names
    of files that are in no plan, by reason; part 0 reports them with what it left out itself. The report (also written
    as `report-<part>-of-<parts>.json`) is that of `data.preparing.report`; `made_now`, which the written one does not
    have, counts the pictures of this run. Raises ShardsRefused if the folder holds something else, if another run works
    on it, or if a worker stops; passes on the ValueError of `maker.build()` where e.g. a detector is missing.
    """
    folder = Path(folder)
    if workers < 1 or not 0 <= part < parts:
        raise ValueError(
            f"`workers` must be positive and `part` below `parts`. Received: {workers}, {part}, {parts}"
        )
    make = maker.build()  # before anything is written, and before workers fail one by one
    settings = {**settings, "parts": parts}
    _claim(folder, settings)
    write_rounds(folder, rounds)
    own = [plan for number, plan in enumerate(plans) if number % parts == part]
    with _part_lock(folder, part):
        total = sum(len(plan.items) for plan in own)
        with tqdm(total=total, unit="picture", smoothing=0.05, disable=None) as bar:
            todo, made_now = [], 0

            def on_items(done: int, new: bool) -> None:
                nonlocal made_now
                bar.update(done)
                made_now += done * new

            for plan in own:
                if (report := finished_report(folder, plan)) is None:
                    todo.append(plan)
                else:
                    on_items(report.items, False)
            bar.unpause()
            if workers == 1 or len(todo) < 2:
                for plan in todo:
                    make_shard(folder, plan, make, on_items)
            else:
                del make
                _share(folder, todo, maker, min(workers, len(todo)), on_items)
        reports = [report for plan in own if (report := finished_report(folder, plan)) is not None]
        if len(reports) != len(own):
            raise ShardsRefused(
                f"{len(own) - len(reports)} shards in {folder} were not finished: run it again"
            )
        manifest = Manifest(settings, tuple(report.shard for report in reports))
        summary = summarise(reports, manifest, not_listed if not_listed and part == 0 else {})
        write_json(folder / manifest_name(part, parts).replace("manifest", "report"), summary)
        write_manifest(folder, manifest, part, parts)
    return {**summary, "made_now": made_now}


@contextmanager
def _part_lock(folder: Path, part: int) -> Iterator[None]:
    try:
        with only_one(folder / PROGRESS / f"part-{part}.lock"):
            yield
    except InUse as error:
        raise ShardsRefused(
            f"another run is at work on this part in {folder}: wait for it or stop it"
        ) from error


def _claim(folder: Path, settings: dict[str, Any]) -> None:
    """Makes the folder, or checks that its content was begun with the same settings; it may have got more pictures."""
    (folder / PROGRESS).mkdir(parents=True, exist_ok=True)
    path = folder / SETTINGS
    settings = json.loads(json.dumps(settings))
    if not path.is_file():
        if any(folder.glob("*.tfrecord")):
            raise ShardsRefused(f"{folder} holds shards without {SETTINGS}: choose another output folder")
        write_json(path, settings)
        return
    before = json.loads(path.read_text(encoding="utf-8"))
    differing = sorted(key for key in before.keys() | settings.keys() if before.get(key) != settings.get(key))
    if differing and set(differing) <= COUNTS and keeps_lists(folder):
        write_json(path, settings)
    elif differing and set(differing) <= COUNTS:
        raise ShardsRefused(
            f"{folder} was made of other pictures, and an earlier version kept no list of them to add to: choose "
            "another output folder"
        )
    elif differing:
        changes = ", ".join(f"{key} ({before.get(key)}, now {settings.get(key)})" for key in differing)
        raise ShardsRefused(
            f"{folder} was begun with other settings: {changes}; choose another output folder"
        )


def _share(
    folder: Path, plans: list[ShardPlan], maker: MakerSettings, workers: int, on_items: OnItems
) -> None:
    """Lets `workers` fresh processes make the shards; they are spawned, because TensorFlow does not survive a fork."""
    context = multiprocessing.get_context("spawn")
    tasks: Any = context.Queue()
    messages: Any = context.Queue()
    for task in [*plans, *[None] * workers]:
        tasks.put(task)
    processes: list[BaseProcess] = [
        context.Process(target=_work, args=(folder, maker, tasks, messages, os.getpid()), daemon=True)
        for _ in range(workers)
    ]
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for (
            process
        ) in processes:  # they start with SIGINT blocked, and keep it so: Ctrl-C is the parent's business
            process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        while True:
            running = any(process.is_alive() for process in processes)
            try:
                while True:
                    message = messages.get(timeout=0.2)
                    if isinstance(message, str):
                        raise ShardsRefused(f"a worker could not go on ({message}): mend it and run it again")
                    on_items(*message)
            except queue.Empty:
                pass
            failed = [process.exitcode for process in processes if process.exitcode]
            if failed:
                raise ShardsRefused(
                    f"a worker stopped with exit code {failed[0]}; run it again to go on from there"
                )
            if not running:
                return
    finally:
        for process in processes:
            process.kill()  # harmless at any moment, see data.preparing.shard_writer
            process.join()


def _work(folder: Path, maker: MakerSettings, tasks: Any, messages: Any, parent: int) -> None:
    """Runs in a worker process: takes shards until none is left, and ends when the parent is gone."""
    cv2.setNumThreads(1)  # several processes share the cores

    def on_items(done: int, new: bool) -> None:
        _leave_if_orphaned(parent)
        messages.put((done, new))

    try:
        make = maker.build()
        while (plan := _next_task(tasks, parent)) is not None:
            make_shard(folder, plan, make, on_items)
    except (OSError, ValueError, tf.errors.OpError) as error:
        messages.put(f"{type(error).__name__}: {error}")


def _next_task(tasks: Any, parent: int) -> ShardPlan | None:
    while True:
        try:
            return tasks.get(timeout=1.0)
        except queue.Empty:
            _leave_if_orphaned(parent)


def _leave_if_orphaned(parent: int) -> None:
    if os.getppid() != parent:
        os._exit(1)
