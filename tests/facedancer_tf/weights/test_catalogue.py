"""Tests names of weights: the cache, insightface's folder, the advice where there is nothing, and downloading."""

import dataclasses
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from data.faces import insightface_detector
from facedancer_tf.errors import UserError
from facedancer_tf.weights import catalogue
from facedancer_tf.weights.catalogue import DEFAULT_MODEL, NAMED, cached, find_encoder, find_weights
from facedancer_tf.weights.download import fetch
from tests.facedancer_tf.conftest import write_tiny_encoder, write_tiny_model


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("FACEDANCER_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_where_the_cache_is(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cached("x") == home / ".cache" / "facedancer_tf" / "x.keras"
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / "xdg"))
    assert cached("x") == home / "xdg" / "facedancer_tf" / "x.keras"
    monkeypatch.setenv("FACEDANCER_CACHE", str(home / "own"))
    assert cached("x") == home / "own" / "x.keras"


def test_the_default_needs_nothing_and_files_are_themselves(home: Path) -> None:
    assert find_weights(None, "generator") == find_weights("default", "generator") == DEFAULT_MODEL
    (home / "mine.keras").write_bytes(b"")
    assert find_weights(home / "mine.keras", "generator") == home / "mine.keras"
    write_tiny_model(cached("facedancer_c_hq"))
    assert find_weights("facedancer_c_hq", "generator") == cached("facedancer_c_hq")


@pytest.mark.parametrize(
    ("name", "kind", "says"),
    [
        ("facedancer_c_hq", "generator", r"not on this machine: download FaceDancer_config_c_HQ\.h5 from https://.*"
         r"licence: non-commercial.*import_weights\.py FaceDancer_config_c_HQ\.h5 --as facedancer_c_hq"),
        ("arcface_resnet50", "encoder", r"--download arcface_resnet50 \(from https://.*; licence: MIT"),
        ("w600k_r50", "encoder", r"--download w600k_r50 .*non-commercial research"),
        ("w600k_r50", "generator", "names encoder weights, not generator weights"),
        ("nowhere.keras", "generator", r"no generator weights nowhere\.keras: .* default, facedancer_a"),
        ("runs/small_start/model.keras", "generator", r"no runs/small_start/model\.keras yet: the training of "
         r"runs/small_start writes it, so run that first"),
        ("../../etc/passwd\0", "encoder", "no encoder weights"),
    ],
)  # fmt: skip
def test_what_is_not_here_says_what_to_do(name: str, kind: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        find_weights(name, kind)


def test_an_insightface_encoder_is_its_pack_s_file(home: Path) -> None:
    pack = home / ".insightface" / "models" / "buffalo_l"
    pack.mkdir(parents=True)
    assert insightface_detector.insightface_models() == pack.parent
    (pack / "w600k_r50.onnx").write_bytes(b"one")
    assert find_weights("w600k_r50", "encoder") == pack / "w600k_r50.onnx"


def test_the_encoder_of_a_model_is_found_by_its_fingerprint() -> None:
    assert find_encoder("sface", "", None) is None
    with pytest.raises(
        UserError, match="needs the encoder arcface_resnet50, whose weights are not on this machine"
    ):
        find_encoder("arcface_resnet50", "", None)
    write_tiny_encoder(cached("one"), fingerprint="1")
    write_tiny_model(cached("model"))
    assert find_encoder("arcface_resnet50", "", None) == cached("one")
    with pytest.raises(UserError, match="not on this machine"):
        find_encoder("arcface_resnet50", "2", None)
    write_tiny_encoder(cached("two"), fingerprint="2")
    assert find_encoder("arcface_resnet50", "2", None) == cached("two")
    with pytest.raises(UserError, match="one of these encoders: one, two; say which"):
        find_encoder("arcface_resnet50", "", None)
    assert find_encoder("arcface_resnet50", "", "two") == cached("two")


class Server(BaseHTTPRequestHandler):
    """Serves `content`, or promises all of it and serves the first half."""

    content: ClassVar[bytes] = b""
    broken: ClassVar[bool] = False

    def do_GET(self) -> None:
        if self.path == "/none":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content[: len(self.content) // 2] if self.broken else self.content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Server, "broken", False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def downloads() -> list[str]:
    folder = catalogue.cache_folder() / "downloads"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_fetching_verifies_and_keeps_only_what_is_whole(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 5000
    right = hashlib.sha256(content).hexdigest()
    weights = dataclasses.replace(NAMED["arcface_resnet50"], url=f"{url}/a.h5", sha256=right)
    monkeypatch.setattr(Server, "content", content)
    monkeypatch.setattr(Server, "broken", True)
    with pytest.raises(UserError, match=r"could not be fetched from http.*broke off.*nothing was kept"):
        fetch(weights)
    assert downloads() == []
    monkeypatch.setattr(Server, "broken", False)
    with pytest.raises(UserError, match=f"another file than expected, its SHA-256 is {right}"):
        fetch(dataclasses.replace(weights, sha256="0" * 64))
    assert downloads() == []
    path = fetch(weights)
    assert path.read_bytes() == content
    assert downloads() == ["ArcFace-Res50.h5"]
    monkeypatch.setattr(Server, "content", b"")
    assert fetch(weights) == path  # verified, so not fetched again
    with pytest.raises(UserError, match="404"):
        fetch(dataclasses.replace(weights, url=f"{url}/none", sha256="0" * 64))
    with pytest.raises(UserError, match="could not be fetched"):
        fetch(dataclasses.replace(weights, url="http://127.0.0.1:9/", sha256="0" * 64))
    assert path.read_bytes() == content


def test_fetching_takes_one_member_out_of_an_archive(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("pack/w600k_r50.onnx", b"encoder")
        file.writestr("../escape", b"x")
    monkeypatch.setattr(Server, "content", archive.getvalue())
    weights = dataclasses.replace(
        NAMED["w600k_r50"], url=f"{url}/pack.zip", sha256=hashlib.sha256(b"encoder").hexdigest()
    )
    assert fetch(weights).read_bytes() == b"encoder"
    assert downloads() == ["w600k_r50.onnx"]
    with pytest.raises(UserError, match=r"does not hold one other\.onnx"):
        fetch(dataclasses.replace(weights, member="other.onnx"))
    monkeypatch.setattr(Server, "content", b"no archive")
    with pytest.raises(UserError, match="could not be fetched"):
        fetch(dataclasses.replace(weights, member="third.onnx"))
    assert downloads() == ["w600k_r50.onnx"]


def test_what_needs_leave_is_not_fetched() -> None:
    with pytest.raises(UserError, match=r"without its makers' leave: download .* then run"):
        fetch(NAMED["facedancer_c_hq"])


def test_the_table_is_complete() -> None:
    for name, weights in NAMED.items():
        assert weights.name == name
        assert weights.kind in ("generator", "encoder")
        assert weights.licence
        assert weights.page.startswith("https://")
        assert weights.sha256 is None or len(bytes.fromhex(weights.sha256)) == 32


def test_without_a_network_one_sentence_says_what_failed(monkeypatch):
    for variable in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(UserError, match=r"could not be fetched from https://.*; nothing was kept") as caught:
        fetch(catalogue.NAMED["w600k_mbf"])
    assert caught.value.code == "weights_missing"
    assert downloads() == []
