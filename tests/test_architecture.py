"""The rules of the house that a program can check: who may import whom, and what production code may not do.

scripts → facedancer_tf → {networks, losses, data}; the three rooms know neither each other nor facedancer_tf, and
networks and losses run on any Keras backend.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {"networks", "losses", "data"}
FORBIDDEN = {
    "networks": {"losses", "data", "facedancer_tf", "tensorflow"},
    "losses": {"networks", "data", "facedancer_tf", "tensorflow"},
    "data": {"networks", "losses", "facedancer_tf"},
    "facedancer_tf": set(),
}
ENTRY_POINTS = {path.stem for path in ROOT.glob("*.py")}


def production_files() -> list[Path]:
    """Every Python file but the tests': entry points at the top, the packages, scripts and benchmarks."""
    folders = [*FORBIDDEN, "scripts", "benchmarks"]
    return sorted(
        [*ROOT.glob("*.py"), *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    )


def imported_roots(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and first name of every import, also of those inside functions; relative ones count as their own room."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level or str(node.module).split(".")[0]


def violations(source: str, room: str) -> list[str]:
    """The rules that a file of `room` ("" for a file at the top) breaks, each as "line: rule"."""
    tree = ast.parse(source)
    found = []
    for line, name in imported_roots(tree):
        if name in FORBIDDEN.get(room, set()):
            found.append(f"{line}: {room} imports {name}")
        if name.startswith("."):
            found.append(f"{line}: imports are absolute here")
        if room in FORBIDDEN and name in ENTRY_POINTS:
            found.append(f"{line}: {room} imports the entry point {name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            found.append(f"{node.lineno}: assert vanishes under python -O; raise ValueError")
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
            caught = ast.unparse(node.type) if node.type else "everything"
            if {"everything", "Exception", "BaseException"} & set(caught.strip("()").split(", ")):
                found.append(f"{node.lineno}: swallows {caught}; name the failure or raise on")
    return found


@pytest.mark.parametrize("path", production_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_keeps_the_rules(path: Path) -> None:
    relative = path.relative_to(ROOT)
    room = relative.parts[0] if len(relative.parts) > 1 else ""
    assert violations(path.read_text(encoding="utf-8"), room) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("networks", "import tensorflow as tf"),
        ("losses", "def f():\n    from networks.layers import AdaIN"),
        ("data", "from facedancer_tf.training.config import Config"),
        ("facedancer_tf", "import train"),
        ("data", "from . import records"),
        ("", "assert True"),
        ("scripts", "try:\n    pass\nexcept (OSError, Exception):\n    pass"),
        ("facedancer_tf", "try:\n    pass\nexcept:\n    pass"),
    ],
)
def test_violation_is_seen(room: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_architecture.ENTRY_POINTS", {"train"})
    assert len(violations(source, room)) == 1


def test_assets_hold_no_code() -> None:
    assert [str(path) for path in (ROOT / "assets").rglob("*.py")] == []
