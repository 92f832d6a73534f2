"""Swaps faces in a whole film: looks who is there, swaps segment by segment, and puts the segments together.

What is done is kept beside the output until the film is finished, so that a run that was ended goes on where it stood
(`facedancer_tf.film_writing.parts`). Decoding, swapping and encoding run at the same time, each a few frames ahead of
the next.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data.pictures import read_picture
from facedancer_tf import __version__
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.errors import UserError
from facedancer_tf.film_writing.encoding import Encoding, choose_encoding
from facedancer_tf.film_writing.parts import Parts, file_identity, parts_of
from facedancer_tf.films.ahead import ahead
from facedancer_tf.films.film import FilmFacts, FilmFrame, read_facts, read_frames
from facedancer_tf.provenance.film_writing import (
    finish_marked,
    finish_unmarked,
    write_marked_segment,
    write_unmarked_segment,
)
from facedancer_tf.swapping.identity import Identity
from facedancer_tf.swapping.swap_inputs import find_source
from facedancer_tf.swapping.swapper import Swapper
from facedancer_tf.video.casting import Wish, resolve
from facedancer_tf.video.debug_drawing import draw_debug
from facedancer_tf.video.face_mesh import FaceMesh
from facedancer_tf.video.film_progress import Listener, expected_frames, frame_by_frame
from facedancer_tf.video.film_settings import FilmSettings, section_of
from facedancer_tf.video.first_pass import look
from facedancer_tf.video.frame_swapping import FRAMES_AT_ONCE, FrameSwapper
from facedancer_tf.video.people_file import read_people, write_people
from facedancer_tf.video.seeing_generator import SeeingGenerator
from facedancer_tf.video.tracks import People, time_words

SEGMENT_S = 10  # what a kill costs at most
FRAMES_AHEAD = 8
MISSING_S = 1.0  # sound may be longer than pictures by less


@dataclass(frozen=True)
class FilmReport:
    """What became of a film: its people, who of them got which wish (person → wish), frames, and notes to show."""

    people: People
    cast: dict[int, int]
    frames: int
    notes: list[str]


def swap_film(
    swapper: Swapper,
    wishes: Sequence[Wish],
    film: Path,
    output: Path,
    settings: FilmSettings,
    listener: Listener | None = None,
) -> FilmReport:
    """Swaps the sources of `wishes` into `film`, and writes it to `output`, whose suffix names the format.

    `listener` is told how far it is (`facedancer_tf.video.film_progress`); an error that it raises ends the swap.
    Raises UserError for wrong input, before anything is written, and where the disk refuses; then the same call goes on
    from what is done.
    """
    facts = read_facts(film)
    encoding, notes = choose_encoding(facts, output.suffix, settings.codec, settings.quality)
    section = section_of(facts, settings.start_s, settings.end_s)
    identities = [_embed(swapper, wish.sources) for wish in wishes]
    pictured = {
        wish.whom: _embed(swapper, [wish.whom]).embedding for wish in wishes if isinstance(wish.whom, Path)
    }
    notes += [identity.doubt for identity in identities if identity.doubt]
    with parts_of(output, _job(swapper, wishes, facts, encoding, settings)) as parts:
        if parts.note:
            notes.append(parts.note)
        people = _people(swapper, facts, parts, section, listener)
        notes += _missing_end(facts, people, section)
        try:
            cast = resolve(wishes, people, pictured.__getitem__)
        except UserError:
            parts.remove()  # the next run will want something else
            raise
        whose = {person: identities[wish] for person, wish in cast.items()}
        segments = _write_segments(
            swapper, facts, encoding, parts, people, whose, section[1], settings, listener
        )
        if listener is not None:
            listener("writing", len(people.pts), len(people.pts))
        # A section begins at its first frame, wherever between two frames it was asked to begin.
        times = (None if section[0] is None else int(people.pts[0]), section[1])
        if settings.marks:
            models = [swapper.used_model]
            notes += finish_marked(output, facts, encoding, segments, models, *times, settings.signer)
        else:
            notes += finish_unmarked(output, facts, encoding, segments, *times)
        parts.remove()
    return FilmReport(people, cast, len(people.pts), notes)


def look_through(
    swapper: Swapper,
    facts: FilmFacts,
    section: tuple[int | None, int | None],
    listener: Listener | None = None,
) -> People:
    """Looks through a film, or its section, for its people; shows a bar. Raises UserError where there is no frame."""
    total = expected_frames(facts, *section)
    with (
        closing(ahead(read_frames(facts, *section), FRAMES_AHEAD)) as frames,
        frame_by_frame("looking", total, listener=listener) as advance,
    ):
        people = look(facts, frames, swapper.detector, FaceMesh(), swapper.engine.encoder, advance)
    if not len(people.pts):
        raise UserError(f"{facts.path} has no frame in the section that was asked for", "invalid")
    return people


def _missing_end(facts: FilmFacts, people: People, section: tuple[int | None, int | None]) -> list[str]:
    """A note where the film ends long before its file says: decoders may keep silent about what is cut off."""
    ends_s = float(people.clock.starts[-1])
    if section[1] is not None or facts.duration_s is None or ends_s > facts.duration_s - MISSING_S:
        return []
    return [
        f"the film ends at {time_words(ends_s)}, its file says {time_words(facts.duration_s)}: it may be cut off"
    ]


def _embed(swapper: Swapper, paths: Sequence[Path]) -> Identity:
    """The identity of the person in these pictures; raises UserError that names one without a face."""
    source = find_source(swapper, paths)
    return swapper.embed_faces(source.pictures, source.faces)


def _people(
    swapper: Swapper,
    facts: FilmFacts,
    parts: Parts,
    section: tuple[int | None, int | None],
    listener: Listener | None,
) -> People:
    """The people of the film: those that an earlier run found, or those that a look through it finds."""
    if parts.tracks.exists():
        try:
            return read_people(parts.tracks)
        except ValueError:
            tqdm.write(
                "note: what an earlier run knew of the film's people is damaged; it is looked through again"
            )
    people = look_through(swapper, facts, section, listener)
    write_people(parts.tracks, people)
    return people


def _write_segments(
    swapper: Swapper,
    facts: FilmFacts,
    encoding: Encoding,
    parts: Parts,
    people: People,
    whose: dict[int, Identity],
    end_pts: int | None,
    settings: FilmSettings,
    listener: Listener | None,
) -> list[Path]:
    """Writes the segments that are not there yet; returns all of them in order."""
    # Whole groups: a run that goes on gives the same frames to the networks together, whose answers may else differ.
    length = FRAMES_AT_ONCE * max(1, round(SEGMENT_S * facts.frame_rate / FRAMES_AT_ONCE))
    total, segments = len(people.pts), parts.done_segments()
    number = len(segments) * length
    if number >= total:
        return segments
    swap = frame_swapper(swapper, people, whose).swap
    with ExitStack() as stack:  # whatever ends it, no thread goes on
        decoded = ahead(read_frames(facts, int(people.pts[number]), end_pts), FRAMES_AHEAD)
        decoded = stack.enter_context(closing(decoded))
        swapped = swap(replace(frame, number=frame.number + number) for frame in decoded)
        if settings.debug:
            swapped = _drawn(swapped, people)
        ready = stack.enter_context(closing(ahead(swapped, FRAMES_AHEAD)))
        advance = stack.enter_context(frame_by_frame("swapping", total, number, listener))
        stream = _counted(ready, advance)
        while len(segments) * length < total:
            path, piece = parts.segment(len(segments)), islice(stream, length)
            if settings.marks:
                write_marked_segment(path, facts, encoding, piece, [swapper.used_model])
            else:
                write_unmarked_segment(path, facts, encoding, piece)
            segments.append(path)
    return segments


def frame_swapper(swapper: Swapper, people: People, whose: dict[int, Identity]) -> FrameSwapper:
    """What swaps the frames of a film: `whose` says which person, by number, gets which identity."""
    pictures = [read_picture(path).srgb for path in bundled_pictures()]
    crops = np.stack([swapper.cut(picture, swapper.detect(picture)[0])[0] for picture in pictures])
    engine = swapper.engine
    generator = SeeingGenerator(engine, crops, next(iter(whose.values())).embedding)
    recipe = engine.recipe
    return FrameSwapper(generator, people, whose, recipe.size_px, recipe.shrink, swapper.paste_steps)


def _drawn(frames: Iterable[FilmFrame], people: People) -> Iterator[FilmFrame]:
    """The frames with all that is known of their faces drawn in."""
    for frame in frames:
        box = (0, 0, frame.picture.width, frame.picture.height)
        picture = frame.picture.rgb(box)
        drawn = draw_debug(picture, people, frame.number)
        frame.picture.add(box, np.subtract(drawn, picture, dtype=np.int16))
        yield frame


def _counted(frames: Iterable[FilmFrame], advance: Callable[[], None]) -> Iterator[FilmFrame]:
    for frame in frames:
        yield frame
        advance()


def _job(
    swapper: Swapper, wishes: Sequence[Wish], facts: FilmFacts, encoding: Encoding, settings: FilmSettings
) -> dict[str, object]:
    """All that decides the pixels of the result, as plain values."""
    return {
        "version": __version__,
        "film": file_identity(facts.path),
        "section": [settings.start_s, settings.end_s],
        "encoding": asdict(encoding),
        "model": swapper.used_model.sha256,
        "encoder": swapper.engine.encoder.fingerprint,
        "detector": swapper.detector.name,
        "paste_steps": asdict(swapper.paste_steps),
        "sources": [[file_identity(path) for path in wish.sources] for wish in wishes],
        "whom": [
            file_identity(wish.whom) if isinstance(wish.whom, Path) else repr(wish.whom) for wish in wishes
        ],
        "debug": settings.debug,
        "marks": settings.marks,
    }
