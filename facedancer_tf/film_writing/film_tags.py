"""Copies what a container says about itself and its streams: title, language, location, chapters."""

from collections.abc import Mapping
from fractions import Fraction

import av

from facedancer_tf.film_writing.section import Section

# Said of the file or its encoder, not of the film; a writer states its own.
_OF_THE_FILE = {
    "major_brand",
    "minor_version",
    "compatible_brands",
    "encoder",
    "vendor_id",
    "rotate",
    "alpha_mode",
}
_STATISTICS = ("DURATION", "BPS", "NUMBER_OF_", "_STATISTICS")
_FOREIGN = "com."  # keys like com.apple.quicktime.model


def joined_tags(metadata: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """A container's own metadata with `tags`; where both have a key, the container's own text comes first."""
    kept = _kept(metadata)
    for key, text in tags.items():
        own = kept.get(key, "")
        kept[key] = own if text in own else f"{own}\n{text}".lstrip("\n")
    return kept


def copy_stream_tags(source: av.stream.Stream, result: av.stream.Stream) -> None:
    """Copies a stream's metadata (language, title) and what it is for (default, forced, a comment)."""
    result.metadata.update(_kept(source.metadata))
    result.disposition = source.disposition


def _kept(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata of a container or stream without what is said of its file and encoder only."""
    return {
        key: text
        for key, text in metadata.items()
        if key.lower() not in _OF_THE_FILE and not key.startswith(_STATISTICS)
    }


def holds_foreign_tags(metadata: Mapping[str, str]) -> bool:
    """Whether there are keys that MP4 and QuickTime only hold if they are told to hold any."""
    return any(key.startswith(_FOREIGN) for key in metadata)


def copy_chapters(
    source: av.container.InputContainer, result: av.container.OutputContainer, section: Section
) -> None:
    """Copies the chapters of the section, cut to it."""
    chapters = []
    for chapter in source.chapters():
        time_base = chapter["time_base"] or Fraction(1, av.time_base)
        start, end = chapter["start"] * time_base, chapter["end"] * time_base
        if section.holds(start, end):
            start = max(start, section.start) if section.start is not None else start
            end = min(end, section.end) if section.end is not None else end
            moved = [round((moment - section.origin) / time_base) for moment in (start, end)]
            chapters.append(chapter | {"start": moved[0], "end": moved[1], "time_base": time_base})
    if chapters:
        result.set_chapters(chapters)
