"""Turns items into a folder of shards, with a manifest and a report, by many processes and without mixing settings.

The folder holds `settings.json` (written first), `.progress/` (the state of the work), the shards, and at last a
manifest and a report. Shards depend on items and settings alone, not on workers or interruptions.
"""

import os
import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import cv2
from tqdm import tqdm

from data.clusters.connection import Cluster
from data.clusters.sharing import Work, share
from data.clusters.worker_process import WorkRefused
from data.folders import Item, LeftOut
from data.manifest import SETTINGS, Manifest, manifest_name, write_json, write_manifest
from data.preparing.claim import claim, the_only_run
from data.preparing.face_records import Outcome
from data.preparing.pieces import Piece, make_piece, piece_of, write_piece
from data.preparing.progress import Progress
from data.preparing.report import summarise
from data.preparing.rounds import ShardsRefused, write_rounds
from data.preparing.shard_plan import ShardPlan

# The accelerator is left to training.
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
KILLED = "killed_its_worker"
ROUNDS_MAX = 3  # of making anew what came out damaged

# Who writes the pieces: the workers, into a folder that they all see, or the client, to whom they send them.
By = Literal["workers", "client"]


class MakerSettings(Protocol):
    """Settings that `build` the maker of records; they must be picklable: every process builds a maker of its own."""

    @property
    def piece_items(self) -> int:
        """How many items are a piece: about what is made in a second."""

    def build(self) -> Callable[[Item], Outcome]: ...


@dataclass(frozen=True)
class PieceMaker:
    """Makes pieces in a worker. It returns a piece's content, or writes it into `folder`, if there is one.

    inputs: folders that the worker must see, and the pictures in them; absent: those that the client does not see
    either. settings: the content of `folder`'s settings file. A worker that outlives its client must write nothing into
    a folder that somebody has begun anew.
    """

    maker: MakerSettings
    inputs: tuple[Path, ...]
    folder: Path | None
    absent: frozenset[str] = frozenset()
    settings: bytes = b""

    def __call__(self) -> Callable[[Piece], bytes]:
        """Builds the function; raises WorkRefused where a folder is not there."""
        cv2.setNumThreads(1)  # several processes share the cores
        needed = [*self.inputs, *([] if self.folder is None else [self.folder / SETTINGS])]
        _refuse_unseen([path for path in needed if not path.exists()])
        make = self.maker.build()

        def work(piece: Piece) -> bytes:
            if self.inputs:  # else a mount that is gone would look like pictures without rights
                _refuse_unseen(sorted({item.where for item in piece.items if not _seen(item)} - self.absent))
            content = make_piece(piece, make)
            if self.folder is None:
                return content
            if (self.folder / SETTINGS).read_bytes() != self.settings:
                raise WorkRefused(f"{self.folder / SETTINGS} was changed while its shards were made")
            write_piece(self.folder, piece.name, content)
            return b""

        return work


def _seen(item: Item) -> bool:
    return os.access(item.where, os.R_OK)


def _refuse_unseen(paths: Sequence[Path | str]) -> None:
    if paths:
        raise WorkRefused(
            f"a worker on {socket.gethostname()} does not see {paths[0]}: all of them need the same folders, or mounts"
        )


def make_shards(
    folder: Path,
    plans: list[ShardPlan],
    settings: dict[str, Any],
    maker: MakerSettings,
    cluster: Cluster | None = None,
    inputs: Sequence[Path] = (),
    by: By = "workers",
    rounds: Sequence[Sequence[Item]] = (),
    not_listed: LeftOut | None = None,
) -> dict[str, Any]:
    """Makes the shards of `plans`, or goes on making them; returns the report.

    cluster: who makes them; None for this process. inputs: folders of the pictures, which workers elsewhere must see.
    rounds: the items of `plans` in the rounds in which they were added (see `data.preparing.rounds`). not_listed: names
    of files that are in no plan, by reason. The report (also written as `report-00000-of-00001.json`) is that of
    `data.preparing.report`; `made_now`, which the written one does not have, counts the pictures of this run. Raises
    ShardsRefused if the folder holds something else, if another run works on it, or if a worker cannot go on; passes on
    the ValueError of `maker.build()` where e.g. a detector is missing, and ClusterLost.
    """
    folder = Path(folder)
    maker.build()  # before anything is written, and before workers fail one by one
    settings = {**settings, "parts": 1}
    claim(folder, settings)
    with the_only_run(folder):
        write_rounds(folder, rounds)
        with tqdm(
            total=sum(len(plan.items) for plan in plans), unit="picture", smoothing=0.05, disable=None
        ) as bar:
            progress = Progress(folder, plans, bar)
            needed = tuple(inputs) if cluster is not None and cluster.is_elsewhere else ()
            items = [item for plan in plans for item in plan.items] if needed else []
            piece_maker = PieceMaker(
                maker,
                needed,
                folder if by == "workers" else None,
                frozenset(item.where for item in items if not _seen(item)),
                (folder / SETTINGS).read_bytes(),
            )
            for _ in range(ROUNDS_MAX):
                if pieces := progress.missing(maker.piece_items):
                    _make(progress, cluster, piece_maker, pieces)
        progress.clear()
        if progress.spans:
            raise ShardsRefused(
                f"{len(progress.spans)} shards in {folder} came out damaged: look to its disk"
            )
        reports = [progress.reports[plan.name] for plan in plans]
        manifest = Manifest(settings, tuple(report.shard for report in reports))
        summary = summarise(reports, manifest, not_listed or {})
        write_json(folder / manifest_name(0, 1).replace("manifest", "report"), summary)
        write_manifest(folder, manifest)
    return {**summary, "made_now": progress.made_now}


def _make(progress: Progress, cluster: Cluster | None, maker: PieceMaker, pieces: Iterable[Piece]) -> None:
    work = Work(maker, Piece.parts, ENVIRONMENT)
    try:
        for done in share(cluster, work, pieces):
            content = done.result
            if content is None:
                name = done.task.items[0].name
                content = piece_of([(name, Outcome((), (KILLED,)))])
            if content:
                write_piece(progress.folder, done.task.name, content)
            progress.add(done.task)
    except WorkRefused as error:
        raise ShardsRefused(f"{error}; all that was done is kept, and the same command goes on") from error
    except ValueError as error:
        raise ShardsRefused(f"a worker could not go on ({error}): mend it and run it again") from error
