"""Slow, broken and endless connections to the real serve.py: they are ended, and leave nothing behind."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.hostile_uploads import seeds
from tests.facedancer_tf.serving.real_server.conftest import SILENCE_S

WAIT_S = 15
MULTIPART = "Content-Type: multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'


def wait_for(condition: Callable[[], bool]) -> None:
    """Waits until something holds; fails where it does not come to hold."""
    until_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.05)


def left_over(folder: Path) -> list[str]:
    """The files that lie below `folder`."""
    return [path.name for path in folder.rglob("*") if path.is_file()]


def head(path: str, *lines: str) -> bytes:
    """The head of a POST."""
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("lines", "body"),
    [
        ([MULTIPART, "Content-Length: 4000000000"], b""),  # told at once, before anything is read
        ([MULTIPART, "Transfer-Encoding: chunked"], b"200000\r\n" + b"a" * 0x200000 + b"\r\n"),
    ],
)
def test_too_much_is_refused_while_it_comes(server, client, lines, body):
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as raw:
        raw.sendall(head("/v1/detect", *lines))
        try:
            raw.sendall(PART and body)
        except ConnectionError:
            return
        assert raw.recv(20).split()[1] in (b"413", b"400")


def test_clients_that_fall_silent_are_cut_off_and_leave_nothing(server, client, upload_folder):
    part = head("/v1/detect", MULTIPART, "Content-Length: 50000") + PART
    silent = [socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) for _ in range(3)]
    began_s = time.monotonic()
    for raw, sent in zip(silent, (b"", b"POST /v1/de", part), strict=True):
        raw.sendall(sent)
    answers = [raw.makefile("rb").read() for raw in silent]  # until the server ends them
    assert time.monotonic() - began_s < SILENCE_S + 5
    assert [answer[9:12] for answer in answers] in ([b"", b"", b"408"], [b"", b"408", b"408"])
    for raw in silent:
        raw.close()
    wait_for(lambda: left_over(upload_folder) == [])


def test_a_drop_at_a_time_keeps_no_connection(server, client):
    with socket.create_connection(("127.0.0.1", server.port), timeout=WAIT_S) as raw:
        raw.sendall(b"POST /v1/detect HTTP/1.1\r\n")
        began_s = time.monotonic()
        with pytest.raises(ConnectionError):
            drip(raw)
    assert time.monotonic() - began_s < SILENCE_S + 5


def drip(raw: socket.socket) -> None:
    """Sends a line of a head ten times a second, for much longer than the server waits for a head."""
    for _ in range(10 * (SILENCE_S + 5)):
        raw.sendall(b"X: y\r\n")
        time.sleep(0.1)


def test_many_slow_clients_leave_room_for_another(server, client):
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(60)]
    try:
        for raw in slow:
            raw.sendall(head("/v1/detect", MULTIPART, "Content-Length: 50000"))
        assert client.get("/healthz").status_code == 200
    finally:
        for raw in slow:
            raw.close()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_client_that_goes_away_leaves_nothing(server, client, upload_folder, share):
    body = (
        b"".join(
            b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a"\r\n\r\n%s\r\n'
            % (name, seeds()["jpg"])
            for name in (b"source", b"target")
        )
        + b"--x--\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(
            head("/v1/swap", MULTIPART, f"Content-Length: {len(body)}") + body[: round(share * len(body))]
        )
    wait_for(lambda: left_over(upload_folder) == [])
