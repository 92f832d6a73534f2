"""Who may ask the real serve.py, and for what: no foreign page, no path and no other file."""

import socket
from pathlib import Path

import pytest

from benchmarks.hostile_uploads import fault, seeds


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", "/etc/passwd", "a\x00b.png", "x" * 5000, 'a"\r\nX: y', ""]
)
def test_names_of_files_mean_nothing(client, upload_folder, name):
    answer = client.post("/v1/detect", files=[("picture", (name, seeds()["jpg"]))])
    assert answer.status_code in (200, 400)
    assert fault(answer) == ""
    assert not [*upload_folder.rglob("*passwd*")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", "../../assets/model/default"),
        ("model", "/etc/passwd"),
        ("model", str(Path("assets/model/default.keras").resolve())),
        ("model", "https://example.org/model.keras"),
        ("model", "\x00"),
        ("face", "-1"),
        ("face", "99999999999999999999999"),
        ("face", "nan"),
        ("face", "²"),
        ("format", "../png"),
        ("format", "keras"),
        ("masks", "perhaps"),
    ],
)
def test_no_field_names_a_path_or_what_is_not_there(client, field, value):
    photograph = seeds()["jpg"]
    answer = client.post(
        "/v1/swap", files=[("source", photograph), ("target", photograph)], data={field: value}
    )
    assert answer.status_code in (400, 404, 422), answer.text[:200]
    assert fault(answer) == ""
    assert "\x00" not in answer.json()["message"]


@pytest.mark.parametrize(
    "path",
    [
        "/page/../serve.py", "/page/%2e%2e/%2e%2e/serve.py", "/page/..%2fserving/guard.py", "/page//etc/passwd",
        "/v1/results/..%2f..%2fetc/picture", "/v1/results/x/masks/..%2f..", "/v1/jobs/..%2f..%2fetc/result",
        "/page/\x00", "/docs/../../etc/passwd", "/v1/results//picture",
    ],
)  # fmt: skip
def test_no_address_leads_out_of_the_page(server, path):
    with socket.create_connection(("127.0.0.1", server.port)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = raw.makefile("rb").read()
    assert answer.split()[1] in (b"400", b"404"), answer[:300]
    assert b"import " not in answer
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "evil.example:8008"},
        {"Host": "169.254.169.254"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_page_drives_nothing(client, headers):
    answer = client.post("/v1/detect", files=[("picture", seeds()["jpg"])], headers=headers)
    assert answer.status_code == 403
    assert fault(answer) == ""
    assert "access-control-allow-origin" not in answer.headers


def test_its_own_page_is_heard(client, server):
    headers = {"Origin": server.address, "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/detect", files=[("picture", seeds()["jpg"])], headers=headers).status_code == 200
