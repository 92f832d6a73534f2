"""Swaps made clips with swap_video.py and measures each with evaluate_video.py: a table, a row for each person.

    python -m benchmarks.video_quality --folder /tmp/clips

The clips are of the bundled photographs (`benchmarks.clips`). All of a clip's people get one source, a person who is in
none of them. "frame by frame" is one clip swapped without tracking, every frame as a picture of its own.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from benchmarks import clips
from benchmarks.clip_files import write_clip
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.film_writing.encoding import choose_encoding
from facedancer_tf.films.film import FilmFrame, read_facts, read_frames
from facedancer_tf.provenance.film_writing import finish_unmarked, write_unmarked_segment
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.portraits import find_face
from facedancer_tf.swapping.swapper import Swapper

ROOT = Path(__file__).resolve().parents[1]
PICTURES = {path.stem: path for path in bundled_pictures()}
SOURCE = PICTURES["eileen_collins"]
CLIPS: dict[str, Callable[[int, int, int], clips.Clip]] = {
    "one face": lambda *size: clips.one_face(*size),
    "crossing": lambda *size: clips.crossing(*size),
    "comes back": lambda *size: clips.comes_back(*size),
    "a cut": lambda *size: clips.with_cut(*size),
    "a hand": lambda *size: clips.hand_passes(*size),
    "a poster": lambda *size: clips.with_poster(*size),
}
VARIABLE = (2, 1, 1, 3, 1, 1, 2, 1)  # how long frames last in turn
COLUMNS = {
    "to_source": ("to source", 3), "to_source_worst": ("worst 5 %", 3), "dropped": ("dropped %", 1),
    "switches": ("switches", 0),
    "pose": ("pose °", 2), "expression_lag": ("lag", 1), "jitter_ratio": ("jitter ratio", 2),
    "jitter_added_px": ("added px", 2), "warping": ("warping", 2), "flicker": ("flicker", 2),
    "equal_times": ("times %", 0), "equal_durations": ("durations %", 0), "equal_sound": ("sound %", 0),
}  # fmt: skip


def make_clip(path: Path, clip: clips.Clip) -> None:
    """Writes the clip with a variable rate and sound."""
    times = np.concatenate([[0], np.cumsum(np.resize(VARIABLE, clip.count))]).tolist()
    write_clip(
        path, clip.frames(), 24, times, Fraction(1, 36), colours="bt709", audio=True, options={"crf": "16"}
    )


def frame_by_frame(swapper: Swapper, source: Identity, film: Path, output: Path) -> None:
    """Swaps the largest face of every frame, as swap_image.py does with a picture."""
    facts = read_facts(film)
    encoding, _ = choose_encoding(facts, output.suffix)

    def swapped() -> "list[FilmFrame]":
        frames = list(read_frames(facts))
        for frame in frames:
            box = (0, 0, frame.picture.width, frame.picture.height)
            rgb = frame.picture.rgb(box)
            faces = [find_face(rgb, swapper.detector)]
            frame.picture.add(box, np.subtract(swapper.swap_faces(rgb, faces, source), rgb, dtype=np.int16))
        return frames

    segment = output.with_suffix(".part.mp4")
    write_unmarked_segment(segment, facts, encoding, swapped())
    finish_unmarked(output, facts, encoding, [segment])


def run(*arguments: object) -> None:
    subprocess.run([sys.executable, *map(str, arguments)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def measure(target: Path, swapped: Path, person: Path, folder: Path) -> str:
    """The cells of the table for one person."""
    run(
        "evaluate_video.py", target, swapped, "--source", SOURCE, "--person", person, "-o", folder,
        *(("--plot", folder.with_suffix(".png")) if folder.name.startswith(("one face", "a hand")) else ()),
    )  # fmt: skip
    numbers = json.loads((folder / "results.json").read_text(encoding="utf-8"))["film"]
    return " | ".join(
        "-" if numbers[name] is None else f"{numbers[name]:.{decimals}f}"
        for name, (_, decimals) in COLUMNS.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True, help="where clips, films and evaluations go")
    parser.add_argument("--width", type=int, default=960)
    parser.add_argument("--frames", type=int, default=72)
    arguments = parser.parse_args()
    folder, size = arguments.folder, (arguments.width, arguments.width * 9 // 16, arguments.frames)
    folder.mkdir(parents=True, exist_ok=True)
    print("| clip | person | " + " | ".join(title for title, _ in COLUMNS.values()) + " |")
    print("|---" * (2 + len(COLUMNS)) + "|")
    for name, make in CLIPS.items():
        clip, target, swapped = make(*size), folder / f"{name}.mp4", folder / f"{name} swapped.mp4"
        make_clip(target, clip)
        run("swap_video.py", SOURCE, target, "--person", "all", "-o", swapped)
        for actor in clip.actors:
            cells = measure(target, swapped, PICTURES[actor.name], folder / f"{name} {actor.name}")
            print(f"| {name} | {actor.name} | {cells} |", flush=True)
        if name == "one face":
            alone = folder / "frame by frame.mp4"
            with Swapper() as swapper:
                frame_by_frame(swapper, swapper.embed(read_picture(SOURCE).srgb), target, alone)
            cells = measure(target, alone, PICTURES[clip.actors[0].name], folder / "frame by frame")
            print(f"| {name}, frame by frame | {clip.actors[0].name} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
