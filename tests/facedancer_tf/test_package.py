"""What `pip install -e .` and `from facedancer_tf import …` offer."""

import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

import facedancer_tf

ROOT = Path(__file__).resolve().parents[2]


def test_names_come_at_their_first_use_and_bring_no_tensorflow():
    code = (
        "import sys, facedancer_tf\nassert len([name for name in sys.modules if 'facedancer' in name]) == 1\n"
        "from facedancer_tf import Identity, Swapper, UserError, load_tensorflow_quietly\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\nprint(Swapper.__module__)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, ran.stdout) == (0, "facedancer_tf.swapping.swapper\n"), ran.stderr
    assert "Swapper" in dir(facedancer_tf)
    with pytest.raises(AttributeError, match="no attribute 'swap'"):
        facedancer_tf.swap  # noqa: B018


def test_every_package_is_installed_and_nothing_else():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]["find"][
        "include"
    ]
    rooms = {"facedancer_tf", "networks", "losses", "data"}
    files = [
        *ROOT.glob("*/__init__.py"),
        *(path for room in rooms for path in (ROOT / room).rglob("__init__.py")),
    ]
    found = {".".join(path.parent.relative_to(ROOT).parts) for path in files}
    installed = {name for name in found if any(fnmatchcase(name, pattern) for pattern in patterns)}
    assert installed == {name for name in found if name.split(".")[0] in rooms}
    assert rooms < installed
