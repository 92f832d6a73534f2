"""Swaps small films as a job's process does, but in the process of the tests."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from facedancer_tf.errors import UserError
from facedancer_tf.films.film import read_facts
from facedancer_tf.provenance.checking import check
from facedancer_tf.serving.job_child import swap
from facedancer_tf.serving.job_words import STAGES, JobReport
from tests.facedancer_tf.serving.job_files import make_job


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_film_is_swapped_and_marked_stage_by_stage(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    order = make_job(tmp_path / "job", tiny_model, name=f"film{suffix}")
    monkeypatch.chdir(tmp_path / "job")
    Path(order.target).rename("the target")  # as uploads are: without a suffix
    reports: list[JobReport] = []
    swap(replace(order, target="the target"), reports.append)
    assert tuple(dict.fromkeys(report.stage for report in reports)) == STAGES
    assert reports[-1] == JobReport("writing", 6, 6)
    assert read_facts(order.output).frames == 6
    assert check(Path(order.output)).is_marked


def test_a_film_without_a_face_is_one_sentence(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = make_job(tmp_path / "job", tiny_model, faces=0)
    monkeypatch.chdir(tmp_path / "job")
    with pytest.raises(
        UserError, match=r"^nobody whose face could be swapped was found in the film"
    ) as raised:
        swap(order, lambda report: None)
    assert raised.value.code == "no_face"


def test_a_film_of_more_frames_than_allowed_is_left_whatever_it_says(
    tmp_path: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = replace(make_job(tmp_path / "job", tiny_model), frames_max=3)
    monkeypatch.chdir(tmp_path / "job")
    with pytest.raises(UserError, match=r"^a film may have 3 frames here, and this one has more$"):
        swap(order, lambda report: None)
    assert sorted(os.listdir()) == ["source-1.jpg", "target.mp4"]
