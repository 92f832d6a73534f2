"""Draws pairs of frames from the user's own FaceForensics++ (Rössler et al., 2019), as the paper does.

From the paper (docs/method.md, section 8): 10 random frames of every original video; the gallery is all source frames;
a hit is any frame of the source's video. Our choices: the dataset's own list of pairs says which video goes into which,
in both directions; the i-th drawn frame of the source goes into the i-th of the target; frames are drawn without
repetition and sorted, by a random generator seeded with the seed and the video's name.
"""

import json
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from data.pictures import write_picture
from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.pairs import Pair, Photograph
from facedancer_tf.writing import make_folder, reported

FRAMES_PER_VIDEO = 10
ORIGINAL, MANIPULATED = re.compile(r"\d{3}"), re.compile(r"(\d{3})_(\d{3})")


def faceforensics_pairs(
    folder: Path, listed: Path | None, frames: Path, seed: int, per_video: int = FRAMES_PER_VIDEO
) -> list[Pair]:
    """Draws the frames, writes them as JPEGs into `frames`, and pairs them.

    folder: holds the original videos 000.mp4 … at any depth. listed: a JSON file with a list of [target, source], like
    the dataset's test.json; if None, the names of the manipulated videos in `folder`, TARGET_SOURCE.mp4, are the list.
    Raises UserError where a video is missing, there twice or unreadable, and where `frames` is not empty.
    """
    videos = sorted(folder.rglob("*.mp4"))
    originals: dict[str, Path] = {}
    for video in videos:
        if ORIGINAL.fullmatch(video.stem) and originals.setdefault(video.stem, video) != video:
            raise UserError(
                f"{video} and {originals[video.stem]} are one video twice; name the folder of one of them"
            )
    name_pairs = _listed_pairs(listed) if listed else _named_pairs(videos)
    if not name_pairs:
        raise UserError(
            f"{folder} has no manipulated videos TARGET_SOURCE.mp4 to take pairs from; name a list of pairs",
            "missing",
        )
    missing = sorted({name for pair in name_pairs for name in pair} - set(originals))
    if missing:
        raise UserError(
            f"{folder} lacks {len(missing)} original videos of the list, the first is {missing[0]}.mp4",
            "missing",
        )
    make_folder(frames)
    if any(frames.iterdir()):
        raise UserError(
            f"{frames} must be empty: frames of another draw would lie among the new; name another folder",
            "unwritable",
        )
    frames_of = {
        name: _write_frames(originals[name], frames, seed, per_video)
        for name in tqdm(
            sorted({name for pair in name_pairs for name in pair}), desc="videos", leave=False, disable=None
        )
    }
    return [
        Pair(source, target)
        for target_name, source_name in name_pairs
        for source, target in zip(frames_of[source_name], frames_of[target_name], strict=True)
    ]


def _named_pairs(videos: Sequence[Path]) -> list[tuple[str, str]]:
    """(target, source) of every manipulated video."""
    matches = [MANIPULATED.fullmatch(video.stem) for video in videos]
    return list(dict.fromkeys((match[1], match[2]) for match in matches if match))


def _listed_pairs(path: Path) -> list[tuple[str, str]]:
    """(target, source) of the list, then the same pairs in the other direction."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        pairs = [(str(target), str(source)) for target, source in rows]
    except (OSError, ValueError, TypeError) as error:
        raise UserError(f"{path} must be a JSON list of [target, source]: {error}", "unreadable") from error
    return list(dict.fromkeys([*pairs, *((source, target) for target, source in pairs)]))


def _write_frames(video: Path, folder: Path, seed: int, count: int) -> list[Photograph]:
    """Draws `count` frames of `video` and writes them."""
    total = sum(1 for _ in _each_frame(video))
    if total < count:
        raise UserError(f"{video} has {total} frames that can be read, {count} are wanted")
    random = np.random.default_rng([seed, zlib.crc32(video.stem.encode())])
    numbers = set(random.choice(total, count, replace=False).tolist())
    photographs = []
    for number, capture in enumerate(_each_frame(video)):
        if number in numbers:
            decoded, frame = capture.retrieve()
            if not decoded or frame is None:
                raise UserError(
                    f"{video}, frame {number}: cannot be decoded; copy the video anew", "unreadable"
                )
            path = folder / f"{video.stem}_{number:05d}.jpg"
            with reported(path):
                write_picture(path, cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
            photographs.append(Photograph(path, video.stem))
    return photographs


def _each_frame(video: Path) -> Iterator[cv2.VideoCapture]:
    """Yields the open video at each of its frames. Frames are counted, because many codecs seek to wrong places."""
    capture = cv2.VideoCapture(str(video))
    try:
        while capture.grab():
            yield capture
    finally:
        capture.release()
