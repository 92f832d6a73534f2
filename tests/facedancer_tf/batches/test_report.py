"""The report can be opened in a spreadsheet, whatever people's files are called, and overwrites nothing else."""

import csv

import pytest

from facedancer_tf.batches.report import COLUMNS, REPORT, Row, check_report, write_report
from facedancer_tf.errors import UserError


def test_cells_are_no_formulas_and_hold_no_control_characters(tmp_path):
    names = [
        "=1+1.jpg",
        "+a",
        "-b",
        "@c",
        "d\n\x1b[31m.jpg",
        "e\u202egpj.jpg",
        "f\udcff.jpg",
        "größe, „g“.jpg",
    ]
    write_report(tmp_path, [Row(name, name, "failed", name, notes=(name,)) for name in names])
    with (tmp_path / REPORT).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["target"] for row in rows] == [
        "'=1+1.jpg", "'+a", "'-b", "'@c", "d\\n\\x1b[31m.jpg", "e\\u202egpj.jpg", "f\\udcff.jpg", "größe, „g“.jpg"
    ]  # fmt: skip
    assert all(row["target"] == row["output"] == row["reason"] == row["notes"] for row in rows)


def test_likenesses_have_three_digits_and_none_is_empty(tmp_path):
    write_report(tmp_path, [Row("a", "b", "done", "", 0.12345, -1.0), Row("c", "d", "skipped")])
    assert (tmp_path / REPORT).read_bytes().decode().split("\r\n") == [
        ",".join(COLUMNS), "a,b,done,,0.123,-1.000,", "c,d,skipped,,,,", ""
    ]  # fmt: skip


def test_only_a_report_is_overwritten(tmp_path):
    check_report(tmp_path)
    write_report(tmp_path, [])
    check_report(tmp_path)
    (tmp_path / REPORT).write_text("my,own,report\n")
    with pytest.raises(UserError, match="no report of this program"):
        check_report(tmp_path)
