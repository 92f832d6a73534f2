"""Reads the jobs of a batch from a CSV file with the columns source, target and, optionally, output.

Paths are relative to the file's folder. Several pictures of one source are separated by ";". `output` is the path of
the result below the output folder; without it the result is named after both pictures, SOURCE_TARGET.jpg. Other
columns are passed over, so the files of pairs that evaluation reads will do.
"""

from pathlib import Path, PurePath

from data.csv_rows import UnreadableTable, read_table
from data.pictures import SUFFIXES
from facedancer_tf.batches.jobs import FILMS, Job, output_name
from facedancer_tf.errors import UserError

SEPARATOR = ";"


def read_jobs(path: Path) -> list[Job]:
    """Reads the file; raises UserError, which names the line, where it cannot be followed."""
    try:
        rows = read_table(path, ("source", "target")).rows
    except UnreadableTable as error:
        raise UserError(str(error), "unreadable") from error
    return [_job(path, line, row) for line, row in rows]


def _job(path: Path, line: int, row: dict[str, str]) -> Job:
    sources = tuple(path.parent / name for part in row["source"].split(SEPARATOR) if (name := part.strip()))
    if not sources:
        raise UserError(f"{path}, line {line}: it names no source")
    target = path.parent / row["target"]
    output = PurePath(row.get("output") or _joint_name(sources[0], target))
    if output.is_absolute() or ".." in output.parts:
        raise UserError(
            f"{path}, line {line}: the output must be a path below the output folder, not {output}"
        )
    job = Job(f"line {line}: {row['target']}", sources, target, output)
    suffixes = tuple(dict.fromkeys(FILMS.values())) if job.is_film else SUFFIXES
    if output.suffix.lower() not in suffixes:
        raise UserError(
            f"{path}, line {line}: the output must end in one of {', '.join(suffixes)}, not {output}"
        )
    return job


def _joint_name(source: Path, target: Path) -> str:
    return f"{source.stem}_{output_name(PurePath(target.name))}"
