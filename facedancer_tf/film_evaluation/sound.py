"""Compares the sound of two films packet by packet, without decoding it."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest

from facedancer_tf.films.film import FilmFacts
from facedancer_tf.films.opening import open_film

Packet = tuple[bytes, Fraction, Fraction]  # content, time and time base, in seconds


def equal_sound(one: FilmFacts, other: FilmFacts) -> float | None:
    """The share of sound packets that hold the same bytes at the same time in both films; None where both are silent.

    Times are equal where they differ by half of the coarser time base at most. Sound streams are compared in their
    order. Of two numbers of packets the larger counts, so that packets that are missing or added lower the share.
    """
    equal = packets = 0
    for number in range(max(_streams(one), _streams(other))):
        for ours, theirs in zip_longest(_packets(one, number), _packets(other, number)):
            packets += 1
            equal += ours is not None and theirs is not None and _same(ours, theirs)
    return equal / packets if packets else None


def _same(one: Packet, other: Packet) -> bool:
    return one[0] == other[0] and abs(one[1] - other[1]) <= max(one[2], other[2]) / 2


def _streams(film: FilmFacts) -> int:
    if film.is_animation:
        return 0
    with open_film(film.path) as (container, _):
        return len(container.streams.audio)


def _packets(film: FilmFacts, number: int) -> Iterator[Packet]:
    """The packets of the sound stream of this number; none where the film has no such stream."""
    if number >= _streams(film):
        return
    start = film.start_pts * film.time_base
    with open_film(film.path) as (container, _):
        for packet in container.demux(container.streams.audio[number]):
            if packet.pts is not None:  # that of the last, which is empty
                yield bytes(packet), packet.pts * packet.time_base - start, packet.time_base
