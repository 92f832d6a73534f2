"""What is no film, is damaged, or names other files, ends in one sentence, and opens nothing else."""

import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from benchmarks.clip_files import write_clip
from facedancer_tf.errors import UserError
from facedancer_tf.films import opening
from facedancer_tf.films.film import read_facts, read_frames
from facedancer_tf.films.opening import open_film

PICTURES = list(np.random.default_rng(0).integers(0, 256, (60, 64, 96, 3), np.uint8))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    write_clip(tmp_path / "clip.mkv", PICTURES[:5])
    return tmp_path / "clip.mkv"


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nclip.mkv\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile clip.mkv\n",
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>',
    ],
    ids=["hls", "concat", "dash"],
)
def test_lists_of_other_files_are_refused(clip: Path, text: str, name: str) -> None:
    clip.with_name(name).write_text(text)
    with pytest.raises(UserError, match="is no film"):
        read_facts(clip.with_name(name))


def test_names_that_ffmpeg_would_take_for_more_than_a_file(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(clip.parent)
    for name in (
        "concat:clip.mkv|clip.mkv",
        "subfile,,start,0,end,9,,:clip.mkv",
        "lavfi:testsrc",
        "http://localhost/a.mp4",
    ):
        with pytest.raises(UserError, match="there is no such file"):
            read_facts(name)
    odd = clip.rename(clip.with_name("concat:a|b.mkv"))
    assert read_facts(odd.name).codec == "h264"


def test_what_is_no_film_says_so(tmp_path: Path) -> None:
    contents = {"empty.mp4": b"", "text.mp4": b"hello", "noise.mp4": np.random.default_rng(0).bytes(5000)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=r"is no film, or is damaged at its start"):
            read_facts(tmp_path / name)
    for name in ("still.png", "still.jpg"):
        Image.fromarray(PICTURES[0]).save(tmp_path / name)
        with pytest.raises(UserError, match="it may be a picture"):
            read_facts(tmp_path / name)
    Image.fromarray(PICTURES[0]).save(tmp_path / "still.webp")
    with pytest.raises(UserError, match="is a picture, not a film"):
        read_facts(tmp_path / "still.webp")
    with pytest.raises(UserError, match="a film is one file"):
        read_facts(tmp_path)
    with pytest.raises(UserError, match="there is no such file") as error:
        read_facts(tmp_path / "none.mp4")
    assert error.value.code == "missing"


def test_sound_alone_is_no_film_and_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(path, "w") as container:
        sound = container.add_stream("aac", 48000, layout="mono")
        cover = container.add_stream("mjpeg", 1)
        cover.width, cover.height, cover.pix_fmt = 96, 64, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame.from_ndarray(PICTURES[0], "rgb24")))
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 4800), np.float32), "fltp", "mono")
        silence.sample_rate = 48000
        container.mux([*sound.encode(silence), *sound.encode()])
    with av.open(path) as container:
        assert len(container.streams.video) == 1
    with pytest.raises(UserError, match="holds no video"):
        read_facts(path)


def test_absurd_sizes_are_refused_before_anything_is_decoded(
    clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "PIXELS_MAX", 5000)
    with (
        pytest.raises(UserError, match=r"may have 5,000 pixels at most. Received: 96 x 64 px"),
        open_film(clip),
    ):
        pass


@pytest.mark.parametrize(("name", "codec"), [("a.mp4", "libx264"), ("a.webp", None), ("a.apng", None)])
def test_frames_before_the_damage_come_and_then_a_sentence(
    tmp_path: Path, name: str, codec: str | None
) -> None:
    path = tmp_path / name
    write_clip(path, PICTURES, codec=codec, options={"g": "12"})
    content, middle = bytearray(path.read_bytes()), path.stat().st_size // 2
    if name == "a.webp":
        middle = (
            content.index(b"VP8L", middle) + 9
        )  # not the head of a chunk, without which nothing is read at all
    content[middle : middle + 3000] = bytes(3000)
    path.write_bytes(content)
    facts, count = read_facts(path), 0
    with pytest.raises(UserError, match=r"cannot be read after 1\.\d\d s|is damaged") as error:  # noqa: PT012
        for frame in read_frames(facts):
            assert frame.number == count
            count += 1
    assert 20 < count < 40
    assert error.value.code == "unreadable"


def test_a_film_whose_frames_change_their_size_ends_there(tmp_path: Path) -> None:
    for name, pictures in (("a.ts", PICTURES[:5]), ("b.ts", [picture[:32] for picture in PICTURES[:5]])):
        write_clip(tmp_path / name, pictures, codec="mpeg2video")
    (tmp_path / "both.ts").write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    facts = read_facts(tmp_path / "both.ts")
    with pytest.raises(UserError, match="change from 96 x 64 px, yuv420p to 96 x 32 px"):
        list(read_frames(facts))


def test_two_films_in_one_file_end_with_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    write_clip(path, PICTURES[:24], codec="mpeg2video")
    path.write_bytes(path.read_bytes() * 2)
    facts = read_facts(path)
    read: list[int] = []
    with pytest.raises(UserError, match=r"its times run back after 0\.96 s"):
        read.extend(frame.pts for frame in read_frames(facts))
    assert len(read) == 24


def test_an_animation_that_only_ffmpeg_reads_plays_once(tmp_path: Path) -> None:
    frames = [Image.fromarray(picture) for picture in PICTURES[:3]]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], loop=3)
    assert read_facts(tmp_path / "a.png").loops == 3
    content = bytearray((tmp_path / "a.png").read_bytes())
    content[29] ^= 1  # the header's checksum
    (tmp_path / "a.png").write_bytes(content)
    assert read_facts(tmp_path / "a.png").loops == 1


def test_a_webp_of_more_pixels_than_any_film_is_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(picture) for picture in PICTURES[:3]]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    content = bytearray((tmp_path / "a.webp").read_bytes())
    place = content.find(b"VP8X") + 12
    for side in (9_999, 16_382):  # Pillow refuses the second itself
        content[place : place + 6] = side.to_bytes(3, "little") * 2
        (tmp_path / "a.webp").write_bytes(content)
        with pytest.raises(UserError, match="pixels"):
            read_facts(tmp_path / "a.webp")


@pytest.mark.parametrize(
    ("box", "place", "lie"),
    [
        (b"mvhd", 20, b"\xff\xff\xff\xfe"),  # duration
        (b"mdhd", 16, bytes(4)),  # no ticks a second
        (b"mdhd", 16, b"\x7f\xff\xff\xff"),
        (b"stts", 4, b"\x7f\xff\xff\xff"),  # entries
        (b"stts", 12, b"\x7f\xff\xff\xff"),  # ticks a frame
        (b"stsz", 8, b"\x7f\xff\xff\xff"),  # frames
        (b"stco", 4, b"\x7f\xff\xff\xff"),  # chunks
        (b"avc1", 28, b"\xff\xff\xff\xff"),  # size
        (b"avc1", 0, b"hvc1"),  # codec
    ],
)
def test_a_film_that_lies_gives_what_can_be_decoded_or_one_sentence(
    tmp_path: Path, box: bytes, place: int, lie: bytes
) -> None:
    write_clip(tmp_path / "a.mp4", PICTURES[:5])
    content = bytearray((tmp_path / "a.mp4").read_bytes())
    start = content.index(box) + place
    content[start : start + len(lie)] = lie
    (tmp_path / "a.mp4").write_bytes(content)
    code = (
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "from facedancer_tf.films.film import *\nfrom facedancer_tf.errors import run_main\n"
        "run_main(lambda: sys.exit(len(list(read_frames(read_facts(sys.argv[1])))) not in range(1, 6)))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.mp4")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=Path(__file__).parents[3])
    assert (ran.returncode, ran.stderr.count("\n")) in ((0, 0), (2, 1)), ran.stderr
