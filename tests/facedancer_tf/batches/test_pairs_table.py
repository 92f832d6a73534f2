"""Tables of pairs become jobs, and what cannot be followed is told with its line."""

from pathlib import PurePath

import pytest

from facedancer_tf.batches.pairs_table import read_jobs
from facedancer_tf.errors import UserError


def test_paths_are_relative_to_the_file_and_outputs_named_after_both(tmp_path):
    (tmp_path / "pairs.csv").write_text(
        "# drawn with seed 3\nsource,target,source_id,output\nme1.jpg; me2.jpg,b/t.JFIF,me,\n"
        "me1.jpg,t.png,me,deep/x.webp\nyou.jpg,/abs/clip.avi,you,\n"
    )
    jobs = read_jobs(tmp_path / "pairs.csv")
    assert [job.sources for job in jobs] == [
        (tmp_path / "me1.jpg", tmp_path / "me2.jpg"), (tmp_path / "me1.jpg",), (tmp_path / "you.jpg",)
    ]  # fmt: skip
    assert [str(job.target) for job in jobs] == [f"{tmp_path}/b/t.JFIF", f"{tmp_path}/t.png", "/abs/clip.avi"]
    assert [job.output for job in jobs] == [
        PurePath("me1_t.jpg"), PurePath("deep/x.webp"), PurePath("you_clip.mp4")
    ]  # fmt: skip
    assert jobs[0].name == "line 3: b/t.JFIF"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "columns source and target"),
        ("from,to\na,b\n", "columns source and target"),
        ("source,target\na.png,\n", "line 2: it needs a value for each of source, target"),
        ("source,target\n;,b.png\n", "line 2: it names no source"),
        ("source,target\na.png,b.png,c.png\n", "line 2: it has more cells"),
        ("source,target,output\na.png,b.png,../c.png\n", "line 2: the output must be a path below"),
        (
            "source,target,output\na.png,b.png,c.png\na.png,b.png,/c.png\n",
            "line 3: the output must be a path below",
        ),
        ("source,target,output\na.png,b.png,c.gif\n", "line 2: the output must end in one of .jpg"),
        ("source,target,output\na.png,b.mp4,c.png\n", "line 2: the output must end in one of .mp4"),
        ("\0,a\n", "cannot be read as a CSV file|columns source and target"),
    ],
)
def test_what_cannot_be_followed_is_told_with_its_line(tmp_path, content, message):
    (tmp_path / "pairs.csv").write_text(content)
    with pytest.raises(UserError, match=message):
        read_jobs(tmp_path / "pairs.csv")
