"""The rules of the house that a program can check: who may import whom, and what production code may not do.

scripts → facedancer_tf → {networks, losses, data}; the three rooms know neither each other nor facedancer_tf, and
networks and losses run on any Keras backend. Inside facedancer_tf and data, wings stand in an order without circles.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = {"networks", "losses", "data"}
# What a file may not import, by the room or wing that it lies in.
FORBIDDEN = {
    "networks": {"losses", "data", "facedancer_tf", "tensorflow"},
    "losses": {"networks", "data", "facedancer_tf", "tensorflow"},
    "data": {"networks", "losses", "facedancer_tf"},
    "data/faces": {"tensorflow", "keras"},
    "data/clusters": {"tensorflow", "keras"},
    "data/occluders": {"tensorflow", "keras"},
    "facedancer_tf": set(),
    "facedancer_tf/graphs": {"tensorflow"},
    "facedancer_tf/films": {"tensorflow", "keras"},
    "facedancer_tf/provenance": {"tensorflow", "keras"},
    "facedancer_tf/batches": {"tensorflow", "keras"},
    "facedancer_tf/evaluation": {"tensorflow", "keras"},
    "facedancer_tf/film_evaluation": {"tensorflow", "keras"},
}
# Which other wings each wing may import, its package's own files ("") among them: each line names earlier lines only.
WINGS: dict[str, dict[str, set[str]]] = {
    "data": {
        "": set(),
        "faces": {""},
        "occluders": {"", "faces"},
        "clusters": {""},
        "preparing": {"", "faces", "clusters"},
    },
    "facedancer_tf": {
        "": set(),
        "graphs": {""},
        "weights": {""},
        "films": {""},
        "film_writing": {"", "films"},
        "provenance": {"", "weights", "films", "film_writing"},
        "importing": {"", "graphs", "weights"},
        "judging": {"", "weights"},
        "swapping": {"", "weights", "provenance", "importing"},
        "video": {"", "films", "film_writing", "weights", "provenance", "importing", "swapping"},
        "batches": {"", "films", "weights", "provenance", "importing", "swapping", "video"},
        "serving": {"", "films", "weights", "provenance", "swapping", "video"},
        "exporting": {"", "graphs", "weights", "swapping"},
        "training": {"", "weights", "provenance", "importing", "swapping"},
        "evaluation": {"", "films", "provenance", "weights", "judging", "swapping", "video"},
        "film_evaluation": {"", "films", "provenance", "swapping", "evaluation"},
        "margins": {"", "weights", "importing", "judging", "swapping", "training"},
    },
}
# Who may encode pictures and films, or write them past the doors of `facedancer_tf.provenance`, which mark them.
ENCODERS = {
    "imwrite", "imwritemulti", "imencode", "VideoWriter", "fromarray", "frombytes", "encode_png", "encode_jpeg",
    "save_img", "add_stream", "encode_picture", "write_picture", "write_unswapped", "write_without_marks",
    "mark_pixels", "add_mux_stream", "add_stream_from_template", "write_segment", "assemble", "write_animation",
    "write_unmarked_segment", "finish_unmarked",
}  # fmt: skip
ENCODING_FILES = {
    "data/png.py": "encodes",
    "data/pictures.py": "encodes",
    "data/records.py": "crops of training data in shards",
    "data/colours.py": "in memory, for the conversion of colours",
    "facedancer_tf/evaluation/jpeg.py": "in memory, decoded at once",
    "facedancer_tf/evaluation/faceforensics.py": "untouched frames of a video",
    "facedancer_tf/provenance/watermark.py": "in memory, decoded at once",
    "facedancer_tf/provenance/writing.py": "the door",
    "facedancer_tf/provenance/film_writing.py": "the door of films",
    "facedancer_tf/film_writing/segments.py": "encodes pieces of films for the door",
    "facedancer_tf/film_writing/assembly.py": "puts them together for the door",
    "facedancer_tf/film_writing/other_streams.py": "sound and subtitles",
    "facedancer_tf/film_writing/sound.py": "sound",
    "facedancer_tf/film_writing/animation_files.py": "encodes GIF and WebP for the door",
    "benchmarks/clip_files.py": "untouched photographs, moved, as films",
    "benchmarks/input_trace.py": "a plot",
    "facedancer_tf/training/train_loop.py": "watermarks what TensorBoard encodes",
    "facedancer_tf/evaluation/page_pictures.py": "photographs beside swapped ones",
    "facedancer_tf/serving/swap_routes.py": "AFFA's masks",
    "facedancer_tf/swapping/picture_swap.py": "--without-marks",
    "facedancer_tf/video/film_swap.py": "films without marks, for measuring",
    "swap_image.py": "numbered faces",
    "swap_video.py": "untouched portraits of a film's people",
    "scripts/make_page_pictures.py": "the page as a browser shows it, marked",
    "scripts/make_film_demo.py": "an untouched photograph that sways",
    "benchmarks/video_quality.py": "films without marks, to be measured",
    "benchmarks/video_speed.py": "the released way's frames, deleted at once",
    "benchmarks/batch_speed.py": "scaled photographs",
    "benchmarks/serving_load.py": "a scaled photograph",
    "benchmarks/swap_image_start.py": "enlarged photographs",
    "benchmarks/watermark.py": "in memory, decoded at once",
}
FLAG = re.compile(r"(?<![\w-])--?[a-z]")
COMMAND = re.compile(r"(\bpython |\w+\.(py|sh)\b)[^;]*")  # a whole command may have flags
TOP_FILES = 12  # side by side at the top of facedancer_tf
ENTRY_POINTS = {path.stem for path in ROOT.glob("*.py")}


def production_files() -> list[Path]:
    """Every Python file but the tests': entry points at the top, the packages, scripts and benchmarks."""
    folders = [*ROOMS, "facedancer_tf", "scripts", "benchmarks"]
    return sorted(
        [*ROOT.glob("*.py"), *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    )


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of every module that is imported, also inside functions; relative imports keep their dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = "." * node.level + str(node.module)
            # `from facedancer_tf import weights` imports a wing too
            yield from ((node.lineno, f"{name}.{alias.name}") for alias in node.names)


def wing_of(parts: tuple[str, ...]) -> str:
    """The wing of a package that `parts` of a module's or file's name lie in, "" at its top."""
    wings = WINGS.get(parts[0], {})
    return parts[1] if len(parts) > 1 and parts[1] in wings else ""


def broken_imports(tree: ast.AST, place: tuple[str, ...]) -> Iterator[str]:
    """The imports that a file in `place` (its folders) may not have, each as "line: rule"."""
    room = place[0] if place else ""
    forbidden = FORBIDDEN.get(room, set()) | FORBIDDEN.get("/".join(place[:2]), set())
    for line, name in imports(tree):
        root, *rest = name.split(".")
        if name.startswith("."):
            yield f"{line}: imports are absolute here"
        if root in forbidden:
            yield f"{line}: {'/'.join(place)} imports {root}"
        if root == "tests" or (root == "benchmarks" and room != "benchmarks"):
            yield f"{line}: only {root} imports {root}"
        if room in ROOMS | {"facedancer_tf"} and root in ENTRY_POINTS:
            yield f"{line}: {room} imports the entry point {root}"
        if root == room and room in WINGS:
            here, there = wing_of(place), wing_of((root, *rest))
            if there not in WINGS[room][here] | {here}:
                yield f"{line}: {room}/{here} imports {room}/{there}"


def said_errors(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and text of every error that is raised with a text, without the values in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            texts = [part.value for part in ast.walk(node.exc) if isinstance(part, ast.Constant)]
            yield node.lineno, " ".join(text for text in texts if isinstance(text, str))


def violations(source: str, place: tuple[str, ...]) -> list[str]:
    """The rules that a file in the folders `place` (none for a file at the top) breaks, each as "line: rule"."""
    tree = ast.parse(source)
    broken = list(broken_imports(tree, place))
    if place and place[0] in ROOMS | {"facedancer_tf"}:
        for line, text in said_errors(tree):
            if FLAG.search(COMMAND.sub("", text)):
                broken.append(f"{line}: a library's error names a flag of one script; name the argument")
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            broken.append(f"{node.lineno}: assert vanishes under python -O; raise ValueError")
        if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[-1], ast.Raise):
            caught = ast.unparse(node.type) if node.type else "everything"
            if {"everything", "Exception", "BaseException"} & set(caught.strip("()").split(", ")):
                broken.append(f"{node.lineno}: swallows {caught}; name the failure or raise on")
    return broken


@pytest.mark.parametrize("path", production_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_file_keeps_the_rules(path: Path) -> None:
    place = path.relative_to(ROOT).parent.parts
    if path == ROOT / "facedancer_tf" / "__init__.py":
        place = ("scripts",)  # it offers names of every wing, and imports them at their first use
    assert violations(path.read_text(encoding="utf-8"), place) == []


@pytest.mark.parametrize(
    ("place", "source"),
    [
        ("networks", "import tensorflow as tf"),
        ("losses", "def f():\n    from networks.layers import AdaIN"),
        ("data", "from facedancer_tf.training.config import Config"),
        ("data", "from data.faces.face import Face"),
        ("data/faces", "import keras"),
        ("data/faces", "from data.preparing import shards"),
        ("facedancer_tf", "import train"),
        ("facedancer_tf", "from facedancer_tf import weights"),
        ("facedancer_tf/weights", "from facedancer_tf.importing.importer import read_weights"),
        ("facedancer_tf/swapping", "import facedancer_tf.training.config"),
        ("facedancer_tf/provenance", "import tensorflow as tf"),
        ("facedancer_tf/training", "from tests.conftest import face_crops"),
        ("scripts", "from benchmarks import bounds"),
        ("benchmarks", "from tests.legacy import oracle"),
        ("data", "from . import records"),
        ("", "assert True"),
        ("facedancer_tf", "raise UserError(f'{name}: say which, with --encoder-weights')"),
        ("data", "raise ValueError('name another' + ' with -o')"),
        ("scripts", "try:\n    pass\nexcept (OSError, Exception):\n    pass"),
        ("facedancer_tf", "try:\n    pass\nexcept:\n    pass"),
    ],
)
def test_violation_is_seen(place: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.test_architecture.ENTRY_POINTS", {"train"})
    assert len(violations(source, tuple(filter(None, place.split("/"))))) == 1


def encoders(source: str) -> set[str]:
    """The functions that encode pictures among those that `source` calls."""
    calls = (node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    return names & ENCODERS


def test_pictures_leave_through_the_door_that_marks_them() -> None:
    files = {str(path.relative_to(ROOT)) for path in production_files() if encoders(path.read_text("utf-8"))}
    assert files == set(ENCODING_FILES)


@pytest.mark.parametrize(
    "source", ["cv2.imwrite(path, bgr)", "write_picture(path, rgb)", "Image.fromarray(rgb)"]
)
def test_a_way_past_the_door_is_seen(source: str) -> None:
    assert encoders(source)


@pytest.mark.parametrize("package", WINGS)
def test_wings_stand_in_an_order_without_circles_and_all_are_named(package: str) -> None:
    names = list(WINGS[package])
    for number, (wing, others) in enumerate(WINGS[package].items()):
        assert others <= set(names[:number]), wing
    folders = {path.parent for path in (ROOT / package).glob("*/*.py")}
    assert {folder.name for folder in folders} == set(names) - {""}
    assert all((folder / "__init__.py").is_file() for folder in folders)


def test_the_top_of_facedancer_tf_stays_small() -> None:
    assert len(list((ROOT / "facedancer_tf").glob("*.py"))) <= TOP_FILES


def printing(source: str) -> list[int]:
    """The lines on which `source` prints."""
    nodes = ast.walk(ast.parse(source))
    return [node.lineno for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"]


def test_names_reach_a_terminal_as_text_it_does_not_obey() -> None:
    files = [path for path in production_files() if path.parent.name not in ("scripts", "benchmarks")]
    printing_files = {str(path.relative_to(ROOT)) for path in files if printing(path.read_text("utf-8"))}
    assert printing_files == {"facedancer_tf/shown_text.py"}  # the others `say`


def test_assets_hold_no_code() -> None:
    assert [str(path) for path in (ROOT / "assets").rglob("*.py")] == []
