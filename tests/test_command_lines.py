"""`--` ends the options of every script: what follows is a file, even where it looks like an option."""

from pathlib import Path

import pytest

from tests.scripts_here import run_here

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "command",
    [
        ("swap_image.py", "--", "s.jpg", "t.jpg", "--output=x.png"),
        ("swap_image.py", "s.jpg", "--", "t.jpg", "-o"),
        ("swap_video.py", "--", "s.jpg", "t.mp4", "--output=x.mp4"),
        ("export_model.py", "--", "default", "x", "--format=onnx"),
        ("check_provenance.py", "--", "--output=x"),
        ("import_weights.py", "--as", "x", "--", "--output=x.keras"),
        ("evaluate.py", "--", "--output=x"),
        ("train.py", "--config", str(ROOT / "configs/smoke.yaml"), "--", "--run=x"),
    ],
)
def test_two_dashes_end_the_options(tmp_path: Path, command: tuple[str, ...]) -> None:
    ran = run_here(*command, folder=tmp_path)
    assert ran.returncode == 2, ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []
