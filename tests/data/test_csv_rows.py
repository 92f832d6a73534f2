"""Tables come with line numbers, and what is none is one sentence."""

import pytest

from data import csv_rows
from data.csv_rows import UnreadableTable, read_table


def test_rows_have_the_numbers_of_their_lines(tmp_path):
    file = tmp_path / "table.csv"
    file.write_bytes(b'\xef\xbb\xbf# from a set\r\nb,a,c\r\n\r\n"1\r\n2",x\r\n3,y,z\r\n')
    table = read_table(file, ("a", "b"))
    assert table.rows == [(5, {"b": "1\r\n2", "a": "x", "c": ""}), (6, {"b": "3", "a": "y", "c": "z"})]
    assert (table.made_from, table.content) == ("from a set", file.read_bytes())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must have the columns a and b"),
        (b"a,b\n", "at least one line below"),
        (b"a,b,c\n1,2,\n", "line 2: it needs a value for each of a, b, c"),
        (b"a,b\n1,2,3\n", "line 2: it has more cells"),
        (b"a,b\n\xff,2\n", "cannot be read as a CSV file"),
        (b"a,b\n1,2\0\n", "line 2: a cell must be .* without zero bytes"),
        (b"a,b\n1," + b"2" * 5000, "line 2: a cell must be a text of at most 4096 characters"),
        (b"a,b\n1," + b"2" * 10**6, "too large"),
    ],
)
def test_what_is_no_table_is_one_sentence(tmp_path, monkeypatch, content, message):
    monkeypatch.setattr(csv_rows, "FILE_MAX_BYTES", 10**5)
    (tmp_path / "table.csv").write_bytes(content)
    with pytest.raises(UnreadableTable, match=message) as told:
        read_table(tmp_path / "table.csv", ("a", "b"), ("c", "d"))
    assert "\n" not in str(told.value)
