"""serve.py as people start it: it answers while it loads, swaps, and ends by SIGTERM or by one sentence."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="serving's packages are missing: bash setup.sh serve")

import httpx

from facedancer_tf.provenance.checking import check

ROOT = Path(__file__).resolve().parents[1]
BARACK, EILEEN = ROOT / "assets/pictures/barack_obama.jpg", ROOT / "assets/pictures/eileen_collins.png"


@contextmanager
def serving(folder: Path, *flags: str) -> Iterator[tuple[subprocess.Popen, str, int]]:
    """Starts serve.py at a free port; gives the process, the address it printed, and the port."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "serve.py", "--port", "0", *flags],
        cwd=folder,
        env=os.environ | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:(\d+)/", line)
        assert match, line
        yield process, match[0], int(match[1])
    finally:
        process.kill()
        process.communicate()


def test_two_photographs_are_swapped_and_sigterm_ends_it_in_order(tmp_path: Path):
    with serving(tmp_path) as (process, address, _):
        assert httpx.get(f"{address}healthz", timeout=30).json() == {"status": "loading"}
        files = {"source": BARACK.read_bytes(), "target": EILEEN.read_bytes()}
        answer = httpx.post(f"{address}v1/swap", files=files, timeout=120)
        assert answer.status_code == 200
        (tmp_path / "swapped.png").write_bytes(answer.content)
        assert check(tmp_path / "swapped.png").watermark is not None
        assert float(answer.headers["x-likeness"]) > 0.4
        assert httpx.get(f"{address}healthz", timeout=30).json() == {"status": "ready"}
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "POST /v1/swap 200" in said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["swapped.png"]


def test_silent_and_slow_clients_are_sent_away(tmp_path: Path):
    with serving(tmp_path, "--limit", "head_s=1", "--limit", "silence_s=1") as (_, address, port):
        with socket.create_connection(("127.0.0.1", port)) as silent:
            silent.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
            silent.settimeout(30)
            assert silent.recv(100) == b""
        with socket.create_connection(("127.0.0.1", port)) as foreign:
            foreign.sendall(b"hello\r\n\r\n")
            foreign.settimeout(30)
            assert b'{"code":"bad_request"' in foreign.makefile("rb").read()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.putrequest("POST", "/v1/detect")
        connection.putheader("Content-Type", "multipart/form-data; boundary=x")
        connection.putheader("Content-Length", "1000")
        connection.endheaders(b"--x\r\n")
        answer = connection.getresponse()
        assert answer.status == 408
        assert b'"too_slow"' in answer.read()
        assert httpx.get(f"{address}healthz", timeout=30).status_code == 200


def test_ctrl_c_while_it_loads_ends_it_in_order(tmp_path: Path):
    with serving(tmp_path) as (process, _, _):
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")
    assert list(tmp_path.iterdir()) == []


def refused(*flags: str, says: str) -> None:
    ran = subprocess.run(
        [sys.executable, "serve.py", *flags], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert says in ran.stderr


def test_what_cannot_be_served_is_one_sentence(tmp_path: Path):
    refused("--host", "0.0.0.0", says="needs a token")
    refused("--limit", "pictures=3", says="picture_bytes")
    refused("--token-file", str(tmp_path / "none"), says="cannot be read as a token")
    refused("--model", "nothing", says="no generator weights nothing")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused("--port", str(taken.getsockname()[1]), says="choose another")
    refused("--port", "70000", says="0 to 65535")


def test_first_answer_comes_before_tensorflow(tmp_path: Path):
    """The bound is loose, because the machine may be busy: importing TensorFlow first would take twice as long."""
    bare = time.monotonic()
    subprocess.run([sys.executable, "-c", "import fastapi, uvicorn, cv2"], check=True)
    bare = time.monotonic() - bare
    began = time.monotonic()
    with serving(tmp_path) as (_, address, _):
        httpx.get(f"{address}healthz", timeout=30)
        assert time.monotonic() - began < 1 + 4 * bare
