"""Tells a failure of one target, with which the batch goes on, from one that ends all."""

import errno
from collections.abc import Callable
from typing import TypeVar

import cv2

from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.report import Row
from facedancer_tf.errors import UserError, environment_error

Result = TypeVar("Result")

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # the next target would fare no better


def attempt(job: Job, work: Callable[..., Result], *arguments: object) -> Result | Row:
    """What `work` returns for these arguments, or the row of the failure in which it ends the job.

    Raises UserError where the disk is full, and passes on what is a defect of the program.
    """
    try:
        return work(*arguments)
    except Exception as error:
        if row := failure_row(job, error):
            return row
        raise


def failure_row(job: Job, error: Exception) -> Row | None:
    """The report's row for a job that `error` has ended; None where the error is a defect of the program.

    Raises UserError where the disk is full.
    """
    cause = error.__cause__ if isinstance(error, UserError) else error
    if isinstance(cause, OSError) and cause.errno in FULL:
        sentence = str(error) if isinstance(error, UserError) else environment_error(error)
        raise UserError(
            f"{sentence}; all that was done is kept, and the same command goes on", "unwritable"
        ) from error
    if isinstance(error, UserError):
        reason = str(error).removeprefix(f"{job.target}: ")
    elif isinstance(error, cv2.error):
        reason = f"OpenCV cannot work on it ({' '.join(str(error).split())})"
    else:
        reason = environment_error(error)
    return Row(job.name, job.output.as_posix(), "failed", reason) if reason else None
