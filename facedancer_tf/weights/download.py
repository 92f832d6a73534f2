"""Downloads named weights: only when the user asks, verified, and never half a file.

This is the only file of the project that opens a connection.
"""

import os
import shutil
import urllib.request
from http.client import HTTPException
from pathlib import Path

from tqdm import tqdm

from data.whole_files import passing_path
from data.zip_members import DAMAGE, check_member, open_zip
from facedancer_tf.errors import UserError
from facedancer_tf.shown_text import say
from facedancer_tf.weights.catalogue import NamedWeights, cache_folder, sha256_of

BLOCK_BYTES = 1 << 20
CEILING_BYTES = 2 << 30
TIMEOUT_S = 30.0


def fetch(weights: NamedWeights) -> Path:
    """Downloads the original file of `weights` into the cache's `downloads` folder, unless it is there already.

    A file gets its name only when it is whole and, where its SHA-256 is known, verified. Raises UserError where its
    makers must grant access first, or where the connection, the disk or the checksum fails.
    """
    if weights.url is None:
        raise UserError(
            f"{weights.name} cannot be downloaded without its makers' leave: {weights.how}", "weights_missing"
        )
    folder = cache_folder() / "downloads"
    path = folder / (weights.member or weights.file)
    if path.is_file() and weights.sha256 is not None and sha256_of(path) == weights.sha256:
        return path
    say(f"{weights.url} (licence: {weights.licence})")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with passing_path(path) as partial:
            partial.mkdir()
            file = partial / weights.file
            _download(weights.url, file)
            if weights.member is not None:
                file = _unpack(file, weights.member)
            digest = sha256_of(file)
            if weights.sha256 not in (None, digest):
                raise ValueError(f"it is another file than expected, its SHA-256 is {digest}")
            if weights.sha256 is None:
                say(f"SHA-256 {digest}; none is known to compare it with")
            os.replace(file, path)
    except (*DAMAGE, HTTPException) as error:
        # A failed connection is among them: URLError is an OSError.
        raise UserError(
            f"{weights.name} could not be fetched from {weights.url} ({' '.join(str(error).split())[:200]}); "
            "nothing was kept: try again, or download it by other means and import the file",
            "weights_missing",
        ) from error
    return path


def _download(url: str, path: Path) -> None:
    """Writes the content of `url` to `path`; raises ValueError if it is cut off or larger than any weights here."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, path.open("wb") as file:
        length = answer.headers.get("Content-Length")
        total = int(length) if length is not None else None
        with tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1024, dynamic_ncols=True) as bar:
            while block := answer.read(BLOCK_BYTES):
                file.write(block)
                bar.update(len(block))
                if bar.n > CEILING_BYTES:
                    raise ValueError(f"it has more than {CEILING_BYTES >> 30} GB")
        if total is not None and bar.n != total:
            raise ValueError(f"it broke off after {bar.n} of {total} bytes")


def _unpack(archive: Path, member: str) -> Path:
    """Writes the file called `member`, from any folder of `archive`, beside the archive, and returns its path."""
    with open_zip(archive) as contents:
        matches = [info for info in contents.infolist() if Path(info.filename).name == member]
        if len(matches) != 1:
            raise ValueError(f"its archive does not hold one {member}")
        check_member(matches[0], CEILING_BYTES)
        with contents.open(matches[0]) as packed, (archive.parent / member).open("wb") as file:
            shutil.copyfileobj(packed, file, BLOCK_BYTES)
    return archive.parent / member
