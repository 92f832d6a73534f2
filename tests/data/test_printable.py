import pytest

from data.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zoë Ångström, 李雷 😀 a\\b", "Zoë Ångström, 李雷 😀 a\\b"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("one\nerror: two\r\t", r"one\nerror: two\r\t"),
        ("\x9b31m\x7f", r"\x9b31m\x7f"),
        ("a\u202egnp.exe\u2028", r"a\u202egnp.exe\u2028"),
        ("\udcff", r"\udcff"),
        ("", ""),
    ],
)
def test_only_letters_that_are_shown_as_themselves_stay(text, shown):
    assert printable(text) == shown
