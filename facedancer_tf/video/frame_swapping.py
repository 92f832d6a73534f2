"""Swaps the chosen people's faces in the frames of a film, as a stream: cut, generate for several frames, paste.

The planes of a frame stay as they were decoded; only the surroundings of a face are turned into RGB, and what the paste
changes there is added to the planes. Landmarks and transforms are in pixels of the stored frame.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from data.faces.alignment import estimate_transform, invert_transform, warp
from facedancer_tf.films.film import FilmFrame
from facedancer_tf.films.frame_picture import FramePicture
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.paste_steps import PasteSteps
from facedancer_tf.video.paste_mask import paste_mask
from facedancer_tf.video.seeing_generator import SeeingGenerator
from facedancer_tf.video.tracks import People

FRAMES_AT_ONCE = 4  # their faces go through the generator together
MARGIN_PX = 4  # around a crop's region: sampling at its border needs neighbours


@dataclass(frozen=True)
class Cut:
    """A face that is cut out of a frame.

    `region` uint8 [h, w, 3] is what lies in `box` (left, top, right, bottom) of the frame. `transform` [2, 3] maps it
    to the `crop` uint8 [S, S, 3]. `outline` [N, 2] is in the crop. `strength` in (0, 1] says how much of the swapped
    face shows. `is_first`: no other face is pasted into the frame before it, so that the region is still what is there.
    """

    box: tuple[int, int, int, int]
    region: np.ndarray
    transform: np.ndarray
    crop: np.ndarray
    outline: np.ndarray
    strength: float
    is_first: bool = False


class FrameSwapper:
    """Swaps faces in frames: `identities` says whose identity each person, by number, gets; all others stay."""

    def __init__(
        self,
        generator: SeeingGenerator,
        people: People,
        identities: Mapping[int, Identity],
        size_px: int,
        shrink: float,
        paste_steps: PasteSteps,
    ) -> None:
        self.generator, self._size_px, self._shrink = generator, size_px, shrink
        self._paste_steps = paste_steps
        self._tracks = [
            (track, identities[person.number].embedding)
            for person in people.persons
            if person.number in identities
            for track in person.tracks
        ]

    def swap(self, frames: Iterable[FilmFrame]) -> Iterator[FilmFrame]:
        """Yields the same frames, in order, with their faces swapped in place."""
        iterator = iter(frames)
        while group := list(islice(iterator, FRAMES_AT_ONCE)):
            self._swap_group(group)
            yield from group

    def _swap_group(self, frames: list[FilmFrame]) -> None:
        cuts, identities = [], []
        for frame in frames:
            for cut, identity in self.cut_faces(frame):
                cuts.append((frame, cut))
                identities.append(identity)
        if not cuts:
            return
        swapped, seen = self.generator.swap_crops(
            np.stack([cut.crop for _, cut in cuts]), np.stack(identities)
        )
        for (frame, cut), crop, where in zip(cuts, swapped, seen, strict=True):
            self.paste(frame.picture, cut, crop, where)

    def cut_faces(self, frame: FilmFrame) -> list[tuple[Cut, np.ndarray]]:
        """The faces to swap in `frame` and whose identity each gets; the largest comes last: it is the nearest."""
        cuts = []
        for track, identity in self._tracks:
            index = track.at(frame.number)
            if index is not None:
                transform = estimate_transform(track.landmarks[index], self._size_px, self._shrink)
                cut = self._cut(frame.picture, transform, track.outlines[index], track.strength[index])
                if cut is not None:
                    cuts.append((cut, identity))
        cuts.sort(key=lambda cut: cut[0].region.size)
        return [(replace(cut, is_first=number == 0), who) for number, (cut, who) in enumerate(cuts)]

    def _cut(
        self, picture: FramePicture, transform: np.ndarray, outline: np.ndarray, strength: float
    ) -> Cut | None:
        """The face, or None where all of it has left the frame."""
        corners = np.array([[0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]]) * [self._size_px, self._size_px, 1]
        in_frame = corners @ invert_transform(transform).T
        scale = np.sqrt(abs(np.linalg.det(transform[:, :2])))
        margin = MARGIN_PX + 2 / scale
        limits = [picture.width, picture.height]
        left, top = np.clip(np.floor(in_frame.min(axis=0) - margin), 0, limits).astype(int)
        right, bottom = np.clip(np.ceil(in_frame.max(axis=0) + margin), 0, limits).astype(int)
        if left == right or top == bottom:
            return None
        box = (int(left), int(top), int(right), int(bottom))
        region = picture.rgb(box)
        in_crop = outline @ transform[:, :2].T + transform[:, 2]
        from_region = transform.copy()
        from_region[:, 2] += transform[:, :2] @ box[:2]
        crop = warp(region, from_region, self._size_px)
        return Cut(box, region, from_region, crop, in_crop, float(strength))

    def paste(self, picture: FramePicture, cut: Cut, swapped: np.ndarray, seen: np.ndarray) -> None:
        """Pastes the `swapped` crop [S, S, 3] where it was cut from, as far as the face is `seen` [M, M], in place."""
        mask = paste_mask(cut.outline, self._size_px, seen, cut.strength, self._shrink)
        region = cut.region if cut.is_first else picture.rgb(cut.box)
        pasted = region.copy()
        self._paste_steps.paste(pasted, swapped, cut.region, cut.crop, cut.transform, self._shrink, mask)
        picture.add(cut.box, np.subtract(pasted, region, dtype=np.int16))
