"""A process that makes a film in segments of a few frames, to be ended: python -m tests.facedancer_tf.films.making_a_film IN OUT"""

import resource
import sys
import time
from itertools import islice
from pathlib import Path

from facedancer_tf.errors import run_main
from facedancer_tf.films.assembly import assemble
from facedancer_tf.films.encoding import choose_encoding
from facedancer_tf.films.film import read_facts, read_frames
from facedancer_tf.films.parts import file_identity, parts_of
from facedancer_tf.films.segments import write_segment
from facedancer_tf.writing import reported

EACH = 4  # frames


def make(source: Path, output: Path, pause_s: float, name: str = "") -> None:
    """Makes the film, going on where an earlier run was ended; prints each segment when it is whole."""
    facts = read_facts(source)
    encoding, _ = choose_encoding(facts, output.suffix)
    with parts_of(output, {"source": file_identity(source), "name": name}) as parts:
        if parts.note:
            print("note:", parts.note, flush=True)
        number = len(parts.done_segments())
        frames = islice(read_frames(facts), number * EACH, None)
        while batch := list(islice(frames, EACH)):
            with reported(parts.segment(number)):
                write_segment(parts.segment(number), facts, encoding, batch)
            print("segment", number, flush=True)
            time.sleep(pause_s)
            number += 1
        with reported(output):
            assemble(output, facts, encoding, parts.done_segments())
        parts.remove()


def main() -> None:
    source, output, pause_s, most_bytes = sys.argv[1:]
    if most_bytes != "0":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    make(Path(source), Path(output), float(pause_s))


if __name__ == "__main__":
    run_main(main)
