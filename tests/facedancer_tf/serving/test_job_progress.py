"""Follows how far a job is, and how long it will take."""

from facedancer_tf.serving.job_progress import Progress
from facedancer_tf.serving.job_words import JobReport


def test_progress_rises_and_the_time_that_is_left_follows_from_it() -> None:
    now_s = 0.0
    progress = Progress(lambda: now_s)
    progress.take(JobReport("loading"))
    now_s = 5.0
    assert (progress.stage, progress.fraction, progress.seconds_left) == ("loading", 0.0, None)
    progress.take(JobReport("looking", 0, 100))
    now_s = 7.0
    assert progress.seconds_left is None
    progress.take(JobReport("looking", 50, 100))
    assert abs(progress.fraction - 0.18) < 1e-9
    assert abs((progress.seconds_left or 0) - 2.0 * 0.82 / 0.18) < 1e-9  # loading does not count
    seen = [progress.fraction]
    for report in (
        JobReport("looking", 130, 100),  # the file said too few
        JobReport("swapping", 0, 130),
        JobReport("swapping", 65, 130),
        JobReport("writing", 130, 130),
    ):
        progress.take(report)
        seen.append(progress.fraction)
    assert seen == sorted(seen)
    assert (progress.stage, progress.fraction) == ("writing", 0.93)


def test_a_film_of_unknown_length_has_no_time_left_while_it_is_looked_through() -> None:
    now_s = 0.0
    progress = Progress(lambda: now_s)
    progress.take(JobReport("looking", 500, None))
    now_s = 60.0
    assert (progress.fraction, progress.seconds_left) == (0.0, None)
