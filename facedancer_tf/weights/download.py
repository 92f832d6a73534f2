"""Fetching named weights: only when asked for, verified, never half there.

The only file of this project that opens a connection.
"""

import os
import shutil
import tempfile
import urllib.request
import zipfile
import zlib
from http.client import HTTPException
from pathlib import Path

from tqdm import tqdm

from facedancer_tf.errors import UserError
from facedancer_tf.weights.catalogue import NamedWeights, cache_folder, sha256_of

BLOCK_BYTES = 1 << 20
CEILING_BYTES = 2 << 30
TIMEOUT_S = 30.0


def fetch(weights: NamedWeights) -> Path:
    """The original file of `weights`, downloaded into the cache's `downloads` folder unless it is there already.

    A file comes to its name only whole and, where its SHA-256 is known, verified.
    Raises UserError where its makers must grant access first, or the connection, disk or checksum fails.
    """
    if weights.url is None:
        raise UserError(f"{weights.name} cannot be downloaded without its makers' leave: {weights.how}")
    folder = cache_folder() / "downloads"
    path = folder / (weights.member or weights.file)
    if path.is_file() and weights.sha256 is not None and sha256_of(path) == weights.sha256:
        return path
    print(f"{weights.url} (licence: {weights.licence})")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=folder) as partial:
            found = Path(partial) / weights.file
            _download(weights.url, found)
            if weights.member is not None:
                found = _unpack(found, weights.member)
            digest = sha256_of(found)
            if weights.sha256 not in (None, digest):
                raise ValueError(f"it is another file than expected, its SHA-256 is {digest}")
            if weights.sha256 is None:
                print(f"SHA-256 {digest}; none is known to compare it with")
            os.replace(found, path)
    except (
        OSError,
        HTTPException,
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
    ) as error:  # URLError is an OSError
        raise UserError(
            f"{weights.name} could not be fetched from {weights.url} ({' '.join(str(error).split())[:200]}); "
            "nothing was kept: try again, or download it by other means and import the file"
        ) from error
    return path


def _download(url: str, path: Path) -> None:
    """Writes `url`'s content to `path`; raises ValueError where it is cut off or larger than any weights here."""
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
    """The file called `member`, in any folder of `archive`, written beside the archive."""
    with zipfile.ZipFile(archive) as opened:
        found = [info for info in opened.infolist() if Path(info.filename).name == member]
        if len(found) != 1 or found[0].file_size > CEILING_BYTES:
            raise ValueError(f"its archive does not hold one {member}")
        with opened.open(found[0]) as source, (archive.parent / member).open("wb") as target:
            shutil.copyfileobj(source, target, BLOCK_BYTES)
    return archive.parent / member
