"""Reads what the server and a job's process say to each other, and what a broken process might say."""

import pytest

from facedancer_tf.serving.job_words import JobOrder, JobReport


def test_orders_and_reports_survive_their_lines() -> None:
    order = JobOrder(("a.jpg", "b.jpg"), "film.mp4", "result.mp4", "models/Ä.keras", 2, 40)
    assert JobOrder.read(order.line()) == order
    for report in (
        JobReport("looking", 3, None),
        JobReport("failed", code="no_face", message="nobody\nthere"),
        JobReport("done", notes=("one", "two")),
    ):
        assert report.line().count(b"\n") == 1
        assert JobReport.read(report.line()) == report


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"x265 [info]: hello\n",
        b"[]\n",
        b"3\n",
        b"{}\n",
        b"[" * 60000,
        b"\xff\xfe\n",
        JobReport("looking").line().replace(b"looking", b"sleeping"),
        JobReport("looking").line().replace(b'"frames": 0', b'"frames": "0"'),
        JobReport("looking").line().replace(b'"frames": 0', b'"frames": -1'),
        JobReport("looking").line().replace(b'"code": ""', b'"code": []'),
        JobReport("looking").line().replace(b'"notes": []', b'"notes": 3'),
        JobReport("looking").line().replace(b'"code"', b'"colour"'),
    ],
)
def test_a_line_that_is_no_report_is_none(line: bytes) -> None:
    assert JobReport.read(line) is None
