"""What all plots share: matplotlib, which requirements-plot.txt brings, is looked for early, and files are whole."""

import importlib.util
from pathlib import Path
from typing import Any

from data.whole_files import whole_file
from facedancer_tf.errors import UserError
from facedancer_tf.writing import check_folder, reported


def check_plot(path: Path) -> None:
    """Raises UserError where no plot can be written to `path`. To be called before anything is measured."""
    if path.suffix.lower() != ".png":
        raise UserError(f"the plot's name must end in .png, not {path.name!r}")
    check_folder(path.parent)
    if importlib.util.find_spec("matplotlib") is None:
        raise UserError(
            "a plot needs matplotlib, which is not installed: `bash setup.sh plot` brings it, and so does "
            "`pip install matplotlib`"
        )


def load_pyplot() -> Any:
    """matplotlib's pyplot, which draws into files and opens no window."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


def write_plot(path: Path, figure: Any) -> None:
    """Writes a figure as PNG and closes it; raises UserError where that is impossible."""
    try:
        with reported(path), whole_file(path) as file:
            figure.savefig(file, format="png", dpi=100)
    finally:
        load_pyplot().close(figure)
