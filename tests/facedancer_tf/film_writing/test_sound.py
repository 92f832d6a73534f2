"""Sound that a file cannot hold is encoded anew, in time, whatever its kind; the rest is copied."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from facedancer_tf.film_writing.assembly import assemble
from facedancer_tf.film_writing.encoding import choose_encoding
from facedancer_tf.films.film import read_facts
from tests.facedancer_tf.film_writing.small_films import moving_pictures, write_segments

RATE = 48000
NAMES = {".mp4": "MP4", ".mov": "MOV", ".webm": "WebM"}


def write_film(path: Path, codec: str, layout: str, count: int = 10) -> None:
    """A film of `count` frames, 25 a second, with a sine."""
    with av.open(str(path), "w") as container:
        film: Any = container.add_stream("libx264", 25, width=96, height=64)
        sound: Any = container.add_stream(codec, RATE, layout=layout)
        for picture in moving_pictures(count):
            container.mux(film.encode(av.VideoFrame.from_ndarray(picture)))
        wave = 0.2 * np.sin(2 * np.pi * 50 * np.arange(count * RATE // 25) / RATE).astype(np.float32)
        channels = av.AudioLayout(layout).nb_channels
        frame = av.AudioFrame.from_ndarray(np.tile(wave, (channels, 1)), "fltp", layout)
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        context = sound.codec_context
        context.open()
        resampler = av.AudioResampler(context.format, layout, RATE, context.frame_size or 1024)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(sound.encode(part))
        container.mux([*film.encode(None), *sound.encode(None)])


def heard(path: Path) -> np.ndarray:
    """What the first loudspeaker plays from .1 to .3 s."""
    wave = np.zeros(RATE, np.float32)
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            for part in av.AudioResampler("fltp", frame.layout, RATE).resample(frame):
                start = round(frame.pts * frame.time_base * RATE)  # type: ignore[operator]
                samples = part.to_ndarray()[0][max(0, -start) :]
                wave[max(0, start) : max(0, start) + len(samples)] = samples
    return wave[RATE // 10 : RATE * 3 // 10]


@pytest.mark.parametrize(
    ("codec", "layout", "suffix", "becomes"),
    [
        ("flac", "stereo", ".mp4", "flac"),
        ("flac", "stereo", ".mov", "aac"),
        ("pcm_s16le", "stereo", ".mkv", "pcm_s16le"),
        ("pcm_s16le", "mono", ".mp4", "aac"),
        ("libopus", "stereo", ".mov", "aac"),
        ("libopus", "mono", ".webm", "opus"),
        ("ac3", "5.1(side)", ".mp4", "ac3"),
        ("ac3", "5.1(side)", ".webm", "opus"),
    ],
)
def test_sound_is_heard_at_its_time(
    tmp_path: Path, codec: str, layout: str, suffix: str, becomes: str
) -> None:
    source = tmp_path / "film.mkv"
    write_film(source, codec, layout)
    facts = read_facts(source)
    encoding = choose_encoding(facts, suffix)[0]
    path = tmp_path / f"out{suffix}"
    notes = assemble(path, facts, encoding, write_segments(tmp_path, facts, encoding, (10,)))
    said = [note for note in notes if "is encoded anew" in note]
    assert bool(said) == (becomes != codec.removeprefix("lib"))
    assert all(f"{NAMES[suffix]} does not hold it" in note for note in said)
    with av.open(str(path)) as container:
        sound = container.streams.audio[0]
        assert sound.codec_context.codec.canonical_name == becomes
        assert sound.layout.nb_channels == av.AudioLayout(layout).nb_channels
    own, new = heard(source), heard(path)
    assert np.corrcoef(own, new)[0, 1] > 0.95
