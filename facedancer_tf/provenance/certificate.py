"""The certificate and private key that sign content credentials: the user's, or one that is made at first use.

A certificate that the program makes vouches for nobody: it is its own issuer and says so in its name. It is kept in the
cache folder, in a file that only the user can read, so that all pictures of one computer carry the same one.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)  # fmt: skip
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from data.locks import only_one
from data.whole_files import whole_file
from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import cache_folder

OWN_FILE = "signing.pem"
OWN_ISSUER, OWN_NAME = "facedancer_tf", "made on this computer, known to nobody"
# Without a time stamp, signatures turn invalid when their certificate expires.
OWN_VALIDITY = timedelta(days=365 * 30)
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class SigningIdentity:
    """A certificate chain and its private key, both PEM, and C2PA's name of the key's algorithm.

    files: certificate and private key by absolute path, where they are the user's.
    """

    chain: bytes
    key: bytes = field(repr=False)
    algorithm: str
    files: tuple[Path, Path] | None = None


def load_signing_identity(certificate: Path, private_key: Path) -> SigningIdentity:
    """Loads the user's certificate (with its chain, the signer's own first) and private key from PEM files.

    Raises UserError where a file cannot be read, where the key does not fit the certificate or is of a kind that C2PA
    does not know, or where the certificate is not valid today.
    """
    chain, key = _read(certificate), _read(private_key)
    try:
        files = (certificate.absolute(), private_key.absolute())
        return replace(_checked(chain, key), files=files)
    except ValueError as error:
        raise UserError(f"{certificate} with {private_key}: {error}") from error


def own_signing_identity() -> tuple[SigningIdentity, str | None]:
    """The identity that this program made on this computer; the first use makes it.

    Returns it with a note, or None: where the cache folder cannot be written, the identity lasts for this run alone.
    """
    try:
        path = cache_folder() / OWN_FILE
        path.parent.mkdir(parents=True, exist_ok=True)
        with only_one(path.with_suffix(".lock"), wait=True):  # all processes take what the first has made
            if path.is_file():
                content = path.read_bytes()
                try:
                    return _checked(content, content), None
                except ValueError:  # damaged or expired: a new one takes its place below
                    pass
            identity = _make()
            with whole_file(path, private=True) as file:
                file.write(identity.key + identity.chain)
    except (OSError, UserError) as error:  # a disk that refuses, or a user without a home
        reason = getattr(error, "strerror", None) or error
        note = f"the signing key cannot be kept ({OWN_FILE} in the cache folder: {reason}), so it is new in every run"
        return _make(), note
    return identity, None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the name") from error


def _checked(chain: bytes, key: bytes) -> SigningIdentity:
    """Makes an identity of two PEM contents; raises ValueError, one clause, where they are no valid pair."""
    try:
        certificates = x509.load_pem_x509_certificates(chain)
    except ValueError as error:
        raise ValueError(
            "the certificate is no PEM certificate (it begins with BEGIN CERTIFICATE)"
        ) from error
    try:
        private = load_pem_private_key(key, password=None)
    except TypeError as error:
        raise ValueError(
            "the private key is encrypted; decrypt it first, with openssl for example"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError(
            "the private key is no PEM private key (it begins with BEGIN PRIVATE KEY)"
        ) from error
    certificate = certificates[0]
    if _public_pem(private) != certificate.public_key().public_bytes(
        Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
    ):
        raise ValueError("the private key does not belong to the certificate")
    now, end = datetime.now(UTC), certificate.not_valid_after_utc
    if not certificate.not_valid_before_utc <= now <= end:
        state = f"expired on {end:%Y-%m-%d}" if now > end else "is not valid yet"
        raise ValueError(f"the certificate {state}; get a new one")
    plain = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    whole_chain = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
    return SigningIdentity(whole_chain, plain, _algorithm(private))


def _public_pem(private: PrivateKeyTypes) -> bytes:
    return private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _algorithm(private: PrivateKeyTypes) -> str:
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= 2048:
        return "ps256"
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    raise ValueError(
        "C2PA signs with EC keys (P-256, P-384, P-521), RSA keys from 2048 bits and Ed25519 keys"
    )


def _make() -> SigningIdentity:
    """Makes a key and a certificate that it signs itself, with what C2PA asks of a signer's certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, OWN_ISSUER),
            x509.NameAttribute(NameOID.COMMON_NAME, OWN_NAME),
        ]
    )
    usages = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
         "crl_sign", "encipher_only", "decipher_only"), False,
    )  # fmt: skip
    public, begin = key.public_key(), datetime.now(UTC) - timedelta(days=1)  # clocks differ
    certificate = (
        x509.CertificateBuilder(name, name, public, x509.random_serial_number(), begin, begin + OWN_VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, **usages), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return SigningIdentity(certificate.public_bytes(Encoding.PEM), plain, "es256")
