"""What leaves through the door carries its marks, keeps its history, and says what could not be done."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from c2pa import Reader
from PIL import Image

from data.pictures import encode_picture, read_picture
from facedancer_tf.errors import UserError
from facedancer_tf.provenance.checking import as_json, check, in_words
from facedancer_tf.provenance.credentials import read_credentials, sign
from facedancer_tf.provenance.metadata import source_type, xmp_packet
from facedancer_tf.provenance.swapped import Swapped, UsedModel
from facedancer_tf.provenance.writing import own_identity, write_swapped, write_unswapped, write_without_marks
from facedancer_tf.weights.catalogue import DEFAULT_MODEL

COMPOSITE = "compositeWithTrainedAlgorithmicMedia"
MODEL = UsedModel.of(DEFAULT_MODEL)
SECRET = b"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmpMM:DocumentID="xmp.did:secret1" xmpMM:InstanceID="xmp.iid:secret2" dc:creator="secret3"/>
</rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp"])
def test_all_three_layers_are_in_every_format_that_holds_them(tmp_path, barack, suffix):
    path = tmp_path / f"swapped{suffix}"
    assert write_swapped(path, Swapped(barack, [MODEL])) == []
    marks = check(path)
    assert marks.is_marked
    assert marks.metadata == COMPOSITE
    assert marks.watermark is not None
    assert marks.watermark.model_id == MODEL.watermark_id
    credentials = marks.credentials
    assert credentials is not None
    assert (credentials.valid, credentials.trusted, credentials.failures) == (True, False, ())
    assert credentials.source_types == (COMPOSITE,)
    assert "known to nobody" in credentials.signer
    assert "facedancer_tf" in credentials.program
    assert "which is the embedded model's number" in "".join(in_words(marks))
    assert json.loads(json.dumps(as_json(path, marks)))["marked"] is True


def test_the_statement_says_what_was_done_and_holds_no_thumbnail(tmp_path, barack):
    path = tmp_path / "swapped.png"
    write_swapped(path, Swapped(barack, [UsedModel("one"), UsedModel("two")]))
    with path.open("rb") as file, Reader("image/png", file) as reader:
        store = json.loads(reader.json())
    manifest = store["manifests"][store["active_manifest"]]
    opened, edited = manifest["assertions"][0]["data"]["actions"]
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert edited["digitalSourceType"].endswith("/digitalsourcetype/" + COMPOSITE)
    assert edited["softwareAgent"]["name"] == "facedancer_tf"
    assert edited["parameters"]["models"] == ["one", "two"]
    assert [part["relationship"] for part in manifest["ingredients"]] == ["parentOf"]
    assert "thumbnail" not in json.dumps(store)
    assert check(path).watermark.model_id == 0  # type: ignore[union-attr]  # several models


def test_nothing_personal_of_the_target_is_in_the_result(tmp_path, barack):
    target = tmp_path / "secret4.jpg"
    Image.fromarray(barack).save(target, xmp=SECRET, comment=b"secret5")
    write_swapped(tmp_path / "swapped.jpg", Swapped(barack, [MODEL], target))
    assert b"secret" not in (tmp_path / "swapped.jpg").read_bytes()


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_target_with_credentials_keeps_its_history(tmp_path, barack, suffix):
    first, second = tmp_path / f"first{suffix}", tmp_path / "second.png"
    write_swapped(first, Swapped(barack, [MODEL]))
    write_swapped(second, Swapped(read_picture(first).rgb, [MODEL], first))
    credentials = check(second).credentials
    assert credentials is not None
    assert (credentials.valid, credentials.manifests) == (True, 2)


def test_a_changed_target_goes_along_and_is_said(tmp_path, barack):
    target, path = tmp_path / "changed.png", tmp_path / "swapped.png"
    write_swapped(target, Swapped(barack, [MODEL]))
    content = target.read_bytes()
    again = io.BytesIO(content)
    with Image.open(again) as image:
        plain = np.array(image)
    plain[0, 0] ^= 1  # another picture, with the credentials of the first
    other = encode_picture(".png", plain, xmp=xmp_packet(True))
    start = content.index(b"caBX") - 4
    length = 12 + int.from_bytes(content[start : start + 4], "big")
    target.write_bytes(other[:33] + content[start : start + length] + other[33:])
    marks = check(target)
    assert marks.credentials is not None
    assert not marks.credentials.valid
    assert "BROKEN (assertion.dataHash.mismatch" in in_words(marks)[0]
    notes = write_swapped(path, Swapped(plain, [MODEL], target))
    assert len(notes) == 1
    assert "content credentials that do not hold (assertion.dataHash.mismatch" in notes[0]
    assert check(path).credentials.valid  # type: ignore[union-attr]


def test_damaged_credentials_of_a_target_are_left_out_and_said(tmp_path, barack):
    target, path = tmp_path / "damaged.png", tmp_path / "swapped.png"
    write_swapped(target, Swapped(barack, [MODEL]))
    content = bytearray(target.read_bytes())
    start = content.index(b"caBX") + 4
    content[start : start + 400] = bytes(400)
    target.write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_credentials(io.BytesIO(bytes(content)))
    notes = write_swapped(path, Swapped(barack, [MODEL], target))
    assert len(notes) == 1
    assert "cannot be read" in notes[0]
    assert "left out" in notes[0]
    assert check(path).is_marked


def test_what_bmp_cannot_hold_is_said_and_the_watermark_is_there(tmp_path, barack):
    path = tmp_path / "swapped.bmp"
    notes = write_swapped(path, Swapped(barack, [MODEL]))
    assert notes == [".bmp holds no metadata: the invisible watermark is the only mark it can have"]
    marks = check(path)
    assert (marks.credentials, marks.metadata) == (None, None)
    assert marks.is_marked


def test_own_certificate_as_trust_anchor_is_trusted(tmp_path, barack):
    write_swapped(tmp_path / "swapped.jpg", Swapped(barack, [MODEL]))
    credentials = check(tmp_path / "swapped.jpg", own_identity()[0].chain.decode()).credentials
    assert credentials is not None
    assert credentials.trusted


def test_pictures_without_swapped_faces_are_not_marked(tmp_path, barack):
    write_unswapped(tmp_path / "plain.png", barack)
    write_without_marks(tmp_path / "measured.png", Swapped(barack, [MODEL]))
    for name in ("plain.png", "measured.png"):
        assert not check(tmp_path / name).is_marked
        np.testing.assert_array_equal(read_picture(tmp_path / name).rgb, barack)


def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(tmp_path, barack):
    with pytest.raises(UserError, match=r"nowhere.a\.png cannot be written"):
        write_swapped(tmp_path / "nowhere" / "a.png", Swapped(barack, [MODEL]))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("packet", "stated"),
    [
        (xmp_packet(synthetic=True), COMPOSITE),
        (xmp_packet(synthetic=False), None),
        (b"<Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture</Iptc4xmpExt:"
         b"DigitalSourceType>", "digitalCapture"),
        (b"\xff\xfe garbage", None),
    ],
)  # fmt: skip
def test_anybodys_metadata_is_read(packet, stated):
    assert source_type(packet) == stated


def test_a_camera_picture_counts_as_not_marked(tmp_path: Path, barack):
    packet = xmp_packet(synthetic=True).replace(COMPOSITE.encode(), b"digitalCapture")
    (tmp_path / "a.jpg").write_bytes(encode_picture(".jpg", barack, xmp=packet))
    marks = check(tmp_path / "a.jpg")
    assert marks.metadata == "digitalCapture"
    assert not marks.is_marked


def test_metadata_behind_the_pixels_of_a_png_is_read(tmp_path, barack):
    content = encode_picture(".png", barack, xmp=xmp_packet(synthetic=True))
    start = content.index(b"iTXt") - 4
    chunk = content[start : start + 12 + int.from_bytes(content[start : start + 4], "big")]
    moved = content.replace(chunk, b"")
    (tmp_path / "a.png").write_bytes(moved[:-12] + chunk + moved[-12:])
    assert check(tmp_path / "a.png").metadata == COMPOSITE


def test_of_other_formats_the_credentials_are_read(tmp_path, barack):
    for form, has_pixels in (("GIF", True), ("TIFF", False)):
        path = tmp_path / f"a.{form.lower()}"
        Image.fromarray(barack[::4, ::4]).save(path, form)
        assert not check(path).is_marked
        signed = io.BytesIO()
        sign(io.BytesIO(path.read_bytes()), ["m"], None, own_identity()[0], signed)
        path.write_bytes(signed.getvalue())
        marks = check(path)
        assert marks.is_marked
        assert (marks.has_pixels, marks.metadata, marks.watermark) == (has_pixels, None, None)
        words = (
            ("no digital source type", "not found") if has_pixels else ("not looked for in this format",) * 2
        )
        assert in_words(marks)[1:] == [f"metadata:    {words[0]}", f"watermark:   {words[1]}"]


def test_a_picture_that_holds_no_watermark_is_said(tmp_path):
    notes = write_swapped(tmp_path / "white.bmp", Swapped(np.full((300, 300, 3), 255, np.uint8), [MODEL]))
    assert notes[0] == "the picture is too small or too plain to hold the invisible watermark"
    assert not check(tmp_path / "white.bmp").is_marked


def test_a_model_may_have_any_name(tmp_path, barack):
    write_swapped(tmp_path / "a.jpg", Swapped(barack, [UsedModel("run\udcff\x1b[31m")]))
    marks = check(tmp_path / "a.jpg")
    assert marks.credentials is not None
    assert marks.credentials.valid
