"""Who may ask: foreign names, foreign pages and wrong tokens are refused, and every answer carries the headers."""

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from facedancer_tf.serving.app import build_app
from facedancer_tf.serving.service import Service
from facedancer_tf.serving.settings import ServingLimits, Settings
from tests.facedancer_tf.serving.conftest import StubSwapper, picture

TOKEN = "a token of many letters"


def client_of(tmp_path: Path, settings: Settings) -> TestClient:
    service = Service.of(settings, tmp_path / "private", StubSwapper)  # type: ignore[arg-type]
    return TestClient(build_app(service), base_url="http://localhost:8008")


@pytest.mark.parametrize("host", ["localhost", "localhost:8008", "127.0.0.1:8008", "[::1]:8008", "LOCALHOST"])
def test_own_names_are_answered(client: TestClient, host: str):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "10.0.0.1", "", "[", "localhost@evil.example"]
)
def test_foreign_names_are_refused(client: TestClient, host: str):
    answer = client.get("/healthz", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:9000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_foreign_pages_are_refused(client: TestClient, headers: dict[str, str]):
    answer = client.post("/v1/detect", files={"picture": picture()}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "origin")
    assert client.delete("/v1/results/x", headers=headers).status_code == 403


def test_own_page_is_answered(client: TestClient):
    own = {"Origin": "http://localhost:8008", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/detect", files={"picture": picture()}, headers=own).status_code == 200


def test_every_answer_carries_the_headers(client: TestClient):
    for path in ("/healthz", "/docs", "/v1/nothing"):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert "content-security-policy" in client.get("/healthz", headers={"Host": "evil.example"}).headers


def test_token_is_asked_for_below_v1(tmp_path: Path):
    settings = Settings(host="0.0.0.0", token=TOKEN, allowed_hosts=("swap.example",))
    with client_of(tmp_path, settings) as client:
        assert client.get("/healthz").status_code == 200
        for wrong in ({}, {"Authorization": "Bearer x"}, {"Authorization": TOKEN}):
            answer = client.get("/v1/models", headers=wrong)
            assert (answer.status_code, answer.json()["code"]) == (401, "token")
        right = {"Authorization": f"Bearer {TOKEN}"}
        for host in ("localhost", "10.0.0.7:8008", "swap.example"):
            assert client.get("/v1/models", headers={**right, "Host": host}).status_code == 200
        assert client.get("/v1/models", headers={**right, "Host": "evil.example"}).status_code == 403
        behind = {**right, "Origin": "https://swap.example"}  # a proxy that hands on another Host
        assert client.post("/v1/detect", headers=behind).status_code == 400
        assert client.post("/v1/detect", headers={**right, "Origin": "https://x.example"}).status_code == 403


def test_settings_refuse_what_is_open_to_all():
    with pytest.raises(ValueError, match=r"needs a token. Received: host=0.0.0.0"):
        Settings(host="0.0.0.0")
    with pytest.raises(ValueError, match="16 or more"):
        Settings(token="short")
    with pytest.raises(ValueError, match="faces=0"):
        ServingLimits(faces=0)
