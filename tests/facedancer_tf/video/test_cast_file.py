from pathlib import Path

import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.video.cast_file import read_cast
from facedancer_tf.video.casting import Position, Wish


def test_a_cast_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cast.yaml"
    path.write_text(
        "- source: anna.jpg\n"
        "- source: [ben_1.jpg, /else/ben_2.jpg]\n  person: 3\n"
        "- {source: carl.jpg, person: all}\n"
        "- {source: dora.jpg, person: in_the_film.png}\n"
        "- source: emil.jpg\n  person: {x: 320, y: 18.5, at: 12.5}\n"
    )
    assert read_cast(path) == [
        Wish((tmp_path / "anna.jpg",), "largest"),
        Wish((tmp_path / "ben_1.jpg", Path("/else/ben_2.jpg")), 3),
        Wish((tmp_path / "carl.jpg",), "all"),
        Wish((tmp_path / "dora.jpg",), tmp_path / "in_the_film.png"),
        Wish((tmp_path / "emil.jpg",), Position(320, 18.5, 12.5)),
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "line 1: a cast must be a list"),
        ("source: a.jpg", "line 1: a cast must be a list"),
        ("- source: a.jpg\n  persn: 0", "line 2: the fields here are source, person. Received: 'persn'"),
        ("- person: 0", "line 1: `source` must name a picture"),
        ("- source: a.jpg\n- b.jpg", "line 2: here must stand `source: …` and `person: …`"),
        ("- source: a.jpg\n  source: b.jpg", "line 2: `source` is there twice"),
        ("- source: 3", "line 1: `source` must be a picture's file"),
        ("- source: []", "line 1: `source` must be 1 to 100 pictures"),
        ("- source: a.jpg\n  person: -1", "line 2: `person` must be a number from 0 on"),
        ("- source: a.jpg\n  person: 1.5", "line 2: `person` must be a picture's file, a number"),
        ("- source: a.jpg\n  person:", "line 2: `person` must be a picture's file, a number"),
        ("- source: a.jpg\n  person: {x: 1, y: 2}", "line 2: a position must have x, y and at"),
        ("- source: a.jpg\n  person: {x: 1, y: 2, at: .nan}", "line 2: `at` must be a number"),
        ("- source: a.jpg\n  person: {x: 1, y: 2, at: 99999999999999}", "line 2: `at` must be a number"),
        ("- source: 'a\n", "line 2: this is no YAML"),
        ("- source: !!python/object:os.system a", "line 1: `source` must be a picture's file"),
        ('- source: "a\\0.jpg"', "line 1: `source` must be a file's name"),
        ("- " * 100000, "is no YAML"),
        ("- &a [*a, *a]", "line 1"),
        ("\x00", "is no YAML"),
    ],
)
def test_anything_else_is_one_sentence_with_the_line(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "cast.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as raised:
        read_cast(path)
    assert sentence in str(raised.value)
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_file_no_text_and_too_much(tmp_path: Path) -> None:
    path = tmp_path / "cast.yaml"
    with pytest.raises(UserError, match="there is no cast file"):
        read_cast(path)
    with pytest.raises(UserError, match="cannot be read"):
        read_cast(tmp_path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="no YAML text"):
        read_cast(path)
    path.write_bytes(b"#" * (2**20 + 1))
    with pytest.raises(UserError, match="too large"):
        read_cast(path)
