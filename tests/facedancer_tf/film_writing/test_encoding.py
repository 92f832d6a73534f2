"""What a film becomes is chosen before anything starts; what cannot be is refused in one sentence."""

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import av
import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.film_writing.encoding import CODECS, choose_encoding
from facedancer_tf.films.film import FilmFacts
from tests.facedancer_tf.film_writing.small_films import rich_film


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> FilmFacts:
    return rich_film(tmp_path_factory.mktemp("film") / "film.mp4", count=3)


@pytest.mark.parametrize("suffix", CODECS)
def test_every_kind_of_file_has_a_default(facts: FilmFacts, suffix: str) -> None:
    encoding, _ = choose_encoding(facts, suffix.upper())
    assert encoding.suffix == suffix
    assert encoding.is_animation == (suffix in (".gif", ".webp"))


@pytest.mark.parametrize(
    ("suffix", "codec", "quality", "sentence"),
    [
        (".avi", None, None, "must end in one of .mp4, .mov"),
        (".webm", "h264", None, ".webm is written with the codec vp9, av1, not 'h264'"),
        (".mp4", "h264", 52, "the quality of h264 is a number from 0 \\(best\\) to 51, not 52"),
        (".mp4", None, -1, "not -1"),
        (".gif", None, 50, "GIF has no quality"),
        (".webp", None, 101, "from 0 to 100 \\(best\\), not 101"),
        (".gif", "h264", None, "one codec only"),
    ],
)
def test_what_cannot_be_is_refused(
    facts: FilmFacts, suffix: str, codec: str | None, quality: int | None, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        choose_encoding(facts, suffix, codec, quality)


@pytest.mark.parametrize(
    ("pixel_format", "bits", "codec", "chosen"),
    [
        ("yuv420p", 8, "h264", "yuv420p"),
        ("yuv422p", 8, "h264", "yuv422p"),
        ("yuv444p", 8, "h265", "yuv444p"),
        ("yuv420p10le", 10, "h264", "yuv420p10le"),
        ("yuv422p10le", 10, "h265", "yuv422p10le"),
        ("yuv420p12le", 12, "h264", "yuv420p10le"),
        ("nv12", 8, "h264", "yuv420p"),
        ("yuvj420p", 8, "h264", "yuv420p"),
        ("yuv444p", 8, "av1", "yuv420p"),
        ("rgb24", 8, "h264", "yuv420p"),
    ],
)
def test_the_pixel_format_is_kept_where_the_encoder_holds_it(
    facts: FilmFacts, pixel_format: str, bits: int, codec: str, chosen: str
) -> None:
    encoding, notes = choose_encoding(replace(facts, pixel_format=pixel_format, bits=bits), ".mp4", codec)
    assert encoding.pixel_format == chosen
    assert bool(notes) == (bits == 12 or codec == "av1")


@pytest.mark.parametrize(
    ("pixel_format", "width", "height", "chosen"),
    [
        ("yuv420p", 95, 64, "yuv444p"),
        ("yuv420p", 96, 63, "yuv444p"),
        ("yuv422p", 95, 64, "yuv444p"),
        ("yuv422p", 96, 63, "yuv422p"),
    ],
)
def test_odd_sides_are_kept(
    facts: FilmFacts, pixel_format: str, width: int, height: int, chosen: str
) -> None:
    odd = replace(facts, pixel_format=pixel_format, width=width, height=height)
    encoding, notes = choose_encoding(odd, ".mp4")
    assert encoding.pixel_format == chosen
    assert any("odd numbers" in note for note in notes) == (chosen == "yuv444p")
    context: Any = av.CodecContext.create(encoding.codec, "w")
    context.width, context.height, context.pix_fmt, context.time_base = width, height, chosen, Fraction(1, 25)
    context.open()  # the encoder takes it


def test_lost_transparency_is_said(facts: FilmFacts) -> None:
    clear = replace(facts, pixel_format="rgba", has_alpha=True)
    assert "transparency" in choose_encoding(clear, ".mp4")[1][0]
    assert not [note for note in choose_encoding(clear, ".webp")[1] if "transparency" in note]


def test_a_missing_graphics_card_is_said_before_anything_starts(
    facts: FilmFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = SimpleNamespace(open=lambda: (_ for _ in ()).throw(av.ExternalError(1, "no device")))
    monkeypatch.setattr(av.CodecContext, "create", lambda *_: refusing)
    with pytest.raises(UserError, match="h264_nvenc needs an NVIDIA graphics card"):
        choose_encoding(facts, ".mp4", "h264_nvenc")
