"""A real serve.py with a token: who has none is refused, the page asks for it, and SIGTERM finishes what runs."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from playwright.sync_api import Browser, expect

from benchmarks.hostile_uploads import fault, seeds
from benchmarks.running_server import ROOT, RunningServer, running_server

TOKEN = "correct-horse-battery-staple"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server that asks for TOKEN, and keeps uploads beside it in a folder "uploads"."""
    path = tmp_path_factory.mktemp("token") / "token.txt"
    uploads = path.with_name("uploads")
    uploads.mkdir()
    path.write_text(f"{TOKEN}\n")
    path.chmod(0o600)
    with running_server(
        "--token-file", str(path), ready=False, environment={"TMPDIR": str(uploads)}
    ) as server:
        yield server
    assert list(uploads.iterdir()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_computers_need_a_token(host):
    command = [sys.executable, "serve.py", "--host", host, "--port", "0"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert re.fullmatch(r"error: .*token.*\n", ran.stderr), ran.stderr


@pytest.mark.parametrize(
    "given", [None, "", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", "Bearer ü"]
)
def test_without_the_token_nothing_is_done(guarded, given):
    headers = {} if given is None else {"Authorization": given.encode()}
    for method, path in (
        ("GET", "/v1/models"),
        ("POST", "/v1/swap"),
        ("POST", "/v1/jobs"),
        ("DELETE", "/v1/jobs/x"),
    ):
        answer = httpx.request(method, guarded.address + path, headers=headers)
        assert (answer.status_code, fault(answer)) == (401, "")
        assert TOKEN not in answer.text


def test_the_page_and_the_state_need_no_token(guarded):
    assert [httpx.get(guarded.address + path).status_code for path in ("/", "/healthz", "/metrics")] == [
        200
    ] * 3
    assert httpx.get(f"{guarded.address}/v1/models", headers={"Authorization": f"Bearer {TOKEN}"}).is_success


def test_the_page_asks_for_the_token(browser: Browser, guarded):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(guarded.address)
        expect(page.locator("#token")).to_be_visible()
        page.locator("#token-value").fill("wrong")
        page.locator("#token-send").click()
        expect(page.locator("#token-error")).not_to_be_empty()
        page.locator("#token-value").fill(TOKEN)
        page.keyboard.press("Enter")
        expect(page.locator("#token")).to_be_hidden()
        expect(page.locator("#status")).to_have_text("Ready", timeout=60_000)
        assert TOKEN not in page.evaluate(
            "JSON.stringify([localStorage, sessionStorage, document.cookie, location])"
        )


def test_sigterm_finishes_what_runs_and_keeps_the_token_out_of_the_log(guarded):
    guarded.wait_until_ready()
    photograph = seeds()["jpg"]

    def swap() -> httpx.Response:
        files = [("source", photograph), ("target", photograph)]
        return httpx.post(
            f"{guarded.address}/v1/swap",
            files=files,
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=60,
        )

    def waiting() -> bool:
        return "facedancer_waiting_pictures 0.0" not in httpx.get(f"{guarded.address}/metrics").text

    with ThreadPoolExecutor() as threads:
        answers = [threads.submit(swap) for _ in range(2)]
        while not waiting() and not answers[0].done():  # one waits, so the other runs
            time.sleep(0.01)
        guarded.process.send_signal(signal.SIGTERM)
        statuses = {answer.result().status_code for answer in answers}
    assert 200 in statuses
    assert statuses <= {200, 503}
    assert guarded.process.wait(20) == 0
    assert TOKEN not in guarded.log
    assert "Traceback" not in guarded.log
