"""Uploads that cannot be used, against the real serve.py: refused in one sentence, and it lives on."""

import random
import zlib

import pytest

from benchmarks.hostile_uploads import fault, seeds, send, uploads


def test_damaged_uploads_are_refused_in_one_sentence(client):
    for upload in uploads(30, seed=1):
        status, wrong = send(client, upload)
        assert wrong == "", (upload.number, upload.kind, upload.route, status)


def test_bytes_over_the_limit_are_refused(client):
    answer = client.post("/v1/detect", files=[("picture", random.Random(0).randbytes(2_100_000))])
    assert (answer.status_code, fault(answer)) == (413, "")


def test_a_picture_that_unfolds_to_gigabytes_is_refused_by_its_head(client):
    png = bytearray(seeds()["png"])
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    answer = client.post("/v1/detect", files=[("picture", bytes(png))])
    assert (answer.status_code, fault(answer)) == (413, "")


@pytest.mark.parametrize(
    "files", [[], [("picture", b"")], [("other", b"x")], [("picture", b"x")] * 2, [("picture", b"x")] * 200]
)
def test_wrong_fields_are_refused(client, files):
    answer = client.post("/v1/detect", files=files)
    assert answer.status_code in (400, 413, 415, 422)
    assert fault(answer) == ""


def test_more_sources_than_allowed_are_refused(client):
    photograph = seeds()["jpg"]
    answer = client.post("/v1/swap", files=[*[("source", photograph)] * 9, ("target", photograph)])
    assert answer.status_code in (400, 413, 422)
    assert fault(answer) == ""
