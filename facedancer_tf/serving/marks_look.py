"""Reads the marks of a film in a process of its own: whatever a hostile file does there, the server goes on.

python -m facedancer_tf.serving.marks_look NAME SECONDS, in the file's folder: one line of JSON on stdout
"""

from pathlib import Path
from typing import Any

from facedancer_tf.errors import UserError
from facedancer_tf.provenance.checking import as_json, check
from facedancer_tf.serving.children import answer_parent, ask_child

LIMIT_S = 60.0


def look_at_marks(path: Path) -> dict[str, Any]:
    """What the marks of the film at `path` say; raises UserError, which calls it by its name, where it is no film."""
    values = ask_child("facedancer_tf.serving.marks_look", path.parent, path.name, LIMIT_S)
    if values is None:
        raise UserError(f"{path.name}: its marks cannot be read; is it damaged?", "unreadable")
    return values


if __name__ == "__main__":
    answer_parent(lambda path: as_json(path, check(path)))
