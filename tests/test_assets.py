"""The embedded files of others: every file has its checksum, and every folder names authors and licence."""

import hashlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = sorted(path for path in (ROOT / "assets").iterdir() if path.is_dir())
WORDS = {"LICENSE", "NOTICE.txt", "CREDITS.md", "README.md", "SHA256SUMS"}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_checksums_cover_the_folder_and_hold(folder: Path) -> None:
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {line.split(maxsplit=1)[1].lstrip("*"): line.split()[0] for line in lines}
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert present - WORDS == set(listed) - WORDS
    for name, checksum in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum, name


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
def test_rights_are_stated(folder: Path) -> None:
    assert f"assets/{folder.name} " in (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert (folder / "LICENSE").exists() or (folder / "CREDITS.md").exists()
