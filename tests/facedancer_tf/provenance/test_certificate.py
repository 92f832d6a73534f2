"""Certificates that sign content credentials: the user's, good and bad, and the one that is made at first use."""

import stat
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from facedancer_tf.errors import UserError
from facedancer_tf.provenance.certificate import OWN_FILE, load_signing_identity, own_signing_identity
from facedancer_tf.provenance.checking import check, in_words
from facedancer_tf.provenance.swapped import Swapped, UsedModel
from facedancer_tf.provenance.writing import load_signer, write_swapped

NOW = datetime.now(UTC)


def write_pair(
    folder: Path,
    key: CertificateIssuerPrivateKeyTypes | None = None,
    end: datetime = NOW + timedelta(days=9),
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
) -> tuple[Path, Path]:
    """Writes a self-signed certificate of Anna's and its key."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Anna"),
        ]
    )
    off = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
         "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder(
            name, name, public, x509.random_serial_number(), NOW - timedelta(days=30), end
        )
        .add_extension(x509.BasicConstraints(False, None), True)
        .add_extension(x509.KeyUsage(digital_signature=True, **off), True)
        .add_extension(x509.ExtendedKeyUsage([usage]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False)
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    (folder / "anna.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "anna.key").write_bytes(plain)
    return folder / "anna.pem", folder / "anna.key"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "es256"),
        (ec.generate_private_key(ec.SECP384R1()), "es384"),
        (ed25519.Ed25519PrivateKey.generate(), "ed25519"),
        (rsa.generate_private_key(65537, 2048), "ps256"),
    ],
    ids=["P-256", "P-384", "Ed25519", "RSA"],
)
def test_keys_of_every_kind_sign(tmp_path, key, algorithm):
    assert load_signer(*write_pair(tmp_path, key)).algorithm == algorithm


def test_unusable_certificates_and_keys_are_one_sentence(tmp_path):
    certificate, key = write_pair(tmp_path)
    (tmp_path / "text").write_text("no key")
    (tmp_path / "other").mkdir()
    other = write_pair(tmp_path / "other")[1]
    (tmp_path / "locked.key").write_bytes(
        ec.generate_private_key(ec.SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
        )
    )
    for pair, says in [
        ((tmp_path / "none.pem", key), "none.pem cannot be read (No such file or directory)"),
        ((certificate, tmp_path / "none.key"), "none.key cannot be read"),
        ((tmp_path, key), "cannot be read (Is a directory)"),
        ((tmp_path / "text", key), "the certificate is no PEM certificate"),
        ((certificate, tmp_path / "text"), "the private key is no PEM private key"),
        ((certificate, other), "the private key does not belong to the certificate"),
        ((certificate, tmp_path / "locked.key"), "the private key is encrypted; decrypt it first"),
    ]:
        with pytest.raises(UserError) as caught:
            load_signing_identity(*pair)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_key_in_the_certificate_file_stays_out_of_the_picture(tmp_path, barack):
    made = ec.generate_private_key(ec.SECP256R1())
    secret = made.private_numbers().private_value.to_bytes(32, "big")
    certificate, key = write_pair(tmp_path, made)
    for order in ((certificate, key), (key, certificate)):
        both = tmp_path / "both.pem"
        both.write_bytes(b"".join(path.read_bytes() for path in order))
        write_swapped(tmp_path / "a.jpg", Swapped(barack, [UsedModel("m")]), load_signer(both, both))
        content = (tmp_path / "a.jpg").read_bytes()
        assert b"PRIVATE KEY" not in content
        assert secret not in content


def test_a_certificate_that_expires_later_is_told_from_a_changed_file(tmp_path, barack):
    signer = load_signer(*write_pair(tmp_path, end=datetime.now(UTC) + timedelta(seconds=3)))
    write_swapped(tmp_path / "a.png", Swapped(barack, [UsedModel("m")]), signer)
    time.sleep(4)
    marks = check(tmp_path / "a.png")
    assert marks.credentials is not None
    assert not marks.credentials.valid
    assert "as it was signed, but the signer does not hold (signingCredential.expired)" in in_words(marks)[0]


def test_a_certificate_that_is_out_of_date_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"the certificate expired on \d{4}-\d\d-\d\d; get a new one"):
        load_signing_identity(*write_pair(tmp_path, end=NOW - timedelta(days=2)))


def test_a_certificate_for_another_purpose_is_refused_before_anything_is_swapped(tmp_path):
    pair = write_pair(tmp_path, usage=ExtendedKeyUsageOID.SERVER_AUTH)
    load_signing_identity(*pair)
    with pytest.raises(UserError, match=r"anna.pem cannot sign content credentials"):
        load_signer(*pair)
    with pytest.raises(UserError, match="P-256, P-384, P-521"):
        load_signing_identity(*write_pair(tmp_path, ec.generate_private_key(ec.SECP256K1())))


def test_the_own_key_is_made_once_for_its_user_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path / "cache"))
    first, note = own_signing_identity()
    path = tmp_path / "cache" / OWN_FILE
    assert note is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert own_signing_identity() == (first, None)
    certificate = x509.load_pem_x509_certificate(first.chain)
    assert certificate.not_valid_after_utc - NOW > timedelta(days=365 * 10)
    assert "made on this computer, known to nobody" in certificate.subject.rfc4514_string().replace("\\", "")
    path.write_bytes(b"damaged")
    assert own_signing_identity()[0] != first  # made anew
    assert sorted(file.name for file in path.parent.iterdir()) == ["signing.lock", OWN_FILE]


def test_without_a_cache_the_key_lasts_for_the_run(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path / "file" / "cache"))
    identity, note = own_signing_identity()
    assert identity.algorithm == "es256"
    assert note is not None
    assert "cannot be kept" in note
    assert "Not a directory" in note


def test_first_uses_at_once_make_one_identity(tmp_path, monkeypatch):
    monkeypatch.setenv("FACEDANCER_CACHE", str(tmp_path / "cache"))
    with ThreadPoolExecutor(4) as threads:
        identities = list(threads.map(lambda _: own_signing_identity(), range(8)))
    assert len({identity.chain for identity, _ in identities}) == 1
