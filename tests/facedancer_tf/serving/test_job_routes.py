"""Swaps films through the API: with a real process, and with what is refused before one starts."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="serving is not installed: bash setup.sh serve")

from fastapi import Request
from fastapi.testclient import TestClient

from benchmarks import clips
from benchmarks.clip_files import write_clip
from facedancer_tf.films.film import read_facts
from facedancer_tf.provenance.checking import check
from facedancer_tf.serving.app import build_app
from facedancer_tf.serving.job_routes import JobFailure, answer_of
from facedancer_tf.serving.jobs import JobState
from facedancer_tf.serving.service import Service
from facedancer_tf.serving.settings import ServingLimits, Settings
from facedancer_tf.swapping.swapper import Swapper
from tests.facedancer_tf.conftest import PICTURES
from tests.facedancer_tf.serving.job_files import until

FACE = (PICTURES / "barack_obama.jpg").read_bytes()
LIMITS = ServingLimits(film_frames=40, film_seconds=3, film_side_px=400, film_bytes=2**20, waiting_jobs=1)
BASE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Small films by name."""
    folder, made = tmp_path_factory.mktemp("films"), {}
    for name, clip, rate in (
        ("short.mp4", clips.one_face(320, 180, 6), 24),
        ("short.gif", clips.one_face(160, 90, 3), 10),
        ("many.mp4", clips.one_face(64, 48, 41), 24),
        ("long.mp4", clips.one_face(64, 48, 4), 1),
        ("wide.mp4", clips.one_face(404, 48, 3), 24),
        ("running.mp4", clips.one_face(320, 180, 40), 24),
    ):
        write_clip(folder / name, clip.frames(), rate)
        made[name] = (folder / name).read_bytes()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "serving"


@pytest.fixture
def client(folder: Path, tiny_model: Path) -> Iterator[TestClient]:
    service = Service.of(Settings(model=str(tiny_model), limits=LIMITS), folder, Swapper)
    with TestClient(build_app(service), base_url=BASE) as client:
        yield client
    assert not folder.exists()


def send(client: TestClient, target: bytes, source: bytes = FACE, **texts: str) -> Any:
    files = [("source", ("me.jpg", source)), ("target", ("holiday.mov", target))]
    return client.post("/v1/jobs", files=files, data=texts)


def ended(client: TestClient, href: str) -> dict[str, Any]:
    """The job's last state; meanwhile its progress never falls."""
    states = [client.get(href).json()]
    while states[-1]["status"] in ("waiting", "running") and len(states) < 1200:
        time.sleep(0.1)
        states.append(client.get(href).json())
    progress = [state["progress"] for state in states]
    assert progress == sorted(progress)
    return states[-1]


def test_a_film_is_swapped_fetched_in_parts_and_deleted(
    client: TestClient, films: dict[str, bytes], folder: Path
) -> None:
    begun = send(client, films["short.mp4"], person="all")
    assert begun.status_code == 202, begun.text
    href = begun.json()["href"]
    assert client.get(f"{href}/result").status_code == 404
    job = ended(client, href)
    assert (job["status"], job["progress"], job["error"]) == ("done", 1.0, None), job
    whole = client.get(job["result"])
    assert whole.headers["content-type"] == "video/mp4"
    fetched = folder.parent / "fetched.mp4"
    fetched.write_bytes(whole.content)
    assert read_facts(fetched).frames == 6
    assert check(fetched).is_marked
    part = client.get(job["result"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    for header, status in (
        ("bytes=99999999-", 416),
        ("bytes=-0", 416),
        ("bytes=-5", 206),
        ("bytes=7-", 206),
        ("bytes=9-3", 200),
        ("bytes=-", 200),
        ("lines=1-2", 200),
        ("bytes=0-1,5-6", 200),
    ):
        answer = client.get(job["result"], headers={"Range": header})
        assert answer.status_code == status, header
        if status == 416:
            assert answer.json()["code"] == "range"
            assert answer.headers["content-range"] == f"bytes */{len(whole.content)}"
    assert 'facedancer_jobs{state="done"} 1.0' in client.get("/metrics").text
    assert client.delete(href).status_code == 204
    for answer in (client.get(href), client.get(job["result"]), client.delete(href)):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert list(folder.iterdir()) == []


def test_a_job_waits_for_the_one_before_it_which_is_cancelled(
    client: TestClient, films: dict[str, bytes], folder: Path
) -> None:
    running = send(client, films["running.mp4"]).json()
    waiting = send(client, films["short.gif"]).json()
    refused = send(client, films["short.mp4"])
    assert (refused.status_code, refused.json()["code"]) == (429, "busy")
    assert int(refused.headers["retry-after"]) > 0
    assert client.get(waiting["href"]).json()["status"] == "waiting"
    assert client.delete(running["href"]).status_code == 204
    assert client.get(running["href"]).status_code == 404
    until(lambda: client.get(waiting["href"]).json()["status"] == "running")
    assert len(list(folder.iterdir())) == 1
    assert sorted(path.name for path in folder.glob("*/the *")) == ["the source", "the target"]


def test_no_more_films_arrive_than_could_be_queued(client: TestClient, films: dict[str, bytes]) -> None:
    state = client.app.state  # type: ignore[attr-defined]
    state.jobs = replace(state.jobs, arriving=asyncio.Semaphore(0))
    assert send(client, films["short.gif"]).status_code == 429


def test_no_film_is_queued_for_a_client_that_went_away_meanwhile(
    client: TestClient, films: dict[str, bytes], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(request: Request) -> bool:
        return True

    monkeypatch.setattr(Request, "is_disconnected", gone)
    assert send(client, films["short.gif"]).json()["code"] == "gone"
    assert list(folder.iterdir()) == []


def test_a_server_that_ends_takes_the_running_job_along(client: TestClient, films: dict[str, bytes]) -> None:
    assert send(client, films["running.mp4"]).status_code == 202  # `client` looks for what is left


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "many.mp4",
            "a film may have at most 40 frames here, and this one has 41; send a smaller or shorter one",
        ),
        (
            "long.mp4",
            "a film may have at most 3 seconds here, and this one has 4; send a smaller or shorter one",
        ),
        (
            "wide.mp4",
            "a film may have at most 400 pixels on a side here, and this one has 404; send a smaller or shorter one",
        ),
    ],
)
def test_a_film_beyond_the_limits_is_refused_before_it_is_queued(
    client: TestClient, films: dict[str, bytes], folder: Path, name: str, sentence: str
) -> None:
    answer = send(client, films[name])
    assert (answer.status_code, answer.json()) == (413, {"code": "too_large", "message": sentence})
    assert list(folder.iterdir()) == []


def test_what_is_no_film_or_no_face_is_refused_before_it_is_queued(
    client: TestClient, films: dict[str, bytes], folder: Path
) -> None:
    film, wall = films["short.mp4"], (PICTURES / "barack_obama.jpg").read_bytes()
    for target, source, texts, status, code, words in (
        (wall, FACE, {}, 415, "unreadable", "the target: is a picture, not a film"),
        (b"nothing", FACE, {}, 415, "unreadable", "the target: is no film"),
        (film, film, {}, 415, "unreadable", "the source"),
        (film, FACE, {"person": "her"}, 422, "invalid", "the field person must be largest, all or a number"),
        (film, FACE, {"model": "/etc/passwd"}, 422, "missing", "there is no model of that name"),
        (bytes(2**20 + 1), FACE, {}, 413, "too_large", "the field target may have at most"),
    ):
        answer = send(client, target, source, **texts)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.json()["message"].startswith(words)
        assert str(folder) not in answer.text
    assert list(folder.iterdir()) == []


def test_no_sentence_about_a_job_names_a_path_of_the_server() -> None:
    failed = JobState(
        "id", "failed", "failed", 0.0, None, "missing", "/a/b/c.keras: is missing", ("/d/e: x",), None
    )
    answer = answer_of(failed)
    assert answer.error == JobFailure(code="missing", message="c.keras: is missing")
    assert answer.notes == ["e: x"]
