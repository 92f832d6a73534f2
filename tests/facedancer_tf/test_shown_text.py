"""Names and words from files reach terminals and spreadsheets as text that these do not obey."""

import csv

import pytest

from data.printable import printable
from facedancer_tf.shown_text import csv_text, say


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x9b2J\b\r\n\t", "\\x1b[2J\\x9b2J\\x08\\r\\n\\t"),
        ("evil\u202egpj.jpg", "evil\\u202egpj.jpg"),
        ("a\u2028b\udcff", "a\\u2028b\\udcff"),
        ("größe „g“ 写真", "größe „g“ 写真"),
    ],
)
def test_what_does_not_print_becomes_an_escape(text, shown):
    assert printable(text) == shown


def test_each_line_stays_one_line(capsys):
    say("note: a\nerror: no", "b\x1b]0;title\a")
    assert capsys.readouterr().out == "note: a\\nerror: no\nb\\x1b]0;title\\x07\n"


@pytest.mark.parametrize(
    "name", ["=1+1", "+a", "-b", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "-1+cmd|' /C calc'!A0", '=a,"b"']
)
def test_no_cell_begins_a_formula(name):
    (row,) = csv.reader([csv_text([[name, "x"]])])
    assert row[0][0] in "'\\"
    assert len(row) == 2


def test_numbers_stay_numbers():
    assert csv_text([["-0.5", "+1e-05", "-7", "-inf"]]) == "-0.5,+1e-05,-7,-inf\r\n"
