"""What the routes of pictures answer, good and bad, and that nothing of a request stays."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from benchmarks import clips
from benchmarks.clip_files import write_clip
from facedancer_tf.provenance.checking import check
from facedancer_tf.serving.app import build_app
from facedancer_tf.serving.service import Service
from facedancer_tf.serving.settings import Settings
from tests.facedancer_tf.serving.conftest import StubSwapper, picture

JSON = {"Accept": "application/json"}


def decoded(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


def refused(answer, status: int, code: str, says: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert says in answer.json()["message"], answer.text
    assert set(answer.json()) == {"code", "message"}


def test_models_and_limits_are_listed(client: TestClient):
    answer = client.get("/v1/models").json()
    assert answer["models"][0]["name"] == "default"
    assert answer["models"][0]["default"] is True
    assert answer["models"][0]["size_px"] == 128
    assert answer["limits"]["picture_pixels"] == 100_000


def test_faces_are_numbered_from_0_in_one_thread(client: TestClient, swappers: list[StubSwapper]):
    answer = client.post("/v1/detect", files={"picture": picture()}).json()
    assert (answer["width"], answer["height"]) == (230, 210)
    assert [face["number"] for face in answer["faces"]] == [0, 1]
    assert answer["faces"][1]["box"] == [100.0, 0.0, 89.0, 90.0]
    client.post("/v1/detect", files={"picture": picture()})
    assert len(swappers) == 1
    assert swappers[0].threads == {"engine_0"}


def test_embedding_is_of_the_face_that_was_asked_for(client: TestClient):
    answer = client.post("/v1/embed", files={"picture": picture()}, data={"face": "1"}).json()
    assert answer["embedding"] == [2.0] * 4
    assert (answer["encoder"], answer["width"], answer["face"]["number"]) == ("stub", 4, 1)
    refused(
        client.post("/v1/embed", files={"picture": picture()}, data={"face": "all"}), 422, "invalid", "number"
    )


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_swapped_picture_carries_all_marks(client: TestClient, tmp_path: Path, form: str):
    files = {"source": picture(), "target": picture(400, 210, 90)}
    answer = client.post("/v1/swap", files=files, data={"format": form, "face": "1"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == f"image/{form}"
    path = tmp_path / f"got.{form}"
    path.write_bytes(answer.content)
    rgb = decoded(answer.content)
    assert abs(rgb[:, :95].mean() - 90) < 5  # face 0 is left as it was
    assert abs(rgb[:, 105:195].mean() - 165) < 5
    marks = check(path)
    assert marks.credentials is not None
    assert marks.credentials.is_unchanged
    assert marks.metadata == "compositeWithTrainedAlgorithmicMedia"
    assert float(answer.headers["x-likeness"]) > 90 / 255


def test_json_has_links_until_they_are_deleted(client: TestClient, service: Service):
    files = [("source", picture()), ("source", picture(level=70)), ("target", picture(300))]
    answer = client.post("/v1/swap", files=files, headers=JSON).json()
    assert [one["face"] for one in answer["likeness"]] == [0]
    assert answer["expires_s"] == 3600
    got = client.get(answer["picture"])
    assert got.headers["content-type"] == "image/png"
    assert decoded(got.content).shape == (210, 300, 3)
    for wish, status in (("bytes=0-9", 206), ("bytes=0-1,5-6", 200), ("bytes=a-b", 200)):
        assert client.get(answer["picture"], headers={"Range": wish}).status_code == status
    refused(client.get(answer["picture"], headers={"Range": "bytes=99999999-"}), 416, "range", "behind them")
    assert client.delete(f"/v1/results/{answer['id']}").status_code == 204
    refused(client.get(answer["picture"]), 404, "not_found", "no such result")
    refused(client.delete(f"/v1/results/{answer['id']}"), 404, "not_found", "no such result")
    assert list(service.folder.iterdir()) == []


def test_results_end_with_their_time_and_the_oldest_go_first(client: TestClient, service: Service):
    kept = [service.results.add() for _ in range(service.limits.kept_results + 1)]
    assert not kept[0].folder.exists()
    assert kept[1].folder.exists()
    service.results._seconds = -1
    late = service.results.add()
    service.results.sweep()
    assert not late.folder.exists()
    service.results.sweep(0)
    assert list(service.folder.iterdir()) == []


def test_marks_are_read(client: TestClient):
    swapped = client.post("/v1/swap", files={"source": picture(), "target": picture()}).content
    answer = client.post("/v1/check", files={"file": swapped}).json()
    assert answer["marked"] is True
    assert answer["credentials"]["valid"] is True
    assert "file" not in answer
    assert client.post("/v1/check", files={"file": picture()}).json()["marked"] is False


def test_marks_of_a_film_are_read(client: TestClient, tmp_path: Path):
    write_clip(tmp_path / "a.mp4", clips.one_face(64, 48, 4).frames(), rate=10)
    answer = client.post("/v1/check", files={"file": (tmp_path / "a.mp4").read_bytes()})
    assert answer.status_code == 200, answer.text
    assert answer.json()["marked"] is False
    assert answer.json()["has_pixels"] is True


BLACK = picture(level=1)


@pytest.mark.parametrize(
    ("route", "files", "data", "status", "code", "says"),
    [
        ("detect", {"picture": b"hello"}, {}, 415, "unreadable", "the picture: not a JPEG"),
        ("detect", {"picture": picture()[:3000]}, {}, 415, "unreadable", "truncated"),
        ("detect", {"picture": picture(950, 20)}, {}, 413, "too_large", "900 px on a side"),
        ("detect", {"picture": picture(400, 400, suffix=".webp")}, {}, 413, "too_large", "100,000 pixels"),
        ("detect", {"picture": b"x" * 500_000}, {}, 413, "too_large", "bytes"),
        ("detect", {"picture": b""}, {}, 400, "bad_request", "empty file"),
        ("detect", {"file": picture()}, {}, 400, "bad_request", "unknown; there are picture"),
        ("swap", {"source": picture()}, {}, 400, "bad_request", "target is missing"),
        ("swap", {"source": BLACK, "target": picture()}, {}, 422, "no_face", "the source: no face"),
        ("swap", {"source": picture(), "target": BLACK}, {}, 422, "no_face", "the target: no face"),
        ("swap", {"source": picture(), "target": picture()}, {"face": "9"}, 422, "no_such_face", "no face 9"),
        ("swap", {"source": picture(), "target": picture()}, {"face": "-1"}, 422, "invalid", "face must be"),
        ("swap", {"source": picture(), "target": picture()}, {"model": "/etc"}, 422, "missing", "there are default"),
        ("swap", {"source": picture(), "target": picture()}, {"format": "bmp"}, 422, "invalid", "png or jpeg"),
        ("swap", {"source": picture(), "target": picture()}, {"model": "x" * 999}, 413, "too_large", "200 bytes"),
        ("swap", {"source": picture(), "target": picture(330)}, {"face": "all"}, 422, "invalid", "at most 2"),
        ("check", {"file": b"hello"}, {}, 415, "unreadable", "the file: not a JPEG"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_one_sentence_without_a_path(
    client: TestClient, service: Service, route, files, data, status, code, says
):
    answer = client.post(f"/v1/{route}", files=files, data=data)
    refused(answer, status, code, says)
    assert str(service.folder) not in answer.text
    assert "/" not in answer.json()["message"].replace("multipart/form-data", "")
    assert list(service.folder.iterdir()) == []


def test_too_many_sources_are_refused(client: TestClient):
    files = [("source", picture())] * 3 + [("target", picture())]
    refused(client.post("/v1/swap", files=files), 413, "too_large", "at most 2 times")


def test_uploads_together_have_a_bound(service: Service):
    full = replace(service, settings=Settings(limits=replace(service.limits, uploads_bytes=100_000)))
    with TestClient(build_app(full), base_url="http://localhost") as client:
        answer = client.post("/v1/detect", files={"picture": picture()})
        refused(answer, 429, "busy", "too many uploads")
        assert answer.headers["retry-after"] == "5"
        for _ in range(3):  # room is given back
            assert client.post("/v1/detect", files={"picture": picture(100, 100)}).status_code == 200


def test_nothing_is_exported_whatever_the_environment_says(service: Service, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    app = build_app(service)
    assert app._telemetry["auto_configure"] is False
    assert not app._native_telemetry.enabled()


def test_second_of_two_sources_is_named(client: TestClient):
    files = [("source", picture()), ("source", BLACK), ("target", picture())]
    refused(client.post("/v1/swap", files=files), 422, "no_face", "source 2: no face")


HALF = b'--x\r\nContent-Disposition: form-data; name="picture"\r\n\r\nhalf'


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "application/json"}, b"{}"),
        ({"Content-Type": "multipart/form-data"}, b"--x--"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"no form"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, HALF),
        ({"Content-Type": "multipart/form-data; boundary=" + "x" * 999}, b"--x--"),
    ],
)
def test_other_bodies_are_bad_requests(client: TestClient, headers, body):
    refused(client.post("/v1/detect", content=body, headers=headers), 400, "bad_request", "form")


def test_what_is_not_there_is_json_too(client: TestClient):
    refused(client.get("/v1/nothing"), 404, "not_found", "see /docs")
    refused(client.put("/v1/swap"), 405, "method_not_allowed", "see /docs")
    refused(client.get("/v1/results/x/masks/y"), 422, "invalid", "openapi")
    refused(client.get("/page/../settings.py"), 404, "not_found", "see /docs")
    refused(client.get("/page/%2e%2e/settings.py"), 404, "not_found", "no such file")
