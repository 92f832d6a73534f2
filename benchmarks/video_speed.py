"""Swaps made clips twice, by swap_video.py's parts and in the released way, with one generator: frames/s, ms by stage.

    python -m benchmarks.video_speed --height 720 1080 --faces 1 3

The released way takes a film apart into PNG files, and goes through them one by one: read, find the faces, align,
generate, paste over the whole picture, write another PNG; at the end a film is made of these. Stages run one after
the other here, so that each has the whole machine; "in all" is the time of the whole program, in which ours overlap.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import numpy as np

from benchmarks import clips
from benchmarks.clip_files import write_clip
from data.faces.alignment import estimate_transform, warp
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.films.encoding import choose_encoding
from facedancer_tf.films.film import read_facts, read_frames
from facedancer_tf.films.segments import write_segment
from facedancer_tf.provenance.film_watermark import marked
from facedancer_tf.provenance.writing import watermark_of
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.video.casting import Wish
from facedancer_tf.video.face_mesh import FaceMesh
from facedancer_tf.video.film_settings import FilmSettings
from facedancer_tf.video.film_swap import frame_swapper, swap_film
from facedancer_tf.video.first_pass import look
from facedancer_tf.video.frame_swapping import FRAMES_AT_ONCE

SOURCE = bundled_pictures()[0]
APART = ("generate", "encode")  # what both ways have in common
RECTANGLE, SIGMA = (
    (77 / 256, 240 / 256, 32 / 256, 224 / 256),
    7 / 256,
)  # the released mask: docs/method.md, section 7.5


class Stages:
    """Adds up the seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] += time.perf_counter() - began

    def around(self) -> float:
        """Seconds of all stages but the generator and the encoder."""
        return sum(seconds for name, seconds in self.seconds.items() if name not in APART)


def released_way(film: Path, swapper: Swapper, identity: Identity, folder: Path) -> Stages:
    """One source into every face of every frame, by way of PNG files."""
    stages, size_px, shrink = Stages(), swapper.engine.recipe.size_px, swapper.engine.recipe.shrink
    with stages.stage("decode, write PNG"), av.open(str(film), "r") as container:
        for number, frame in enumerate(container.decode(video=0)):
            cv2.imwrite(str(folder / f"{number:05d}.png"), frame.to_ndarray(format="bgr24"))
    mask = np.zeros((size_px, size_px), np.float32)
    top, bottom, left, right = (round(size_px * share) for share in RECTANGLE)
    mask[top:bottom, left:right] = 1
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), SIGMA * size_px), np.float32)
    for path in sorted(folder.glob("*.png")):
        with stages.stage("read PNG"):
            picture = np.asarray(cv2.imread(str(path)))[..., ::-1].copy()
        with stages.stage("find faces"):
            faces = swapper.detect(picture, "quick")
        for face in faces:
            with stages.stage("align"):
                transform = estimate_transform(face.landmarks, size_px, shrink)
                crop = warp(picture, transform, size_px)
            with stages.stage("generate"):
                swapped = swapper.engine.swap_crops(crop[None], identity.embedding[None])[0]
            with stages.stage("paste"):
                size, flags = picture.shape[1::-1], cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
                whole = cv2.warpAffine(swapped, transform, size, flags=flags)
                share = cv2.warpAffine(mask, transform, size, flags=flags)[..., None]
                picture = (share * whole + (1 - share) * picture).astype(np.uint8)
        with stages.stage("write PNG"):
            cv2.imwrite(str(path), picture[..., ::-1])
    with stages.stage("encode"):
        facts = read_facts(film)
        with av.open(str(folder / "film.mp4"), "w") as container:
            stream = container.add_stream(
                "libx264", rate=facts.frame_rate, options={"preset": "veryfast", "crf": "18"}
            )
            stream.width, stream.height, stream.pix_fmt = facts.width, facts.height, "yuv420p"
            for path in sorted(folder.glob("*.png")):
                picture = np.asarray(cv2.imread(str(path)), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
            container.mux(stream.encode())
    return stages


def our_way(film: Path, swapper: Swapper, identity: Identity, folder: Path) -> Stages:
    """The same by the parts of swap_video.py, one after the other."""
    stages, facts, mesh = Stages(), read_facts(film), FaceMesh()
    with stages.stage("decode, twice"):
        frames = list(read_frames(facts))
    with stages.stage("decode, twice"):
        frames = list(read_frames(facts))
    with stages.stage("look"):
        people = look(facts, frames, swapper.detector, mesh, swapper.engine.encoder)
    frame_swap = frame_swapper(swapper, people, {person.number: identity for person in people.persons})
    generator = frame_swap.generator
    generator.swap_crops(*_nothing(swapper, identity))  # warm
    for start in range(0, len(frames), FRAMES_AT_ONCE):
        group = frames[start : start + FRAMES_AT_ONCE]
        with stages.stage("cut"):
            cuts = [(frame, cut) for frame in group for cut, _ in frame_swap.cut_faces(frame)]
        if not cuts:
            continue
        crops = np.stack([cut.crop for _, cut in cuts])
        with stages.stage("generate"):
            swapped, seen = generator.swap_crops(crops, np.tile(identity.embedding, (len(crops), 1)))
        with stages.stage("paste"):
            for (frame, cut), crop, where in zip(cuts, swapped, seen, strict=True):
                frame_swap.paste(frame.picture, cut, crop, where)
    with stages.stage("watermark"):
        frames = list(marked(frames, watermark_of([swapper.used_model])))
    encoding, _ = choose_encoding(facts, ".mp4")
    with stages.stage("encode"):
        write_segment(folder / "segment.mkv", facts, encoding, iter(frames))
    return stages


def _nothing(swapper: Swapper, identity: Identity) -> tuple[np.ndarray, np.ndarray]:
    size_px = swapper.engine.recipe.size_px
    return np.zeros((1, size_px, size_px, 3), np.uint8), identity.embedding[None]


def in_all(film: Path, swapper: Swapper, folder: Path, marks: bool) -> float:
    """Seconds of the whole swap, as swap_video.py makes it."""
    began = time.perf_counter()
    swap_film(swapper, [Wish((SOURCE,), "all")], film, folder / "ours.mp4", FilmSettings(marks=marks))
    return time.perf_counter() - began


def compare(film: Path, swapper: Swapper, identity: Identity, rounds: int) -> None:
    """Prints both ways' stages, ms a frame, medians of `rounds` interleaved ones, and their ratios."""
    count = len(list(read_frames(read_facts(film))))
    results: dict[str, list[Stages]] = {"released": [], "ours": []}
    whole: dict[str, list[float]] = {"released": [], "ours": [], "ours, without marks": []}
    for _ in range(rounds):
        for name, way in (("released", released_way), ("ours", our_way)):
            with tempfile.TemporaryDirectory() as folder:
                began = time.perf_counter()
                results[name].append(way(film, swapper, identity, Path(folder)))
                if name == "released":
                    whole[name].append(time.perf_counter() - began)
        for name, marks in (("ours", True), ("ours, without marks", False)):
            with tempfile.TemporaryDirectory() as folder:
                whole[name].append(in_all(film, swapper, Path(folder), marks))

    def median_ms(values: list[float]) -> float:
        return 1000 * float(np.median(values)) / count

    for name, rows in results.items():
        stages = ", ".join(
            f"{stage} {median_ms([row.seconds[stage] for row in rows]):.1f}" for stage in rows[0].seconds
        )
        print(f"  {name:8} ms a frame: {stages}")
    around = {name: median_ms([row.around() for row in rows]) for name, rows in results.items()}
    print(
        f"  around generator and encoder: {around['released']:.1f} and {around['ours']:.1f} ms a frame, "
        f"{around['released'] / around['ours']:.1f} times"
    )
    for name, seconds in whole.items():
        ratio = median_ms(whole["released"]) / median_ms(seconds)
        print(
            f"  in all, {name}: {1000 / median_ms(seconds):.1f} frames/s, {ratio:.1f} times the released way"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--height", type=int, nargs="+", default=[720, 1080])
    parser.add_argument("--faces", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--frames", type=int, default=72)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with Swapper() as swapper, tempfile.TemporaryDirectory() as folder:
        identity = swapper.embed(read_picture(SOURCE).srgb)
        for height in arguments.height:
            for number in arguments.faces:
                film, width = Path(folder) / f"{height}_{number}.mp4", height * 16 // 9
                clip = clips.faces(number, width, height, arguments.frames)
                write_clip(film, clip.frames(), colours="bt709", audio=True)
                print(f"{width} x {height}, {number} face{'s' if number > 1 else ''}:")
                compare(film, swapper, identity, arguments.rounds)


if __name__ == "__main__":
    main()
