"""How serve.py bears many clients: its answers, latency and memory, beside the engine's own time.

    python -m benchmarks.serving_load [--clients 8] [--minutes 5] [--side 1000]

Needs requirements-dev.txt. First: from the start of the process to the first byte, and the first swap of a server that
has just come up. Then one client and the engine, used as swap_image.py uses it, swap the same picture of side x side px
in turns, from file to marked PNG. Then all clients swap, detect and embed without a pause; one that is told 429 waits
for as long as it is told. Memory is the server's own, read every two seconds. The exit code is 1 where
anything failed but by 429.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from facedancer_tf.quiet_start import load_tensorflow_quietly

if __name__ == "__main__":
    load_tensorflow_quietly()  # the imports below bring TensorFlow

import cv2
import httpx
import numpy as np

from benchmarks.hostile_uploads import fault
from benchmarks.running_server import RunningServer, running_server
from data.pictures import read_picture
from facedancer_tf.bundled_pictures import bundled_pictures
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.provenance.writing import write_unswapped
from facedancer_tf.swapping.picture_swap import WritingOptions, swap_picture
from facedancer_tf.swapping.swap_inputs import find_source, find_target
from facedancer_tf.swapping.swapper import Swapper

SOURCE, TARGET = "barack_obama", "eileen_collins"
TIMEOUT_S = 120
# What a client asks for, in turns: swaps cost most, so they are what is waited for.
TURN = ("swap", "swap", "detect", "embed")


@dataclass
class Seen:
    """What the clients saw: seconds of each answer of 200 by route, counts by status, and failures in words."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, route: str, answer: httpx.Response, took_s: float) -> None:
        """Notes one answer."""
        with self.lock:
            self.statuses[answer.status_code] += 1
            if answer.status_code == 200:
                self.seconds.setdefault(route, []).append(took_s)
            elif answer.status_code != 429 or fault(answer):
                self.failures.append(f"{route}: status {answer.status_code}: {answer.text[:200]}")


def ask(client: httpx.Client, route: str, source: Path, target: Path) -> httpx.Response:
    """One request with whole files, as a client sends it."""
    if route == "swap":
        files = [("source", source.read_bytes()), ("target", target.read_bytes())]
    else:
        files = [("picture", target.read_bytes())]
    return client.post(f"/v1/{route}", files=[(name, (f"{name}.jpg", content)) for name, content in files])


def engine_swap(swapper: Swapper, source: Path, target: Path, beside: Executor) -> None:
    """The work of POST /v1/swap as swap_image.py does it, without a server."""
    output = target.with_name("swapped.png")
    person = find_source(swapper, [source])
    identity = swapper.embed_faces(person.pictures, person.faces)
    found = find_target(swapper, target, "largest", output)
    _, notes = swap_picture(swapper, identity, found, output, WritingOptions(), beside)
    notes.result()


def timed_s(call: Callable[[], object]) -> float:
    """How long one call takes."""
    began_s = time.perf_counter()
    call()
    return time.perf_counter() - began_s


def measure_start(source: Path, target: Path) -> None:
    """From the start of the process to its first byte; the first swap, asked for at once and of a ready server."""
    for ready in (False, True):
        with (
            running_server(ready=ready) as server,
            httpx.Client(base_url=server.address, timeout=60) as client,
        ):
            asked_s = time.perf_counter()
            answer = ask(client, "swap", source, target)
            took_s = time.perf_counter() - asked_s
            state = "models loaded" if ready else "at once"
            print(
                f"first byte {server.first_byte_s:.2f} s after the start; first swap ({state}) {took_s:.2f} s, "
                f"status {answer.status_code}",
                flush=True,
            )


def measure_alone(client: httpx.Client, swapper: Swapper, source: Path, target: Path, rounds: int) -> None:
    """One client and the engine in turns."""
    pairs = []
    with ThreadPoolExecutor(1) as beside:
        for number in range(rounds + 2):
            served_s = timed_s(lambda: ask(client, "swap", source, target))
            own_s = timed_s(lambda: engine_swap(swapper, source, target, beside))
            if number > 1:  # the first two warm up
                pairs.append((served_s, own_s))
    served_s, own_s = (median(column) for column in zip(*pairs, strict=True))
    print(
        f"alone: served {served_s:.3f} s, the engine itself {own_s:.3f} s, ratio {served_s / own_s:.2f}",
        flush=True,
    )


def drive(server: RunningServer, seen: Seen, number: int, files: tuple[Path, Path], until_s: float) -> None:
    """One client that asks without a pause until a time, by time.perf_counter."""
    with httpx.Client(base_url=server.address, timeout=TIMEOUT_S) as client:
        turn = number
        while time.perf_counter() < until_s:
            route, turn = TURN[turn % len(TURN)], turn + 1
            began_s = time.perf_counter()
            try:
                answer = ask(client, route, *files)
            except httpx.HTTPError as error:
                with seen.lock:
                    seen.failures.append(f"{route}: {error!r}")
                continue
            seen.note(route, answer, time.perf_counter() - began_s)
            if answer.status_code == 429:
                time.sleep(float(answer.headers["Retry-After"]))


def measure_crowd(server: RunningServer, clients: int, minutes: float, files: tuple[Path, Path]) -> Seen:
    """All clients at once, while memory is watched."""
    seen, until_s = Seen(), time.perf_counter() + 60 * minutes
    threads = [
        threading.Thread(target=drive, args=(server, seen, number, files, until_s))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.memory_mb.append(server.memory_mb())
        time.sleep(2)
    return seen


def report(seen: Seen, clients: int, minutes: float) -> None:
    """Prints latencies by route, statuses, and how memory went."""
    print(
        f"{clients} clients, {minutes:g} minutes: "
        + ", ".join(f"{n} x {s}" for s, n in seen.statuses.items())
    )
    print(f"{'':<8}{'answers':>8}{'p50 s':>8}{'p95 s':>8}{'max s':>8}")
    for route, seconds in sorted(seen.seconds.items()):
        p50, p95 = np.percentile(seconds, (50, 95))
        print(f"{route:<8}{len(seconds):>8}{p50:>8.2f}{p95:>8.2f}{max(seconds):>8.2f}")
    quarters = [np.mean(part) for part in np.array_split(seen.memory_mb, 4) if len(part)]
    print("memory by quarters of the time, MB: " + ", ".join(f"{mb:.0f}" for mb in quarters))
    for failure in seen.failures[:20]:
        print(f"failure: {failure}")
    print(f"{len(seen.failures)} failures")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--side", type=int, default=1000, help="of the square target, in px (1000)")
    parser.add_argument("--rounds", type=int, default=15, help="of one client and the engine in turns (15)")
    arguments = parser.parse_args()
    run_graphs_as_they_are()  # as swap_image.py does
    pictures = {path.stem: path for path in bundled_pictures()}
    with tempfile.TemporaryDirectory() as folder:
        rgb = read_picture(pictures[TARGET]).rgb
        side = min(rgb.shape[:2])
        square = cv2.resize(
            rgb[:side, :side], (arguments.side, arguments.side), interpolation=cv2.INTER_CUBIC
        )
        target = Path(folder) / "target.jpg"
        write_unswapped(target, np.asarray(square, np.uint8))
        files = pictures[SOURCE], target
        measure_start(*files)
        with running_server() as server, httpx.Client(base_url=server.address, timeout=TIMEOUT_S) as client:
            with Swapper() as swapper:
                measure_alone(client, swapper, *files, arguments.rounds)
            seen = measure_crowd(server, arguments.clients, arguments.minutes, files)
            report(seen, arguments.clients, arguments.minutes)
    sys.exit(1 if seen.failures else 0)


if __name__ == "__main__":
    main()
