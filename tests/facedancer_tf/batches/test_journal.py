"""The journal knows its own results by their content, also after a kill, and lets one process in."""

import json
from pathlib import Path, PurePath
from typing import Any

import pytest

from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.journal import JOURNAL, Entry, Fingerprints, Journal, open_journal
from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import sha256_of


@pytest.fixture
def job(tmp_path):
    for name in ("me.jpg", "target.jpg"):
        (tmp_path / name).write_text(name)
    return Job("target.jpg", (tmp_path / "me.jpg",), tmp_path / "target.jpg", PurePath("a\udcff/target.jpg"))


def write(folder: Path, job: Job, text: str) -> None:
    (folder / job.output).parent.mkdir(exist_ok=True)
    (folder / job.output).write_text(text)


def entry_of(journal: Journal, job: Job, *others: Any) -> Entry:
    content = sha256_of(journal.folder / job.output)
    made_from, likenesses = others[0] if others else "", others[1:]
    return Entry(job.output.as_posix(), made_from, content, *likenesses)


def test_a_result_is_ours_until_it_is_changed(tmp_path, job):
    with open_journal(tmp_path / "out") as journal:
        assert journal.look(job) == ("free", None)
        write(journal.folder, job, "somebody's")
        assert journal.look(job) == ("foreign", None)
        journal.begin(job)
        write(journal.folder, job, "result")
        assert journal.look(job)[0] == "ours"
        journal.finish(entry_of(journal, job, "made from", 0.1, 0.6))
    for _ in range(2):
        place, entry = Journal(tmp_path / "out").look(job)
        assert place == "ours"
        assert entry is not None
        assert (entry.made_from, entry.before, entry.after) == ("made from", 0.1, 0.6)
    write(tmp_path / "out", job, "retouched")
    assert Journal(tmp_path / "out").look(job)[0] == "changed"
    (tmp_path / "out" / job.output).unlink()
    assert Journal(tmp_path / "out").look(job) == ("free", None)


def test_a_line_that_a_kill_cut_off_spoils_no_other(tmp_path, job):
    with open_journal(tmp_path) as journal:
        write(tmp_path, job, "result")
        journal.begin(job)
        journal.finish(entry_of(journal, job))
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"output": "b.jpg", "made_fr')
    other = Job("b.jpg", job.sources, job.target, PurePath("b.jpg"))
    with open_journal(tmp_path) as journal:
        write(tmp_path, other, "another")
        journal.begin(other)
    journal = Journal(tmp_path)
    assert [journal.look(one)[0] for one in (job, other)] == ["ours", "ours"]
    entry = journal.look(other)[1]
    assert entry is not None
    assert entry.content == ""


def test_what_is_withdrawn_leaves_the_place_as_it_was(tmp_path, job):
    other = Job("b.jpg", job.sources, job.target, PurePath("b.jpg"))
    with open_journal(tmp_path) as journal:
        write(tmp_path, job, "result")
        journal.begin(job)
        journal.finish(entry_of(journal, job, "made from"))
        for one in (job, other):
            journal.begin(one)
            journal.withdraw(one)
    write(tmp_path, other, "somebody's")
    for known in (journal, Journal(tmp_path)):
        entry = known.look(job)[1]
        assert entry is not None
        assert (entry.made_from, known.look(other)[0]) == ("made from", "foreign")
    write(tmp_path, job, "retouched")
    assert Journal(tmp_path).look(job)[0] == "changed"


def test_a_second_run_into_the_folder_is_refused(tmp_path):
    with (
        open_journal(tmp_path),
        pytest.raises(UserError, match="another run writes into"),
        open_journal(tmp_path),
    ):
        pass


def test_fingerprints_follow_contents_and_settings_not_names(tmp_path, job):
    first = Fingerprints({"face": 0}).of(job)
    (tmp_path / "copy.jpg").write_text("me.jpg")
    copy = Job("other name", (tmp_path / "copy.jpg",), job.target, PurePath("other"))
    assert Fingerprints({"face": 0}).of(copy) == first
    twice = Job(job.name, job.sources * 2, job.target, job.output)
    assert len({first, Fingerprints({"face": 1}).of(job), Fingerprints({"face": 0}).of(twice)}) == 3
    job.target.write_text("changed")
    assert Fingerprints({"face": 0}).of(job) != first


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("output", ["a"]), ("output", 3), ("made_from", None), ("content", "no sum"), ("content", 0), ("before", "0.1"),
        ("before", [0.1]), ("after", 1e400), ("after", True), ("after", 10**400), ("more", 1),
    ],
)  # fmt: skip
def test_a_line_with_a_field_of_another_type_is_passed_over(tmp_path, job, field, value):
    folder = tmp_path / "out"
    with open_journal(folder) as journal:
        write(folder, job, "result")
        journal.begin(job, "made from")
        journal.finish(job, 0.1, 0.6)
    good = (folder / JOURNAL).read_text().splitlines()[-1]
    (folder / JOURNAL).write_text(f"{good}\n{json.dumps({**json.loads(good), field: value})}\n")
    place, entry = Journal(folder).look(job)
    assert place == "ours"
    assert entry is not None
    assert entry.after == 0.6
