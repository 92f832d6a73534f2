"""What the server and a job's process say to each other: lines of JSON, of which only plain values are taken.

The server says one `JobOrder` on the process's stdin, and then nothing: the end of stdin means stop. The process says a
`JobReport` on its stdout now and then, the last of which says how it ended. Nothing here trusts the other side's lines.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Self

LINE_BYTES = 65536
STAGES = ("loading", "looking", "swapping", "writing")
ENDS = ("done", "failed", "stopped")


@dataclass(frozen=True)
class JobOrder:
    """A film to swap. `sources`, `target` and `output` are names of files in the folder that the process works in.

    model: a name or file of the generator, None is the embedded one. whom: "largest", "all" or the number of a person.
    frames_max: the film is refused where it turns out to have more.
    """

    sources: tuple[str, ...]
    target: str
    output: str
    model: str | None = None
    whom: str | int = "largest"
    frames_max: int = 10_000

    def line(self) -> bytes:
        """The order as one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """The order in a line that `line` made; raises ValueError for any other."""
        values = json.loads(line)
        return cls(**values | {"sources": tuple(values["sources"])})


@dataclass(frozen=True)
class JobReport:
    """How a job stands: one of STAGES, with `frames` done of `total` (None: not known), or one of ENDS.

    code, message: of the error, where it "failed". notes: sentences for the user, where it is "done".
    """

    stage: str
    frames: int = 0
    total: int | None = None
    code: str = ""
    message: str = ""
    notes: tuple[str, ...] = field(default=())

    def line(self) -> bytes:
        """The report as one line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self | None:
        """The report in a line; None where it holds none, since a library may have written anything."""
        try:
            values = json.loads(line)
            report = cls(**values | {"notes": tuple(map(str, values["notes"]))})
        except (ValueError, TypeError, KeyError, RecursionError):
            return None
        numbers = [report.frames, *([] if report.total is None else [report.total])]
        texts = (report.code, report.message)
        plain = all(isinstance(number, int) and number >= 0 for number in numbers)
        known = report.stage in (*STAGES, *ENDS) and all(isinstance(text, str) for text in texts)
        return report if plain and known else None
