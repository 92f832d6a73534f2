"""Content credentials (C2PA): a signed statement in the file of what was done to it, by which program, from what.

The statement of a swapped picture or film names this program and its models, says that the face was edited with a
trained algorithm, and has the target as its parent: if that carries credentials of its own, they go along as its
history, with all that they hold. Of the target itself it adds no thumbnail, file name or identifier. Nothing here
opens a connection.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from c2pa import (
    Builder,
    C2paBuilderIntent,
    C2paError,
    C2paSignerInfo,
    Context,
    Reader,
    Settings,
    Signer,
)  # fmt: skip

from data.picture_kinds import START_BYTES
from facedancer_tf import __version__
from facedancer_tf.provenance.certificate import SigningIdentity
from facedancer_tf.provenance.media import media_type
from facedancer_tf.provenance.metadata import SOFTWARE, SOURCE_TYPE, SOURCE_TYPES

_SETTINGS = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"allowed_network_hosts": []},  # identities in anybody's credentials may name a host to ask
}
_UNTRUSTED = "signingCredential.untrusted"
_SIGNER = ("signingCredential.", "cawg.")  # what fails with these is said of the signer, not of the file


@dataclass(frozen=True)
class CredentialsReading:
    """What a file's content credentials say.

    `valid`: the signature holds, and the file is as it was signed. `trusted`: the signer's certificate leads to one of
    the trust anchors given. `signer`: names in the certificate, which prove nothing unless it is trusted. `program`:
    what wrote the claim. `source_types`: IPTC's names of the digital source types of all actions. `manifests`: how many
    steps of history there are. `failures`: C2PA's codes of what does not hold.
    """

    valid: bool
    trusted: bool
    signer: str
    program: str
    source_types: tuple[str, ...]
    manifests: int
    failures: tuple[str, ...]

    @property
    def is_unchanged(self) -> bool:
        """Whether all that fails, if anything, is the signer's standing: an expired certificate, for example."""
        return all(code.startswith(_SIGNER) for code in self.failures)


def sign(
    file: BinaryIO,
    models: Sequence[str],
    parent: BinaryIO | None,
    identity: SigningIdentity,
    signed: BinaryIO,
) -> None:
    """Writes what is in `file`, a picture or film of a format that `media_type` knows, with credentials into `signed`.

    All are open binary files; `signed` can be read and written. They are read piece by piece: a film need not fit into
    memory. `models` are the names of the models that swapped. `parent` is the target's file; where it is None or of a
    format that holds no credentials, the unsigned picture stands as the parent. Raises ValueError where the certificate
    is none that C2PA accepts, or where the parent cannot be parsed.
    """
    kind, parent_kind = _kind(file), None if parent is None else _kind(parent)
    try:
        with _context() as context, Builder(_statement(models), context=context) as builder:
            builder.set_intent(C2paBuilderIntent.EDIT)
            if parent is not None and parent_kind is not None:
                builder.add_ingredient(_target(), parent_kind, parent)
            info = C2paSignerInfo(identity.algorithm, identity.chain, identity.key, None)
            with Signer.from_info(info) as signer:
                builder.sign(signer, kind, file, signed)
    except C2paError as error:
        raise ValueError(" ".join(str(error).split())) from error


def read_credentials(file: BinaryIO, trust_anchors: str | None = None) -> CredentialsReading | None:
    """Reads the credentials in an open binary `file`; None where there are none, or its format can hold none.

    `trust_anchors` are PEM certificates that a signer's certificate must lead to in order to be trusted. Raises
    ValueError where there are credentials that cannot be parsed, or that lie elsewhere: nothing is fetched.
    """
    kind = _kind(file)
    if kind is None:
        return None
    try:
        with _context(trust_anchors) as context, Reader(kind, file, context=context) as reader:
            store = json.loads(reader.json())
    except C2paError.ManifestNotFound:
        return None
    except C2paError.RemoteManifest as error:
        raise ValueError("they lie elsewhere, and nothing is fetched") from error
    except C2paError as error:
        raise ValueError(" ".join(str(error).split())) from error
    return _reading(store)


def _kind(file: BinaryIO) -> str | None:
    """The media type of an open file, which then stands at its beginning."""
    file.seek(0)
    kind = media_type(file.read(START_BYTES))
    file.seek(0)
    return kind


def _context(trust_anchors: str | None = None) -> Context:
    trust = {} if trust_anchors is None else {"trust": {"user_anchors": trust_anchors}}
    with Settings.from_dict(_SETTINGS | trust) as settings:
        return Context(settings=settings)


def _statement(models: Sequence[str]) -> dict[str, Any]:
    program = {"name": SOFTWARE, "version": __version__}
    action = {
        "action": "c2pa.edited",
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": program,
        "description": "face swapped",
        "parameters": {"models": [name.encode("utf-8", "backslashreplace").decode() for name in models]},
    }
    actions = {"label": "c2pa.actions.v2", "data": {"actions": [action]}}
    return {"claim_generator_info": [program], "assertions": [actions]}


def _target() -> dict[str, str]:
    """The parent's entry. Its identifier is a new one: by default it is the one in the target's own metadata."""
    return {"title": "target", "relationship": "parentOf", "instance_id": f"xmp:iid:{uuid.uuid4()}"}


def _reading(store: dict[str, Any]) -> CredentialsReading:
    manifest = store["manifests"][store["active_manifest"]]
    signature, programs = manifest.get("signature_info", {}), manifest.get("claim_generator_info", [])
    names = (signature.get("issuer"), signature.get("common_name"))
    program = programs[0] if programs else {}
    failures = {failure["code"] for failure in _failures(store)}
    return CredentialsReading(
        valid=store.get("validation_state") in ("Valid", "Trusted"),
        trusted=store.get("validation_state") == "Trusted",
        signer=": ".join(str(name) for name in names if name),
        program=" ".join(str(program[key]) for key in ("name", "version") if key in program),
        source_types=tuple(
            sorted({kind for entry in store["manifests"].values() for kind in _source_types(entry)})
        ),
        manifests=len(store["manifests"]),
        failures=tuple(sorted(failures - {_UNTRUSTED})),
    )


def _failures(store: dict[str, Any]) -> list[dict[str, Any]]:
    """What does not hold in the file itself; earlier steps of its history, which may be broken, are not counted."""
    return store.get("validation_results", {}).get("activeManifest", {}).get("failure", [])


def _source_types(manifest: dict[str, Any]) -> list[str]:
    actions = [
        action
        for assertion in manifest.get("assertions", [])
        if assertion.get("label", "").startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", [])
    ]
    stated = [str(action.get("digitalSourceType", "")) for action in actions]
    return [uri.removeprefix(SOURCE_TYPES) for uri in stated if uri.startswith(SOURCE_TYPES)]
