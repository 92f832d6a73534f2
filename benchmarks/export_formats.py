"""Compares exported models with Keras: size on disk, differences of pixels, time per face.

    python -m benchmarks.export_formats

A generator of the released size and plan with random weights (speed and rounding hardly depend on training) and
SFace's encoder are exported in every format, for any source and with an identity baked in. All of them run on the
bundled photographs' faces in interleaved rounds, all with the same number of threads. Times are medians; ratios are to
Keras in a warmed-up tf.function. Takes some five minutes and 9 GB of memory.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.command_line import Parser
from facedancer_tf.errors import run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly

BATCHES = (1, 8)
SOURCE = bundled_pictures()[0]  # every generator gets the identity of this picture, baked in or as an input


@dataclass
class Run:
    """One network in one runtime: a function of arrays by name, and the seconds that it took, by batch."""

    network: str
    where: str
    inputs: tuple[str, ...]
    run: Callable[..., np.ndarray]
    seconds: dict[int, list[float]] = field(default_factory=lambda: {batch: [] for batch in BATCHES})

    def __call__(self, arrays: Mapping[str, np.ndarray], batch: int) -> np.ndarray:
        return self.run(**{name: arrays[name][:batch] for name in self.inputs})

    def milliseconds_per_face(self, batch: int) -> float:
        return statistics.median(self.seconds[batch]) / batch * 1e3


def write_model(path: Path) -> None:
    """Writes a model file of the released plan, except for the identity's width, which is SFace's 128."""
    import keras

    from facedancer_tf.weights.model_file import ModelRecipe, save_model_file
    from networks.generator import RELEASED_FUSION, build_generator

    keras.utils.set_random_seed(0)
    arguments: dict[str, Any] = {"size_px": 256, "identity_width": 128, "fusion": RELEASED_FUSION}
    generator = build_generator(**arguments)
    save_model_file(generator, ModelRecipe(arguments, "sface", 1.0, "nothing", "for measuring only", 0), path)
    print(f"{generator.count_params()} parameters in the generator; model file {_megabytes(path)}")


def export_all(model: Path, folder: Path) -> None:
    """Exports to every format, for any source and baked; prints each one's size and its difference from the model."""
    from facedancer_tf.exporting.export import FORMATS, export_model

    for format_name in FORMATS:
        for kind, sources in (("two", []), ("baked", [SOURCE])):
            place = folder / f"{format_name}_{kind}"
            apart = export_model(model, place, format_name, sources).apart
            sizes = [f"{path.name} {_megabytes(path)}" for path in sorted(place.glob("*.onnx"))]
            print(
                f"{place.name}: {', '.join(sizes) or _megabytes(place)}; pixels differ by at most "
                f"{apart.largest:.0f} of 255, on average by {apart.mean:.6f}"
            )


def _megabytes(path: Path) -> str:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return f"{sum(file.stat().st_size for file in files) / 1e6:.1f} MB"


def load_all(model: Path, folder: Path, threads: int) -> list[Run]:
    """Keras and every export, ready to run; for each network, Keras comes first."""
    import onnxruntime
    import tensorflow as tf

    from facedancer_tf.exporting.endpoints import two_input_endpoints
    from facedancer_tf.swapping.engine import Engine

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Without this its idle threads wait busily for the next call and slow down the other runs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")

    def tensorflow(function: Callable[..., Mapping[str, Any]]) -> Callable[..., np.ndarray]:
        def run(**arrays: np.ndarray) -> np.ndarray:
            (output,) = function(**{name: tf.constant(array) for name, array in arrays.items()}).values()
            return output.numpy()

        return run

    def onnx(path: Path) -> Callable[..., np.ndarray]:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return lambda **arrays: session.run(None, arrays)[0]

    two, baked = (tf.saved_model.load(str(folder / f"saved_model_{kind}")) for kind in ("two", "baked"))
    runs = []
    for endpoint in two_input_endpoints(Engine(model), joined=False):
        network = "encoder" if endpoint.name == "embed" else "generator"
        inputs = tuple(spec.name for spec in endpoint.inputs)
        in_keras = tf.function(endpoint.function, input_signature=endpoint.inputs)
        runs += [
            Run(network, "Keras", inputs, tensorflow(in_keras)),
            Run(network, "SavedModel", inputs, tensorflow(two.signatures[endpoint.name])),
            Run(network, "ONNX Runtime", inputs, onnx(folder / "onnx_two" / f"{endpoint.name}.onnx")),
        ]
    runs += [
        Run("generator", "SavedModel, baked", ("target",), tensorflow(baked.signatures["swap"])),
        Run("generator", "ONNX Runtime, baked", ("target",), onnx(folder / "onnx_baked" / "swap.onnx")),
    ]
    return runs


def measure(runs: list[Run], arrays: Mapping[str, np.ndarray], rounds: int) -> None:
    """Measures `seconds`: every round runs each network once; the first round warms up and does not count."""
    for batch in BATCHES:
        for number in range(rounds + 1):
            for run in runs:
                started = time.perf_counter()
                run(arrays, batch)
                if number:
                    run.seconds[batch].append(time.perf_counter() - started)


def print_table(runs: list[Run], arrays: Mapping[str, np.ndarray]) -> None:
    """Prints for each run the difference from Keras (levels of 255; embeddings as they are) and the times."""
    head = "".join(f"{f'ms/face, batch {batch}':>20}{'ratio':>7}" for batch in BATCHES)
    print(f"{'network':<11}{'where':<21}{'max diff':>10}{'mean diff':>11}{head}")
    for run in sorted(runs, key=lambda run: run.network):
        keras = next(other for other in runs if (other.network, other.where) == (run.network, "Keras"))
        apart = np.abs(run(arrays, BATCHES[-1]).astype(float) - keras(arrays, BATCHES[-1]))
        times = [(run.milliseconds_per_face(batch), keras.milliseconds_per_face(batch)) for batch in BATCHES]
        columns = "".join(f"{own:>20.1f}{own / base:>7.2f}" for own, base in times)
        print(f"{run.network:<11}{run.where:<21}{apart.max():>10.2g}{apart.mean():>11.1e}{columns}")


def main() -> None:
    parser = Parser(__doc__)
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count(), help="of TensorFlow and ONNX Runtime each"
    )
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    os.environ["TF_NUM_INTRAOP_THREADS"] = str(arguments.threads)  # read once, when TensorFlow starts
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    load_tensorflow_quietly()
    import onnxruntime
    import tensorflow as tf

    from facedancer_tf.exporting.export import bundled_crops
    from facedancer_tf.swapping.swapper import Swapper

    print(f"TensorFlow {tf.__version__}, ONNX Runtime {onnxruntime.__version__}, {arguments.threads} threads, "
          f"{arguments.rounds} rounds")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        model, folder = Path(name) / "model.keras", Path(name)
        write_model(model)
        export_all(model, folder)
        swapper = Swapper(model)
        targets, sources = bundled_crops(swapper.detector, swapper.engine)
        most = np.arange(max(BATCHES))
        arrays = {
            "target": targets[most % len(targets)],
            "source": sources[most % len(sources)],
            "identity": np.tile(swapper.embed(read_picture(SOURCE).rgb).embedding, (len(most), 1)),
        }
        runs = load_all(model, folder, arguments.threads)
        measure(runs, arrays, arguments.rounds)
        print_table(runs, arrays)


if __name__ == "__main__":
    run_main(main)
