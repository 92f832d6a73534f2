"""Sends damaged pictures and films to serve.py: whatever comes, it answers in one sentence and lives on.

    python -m benchmarks.hostile_uploads [--count 2000] [--clients 4] [--seed 0] [--keep FOLDER]

Needs requirements-dev.txt. Every upload is a small PNG, JPEG, GIF, WebP or MP4 with a few damages: flipped bits,
extreme numbers, missing, doubled and foreign pieces; most PNGs have right checksums all the same. A table counts the
answers by format. A failure is a 5xx, a broken connection, an answer without {code, message} or one that names a path;
--keep writes what caused it.
"""

import argparse
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx

from benchmarks.clip_files import write_clip
from benchmarks.clips import one_face
from benchmarks.hostile.bytes import damage, with_right_checksums
from benchmarks.running_server import running_server
from facedancer_tf.bundled_pictures import bundled_pictures

FILMS = ("gif", "webp", "mp4")
PATH = re.compile(r"/(tmp|var|home|root|usr|proc|work|opt)/|site-packages|Traceback|\.py\b")
TIMEOUT_S = 120


@cache
def seeds() -> dict[str, bytes]:
    """A small sound file of each format: PNG, JPEG, GIF, WebP and MP4, by suffix."""
    frames = list(one_face(160, 120, 4).frames())
    files = {"jpg": min((path.read_bytes() for path in bundled_pictures() if path.suffix == ".jpg"), key=len)}
    with tempfile.TemporaryDirectory() as folder:
        for suffix, count in (("png", 1), ("gif", 4), ("webp", 4), ("mp4", 4)):
            path = Path(folder) / f"seed.{suffix}"
            write_clip(path, frames[:count])
            files[suffix] = path.read_bytes()
    return files


@dataclass(frozen=True)
class Upload:
    """One request: the route, its multipart fields as (name, content), and the format that was damaged."""

    number: int
    kind: str
    route: str
    fields: tuple[tuple[str, bytes], ...]


def uploads(count: int, seed: int) -> Iterator[Upload]:
    """`count` requests to all routes that take files, the same for the same seed."""
    files, chance = seeds(), random.Random(seed)
    kinds = list(files)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        bad = damage(files[kind], files[chance.choice(kinds)], chance)
        if kind == "png" and chance.random() < 0.7:
            bad = with_right_checksums(bad)
        routes: list[tuple[str, tuple[tuple[str, bytes], ...]]] = [
            ("/v1/detect", (("picture", bad),)),
            ("/v1/embed", (("picture", bad),)),
            ("/v1/swap", (("source", files["jpg"]), ("target", bad))),
            ("/v1/swap", (("source", bad), ("target", files["jpg"]))),
            ("/v1/check", (("file", bad),)),
        ]
        if kind in FILMS:
            routes.append(("/v1/jobs", (("source", files["jpg"]), ("target", bad))))
        yield Upload(number, kind, *chance.choice(routes))


def send(client: httpx.Client, upload: Upload) -> tuple[str, str]:
    """The status of the answer and what is wrong with it, "" where nothing is. A job that began is cancelled."""
    files = [(name, (f"{name}.{upload.kind}", content)) for name, content in upload.fields]
    try:
        answer = client.post(upload.route, files=files)
        if answer.status_code == 202:
            client.delete(answer.json()["href"]).raise_for_status()
    except httpx.HTTPError as error:
        return "none", repr(error)
    return str(answer.status_code), fault(answer)


def fault(answer: httpx.Response) -> str:
    """What is wrong with an answer to any request: a failure of the server, or an error that is not one sentence."""
    status = answer.status_code
    if status >= 500 and status != 503:
        return f"status {status}: {answer.text[:300]}"
    if status < 400:
        return ""
    try:
        body = answer.json()
    except ValueError:
        return f"no JSON with status {status}: {answer.text[:300]}"
    if not isinstance(body, dict) or set(body) != {"code", "message"}:
        return f"not {{code, message}} with status {status}: {answer.text[:300]}"
    message = str(body["message"])
    if PATH.search(message) or "\n" in message or not message:
        return f"a message that shows the server's inside, or is no sentence: {message[:300]}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000, help="uploads (2000)")
    parser.add_argument("--clients", type=int, default=4, help="at a time (4)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="write the uploads that failed into it")
    arguments = parser.parse_args()
    counts: Counter[tuple[str, str]] = Counter()
    faults = 0
    with (
        running_server() as server,
        httpx.Client(base_url=server.address, timeout=TIMEOUT_S) as client,
        ThreadPoolExecutor(arguments.clients) as threads,
    ):
        before_mb = server.memory_mb()
        work = list(uploads(arguments.count, arguments.seed))
        for upload, (status, wrong) in zip(work, threads.map(lambda u: send(client, u), work), strict=True):
            counts[upload.kind, status] += 1
            if wrong:
                faults += 1
                print(f"upload {upload.number}, {upload.kind} to {upload.route}: {wrong}", flush=True)
                if arguments.keep:
                    arguments.keep.mkdir(parents=True, exist_ok=True)
                    for name, content in upload.fields:
                        (arguments.keep / f"{upload.number}-{name}.{upload.kind}").write_bytes(content)
        alive = client.get("/healthz").json()["status"]
        after_mb = server.memory_mb()
    statuses = sorted({status for _, status in counts})
    print(f"{'':<6}" + "".join(f"{status:>7}" for status in statuses))
    for kind in sorted({kind for kind, _ in counts}):
        print(f"{kind:<6}" + "".join(f"{counts[kind, status]:>7}" for status in statuses))
    print(f"{arguments.count} uploads, {faults} failures; the server is {alive}")
    print(f"memory before {before_mb:.0f} MB, after {after_mb:.0f} MB")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
