"""Says what is installed in a process, so that workers of another version are found before they make anything."""

import hashlib
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCES = "this project's files"  # the name under which their hash stands among the packages
_PIN = re.compile(r"([A-Za-z0-9_.-]+)(\[[^]]*\])?==")


@cache
def installed() -> dict[str, str]:
    """The versions of the packages in requirements.txt, and a hash of this project's own code and assets, by name."""
    pins = _PIN.findall((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    return {SOURCES: _sources(), **{name: _version(name) for name, _ in pins}}


def difference(here: dict[str, str], there: dict[str, str]) -> str:
    """Names what differs: "numpy 2.4.6 here, 2.3.0 there"; empty where nothing does."""
    names = [name for name in here | there if here.get(name) != there.get(name)]
    return "; ".join(
        f"{name} {here.get(name, 'none')} here, {there.get(name, 'none')} there" for name in names
    )


def _version(name: str) -> str:
    for built in (name, f"{name}-headless"):  # setup.sh puts OpenCV's headless build in the other's place
        try:
            return version(built)
        except PackageNotFoundError:
            continue
    return "none"


def _sources() -> str:
    """The beginning of SHA-256 over every Python file and every asset's checksum, by their places."""
    digest = hashlib.sha256()
    folders = ("data", "facedancer_tf", "losses", "networks", "assets")
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    for path in sorted(path for path in paths if path.suffix == ".py" or path.name == "SHA256SUMS"):
        digest.update(f"{path.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]
