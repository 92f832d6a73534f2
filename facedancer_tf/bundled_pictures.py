"""The photographs in assets/pictures, which demonstrations, checks and tests use."""

from pathlib import Path

from data.pictures import SUFFIXES
from facedancer_tf.errors import UserError

PICTURES = Path(__file__).resolve().parents[1] / "assets" / "pictures"


def bundled_pictures() -> list[Path]:
    """The paths of the photographs, in the order of their names; raises UserError where there are none."""
    paths = sorted(path for path in PICTURES.glob("*") if path.suffix in SUFFIXES)
    if not paths:
        raise UserError(
            f"there are no photographs in {PICTURES}: restore them from the repository", "missing"
        )
    return paths
