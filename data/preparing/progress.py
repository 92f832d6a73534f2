"""Keeps count of what is finished of each shard, in memory, on the disk and in the bar that people see."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from data.preparing.finished_shards import ShardReport, finish_shard, finished_report
from data.preparing.pieces import PROGRESS, DamagedPiece, Piece, find_pieces, missing_pieces, piece_name
from data.preparing.shard_plan import ShardPlan


class Progress:
    """The finished shards' `reports`, and the `spans` of the finished pieces of the others, by the shard's name.

    made_now: items that were made since.
    """

    def __init__(self, folder: Path, plans: Sequence[ShardPlan], bar: "tqdm[Any]") -> None:
        self.folder, self.bar = folder, bar
        self.made_now = 0
        self.plans = {plan.name: plan for plan in plans}
        self.reports: dict[str, ShardReport] = {}
        for plan in plans:
            if (report := finished_report(folder, plan)) is not None:
                self.reports[plan.name] = report
                bar.update(report.items)
        found = find_pieces(folder)
        self.spans = {name: found.get(name, []) for name in self.plans if name not in self.reports}
        self.clear()
        bar.update(sum(span.last - span.first for spans in self.spans.values() for span in spans))
        bar.unpause()

    def clear(self) -> None:
        """Deletes pieces that no shard lacks: a kill leaves them, and workers of a run that was stopped write late."""
        for name, spans in find_pieces(self.folder).items():
            for span in spans if name not in self.spans else ():
                (self.folder / PROGRESS / piece_name(name, span)).unlink(missing_ok=True)

    def missing(self, size: int) -> list[Piece]:
        """The pieces that are to be made; what lacks none is finished first."""
        pieces = []
        for name in list(self.spans):
            lacking = missing_pieces(name, self.plans[name].items, self.spans[name], size)
            if not lacking:
                self._finish(name)
            pieces += lacking
        return pieces

    def add(self, piece: Piece) -> None:
        """Counts a piece that has been written, and finishes its shard if it was the last one."""
        spans = self.spans[piece.shard]
        spans.append(piece.span)
        self.bar.update(len(piece.items))
        self.made_now += len(piece.items)
        if sum(span.last - span.first for span in spans) >= len(self.plans[piece.shard].items):
            self._finish(piece.shard)

    def _finish(self, name: str) -> None:
        try:
            self.reports[name] = finish_shard(self.folder, self.plans[name], self.spans.pop(name))
        except DamagedPiece:
            self.spans[name] = find_pieces(self.folder).get(name, [])
