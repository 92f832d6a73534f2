"""Some damaged files of every kind: read or refused in one sentence; and the faults that the trial must see."""

from pathlib import Path

import pytest

from benchmarks.hostile import trial
from benchmarks.hostile.child import KINDS

COUNTS = dict.fromkeys(KINDS, 30) | {"pictures": 200, "tables": 100, "shards": 15}


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_read_or_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    cases = list(trial.cases(kind, range(COUNTS[kind]), seed=1, children=1, keep=tmp_path))
    assert [case.number for case in cases] == list(range(COUNTS[kind]))
    assert [case for case in cases if case.outcome not in trial.FINE] == []
    assert {case.outcome for case in cases} == set(trial.FINE)  # neither is all whole nor all in pieces
    assert list(tmp_path.iterdir()) == []
