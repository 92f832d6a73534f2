"""Runs the parts of a swap one after the other and times each; swap_image_start.py runs this as a process.

    python -m benchmarks.swap_stages source.jpg target.jpg model.keras

Prints seconds of processor time by part as JSON. In swap_image.py some of these run at the same time.
"""

import argparse
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

seconds = {"Python and NumPy": time.process_time()}


@contextmanager
def part(name: str) -> Iterator[None]:
    began = time.process_time()
    yield
    seconds[name] = time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("source", "target", "model"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    source_path, target_path, model = arguments.source, arguments.target, arguments.model
    with part("OpenCV, Pillow and our own files"):
        from facedancer_tf.plain_graphs import run_graphs_as_they_are
        from facedancer_tf.provenance.swapped import Swapped, UsedModel
        from facedancer_tf.provenance.writing import write_swapped
        from facedancer_tf.quiet_start import load_tensorflow_quietly
        from facedancer_tf.swapping.swap_inputs import read_file
        from facedancer_tf.swapping.swapper import Swapper

        swapper = Swapper(model)
    with part("reading both photographs"):
        source, target = read_file(source_path).rgb, read_file(target_path).rgb
    with part("finding their faces"):
        source_face, target_face = swapper.detect(source)[0], swapper.detect(target)[0]
    with part("TensorFlow with Keras"):
        load_tensorflow_quietly()
        run_graphs_as_they_are()
    with part("loading the generator"):
        from facedancer_tf.weights.model_file import load_model_file

        _, recipe = load_model_file(model)
    with part("  of it building the network"):
        from facedancer_tf.weights.embedded import without_drawing
        from networks.generator import build_generator

        with without_drawing():
            build_generator(**recipe.generator)
    with part("loading the encoder"):
        from facedancer_tf.weights.identity_encoder import load_encoder

        load_encoder(recipe.encoder)
    engine = swapper.engine
    with part("first embedding, of the source"):
        identity = swapper.embed_faces([source], [source_face])
    with part("first swap"):
        crop, transform = swapper.cut(target, target_face)
        swapped = engine.swap_crops(crop[None], identity.embedding[None])[0]
    with part("pasting"):
        result = swapper.paste(target, [swapped], [(crop, transform)])
    with part("both likenesses"):
        for picture in (target, result):
            swapper.similarity(identity, picture, [target_face])
    with part("marking and writing the PNG"):
        marked = Swapped(result, [UsedModel.of(swapper.model_path)], target_path)
        write_swapped(target_path.with_name("stages.png"), marked)
    with part("another swap"):
        engine.swap_crops(crop[None], np.roll(identity.embedding, 1)[None])
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
