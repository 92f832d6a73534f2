"""Builds in a worker's process what swaps the jobs of a batch, and sees to it that its results are as the client's.

Workers read targets and sources and write results at the same paths as the client would. No private key is sent to
them: they read the files of the certificate and of its key for themselves.
"""

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from data.clusters.worker_process import WorkRefused
from facedancer_tf.batches.failures import attempt
from facedancer_tf.batches.jobs import Job
from facedancer_tf.batches.journal import JOURNAL, Entry
from facedancer_tf.batches.report import Row
from facedancer_tf.batches.stages import Stages
from facedancer_tf.errors import UserError
from facedancer_tf.plain_graphs import run_graphs_as_they_are
from facedancer_tf.provenance.certificate import load_signing_identity
from facedancer_tf.quiet_start import load_tensorflow_quietly
from facedancer_tf.swapping.picture_swap import WritingOptions
from facedancer_tf.swapping.swapper import Swapper

Outcome = Row | tuple[Row, Entry]  # a failure; or a result with what the journal is to say of it


@dataclass(frozen=True)
class StagesElsewhere:
    """Builds stages like those of the client in a worker. It is pickled for it, and small.

    swapper: the arguments of `Swapper`. options: without their signer, which is in `signing_files`, certificate and
    private key. settings: those of the client's stages, which must come out there too.
    """

    swapper: dict[str, Any]
    folder: Path
    face: int | str
    options: WritingOptions
    signing_files: tuple[Path, Path] | None
    settings: dict[str, Any]

    @classmethod
    def of(cls, stages: Stages) -> "StagesElsewhere":
        """Describes `stages`; raises UserError where their signer came from no file that workers could read."""
        options, signer = stages.options, stages.options.signer
        if signer is not None and signer.files is None:
            raise UserError("on a cluster the signer must come from files, which its workers can read")
        files = None if signer is None else signer.files
        plain = replace(options, signer=None)
        folder = stages.folder.absolute()
        return cls(_arguments(stages.swapper), folder, stages.face, plain, files, stages.settings)

    def __call__(self) -> Callable[[Job], Outcome]:
        """Builds the function that swaps a job; raises WorkRefused where this process is not like the client."""
        _check_seen(self.folder / JOURNAL)
        load_tensorflow_quietly()
        run_graphs_as_they_are()
        try:
            signer = load_signing_identity(*self.signing_files) if self.signing_files else None
            options = replace(self.options, signer=signer)
            stages = Stages(Swapper(**self.swapper), self.folder, self.face, options)
            _ = stages.swapper.engine  # a model that cannot be loaded fails no single target
        except UserError as error:
            raise WorkRefused(f"a worker on {socket.gethostname()} cannot start ({error})") from error
        if apart := [name for name, value in self.settings.items() if stages.settings[name] != value]:
            raise WorkRefused(f"a worker on {socket.gethostname()} has another {' and another '.join(apart)}")
        writer = ThreadPoolExecutor(1)

        def swap(job: Job) -> tuple[Row, Entry]:
            for path in (job.target, *job.sources):
                _check_seen(path)
            return stages.finish(stages.start(stages.find(job), writer))

        return lambda job: attempt(job, swap, job)


def _arguments(swapper: Swapper) -> dict[str, Any]:
    """Makes the same swapper in another process: files get paths that hold in any folder, and names stay names."""
    model, encoder = (
        path.absolute() if path is not None and path == Path(str(given)) else given
        for path, given in zip(
            (swapper.model_path, swapper.encoder_weights), swapper.given_weights, strict=True
        )
    )
    detector = swapper.detector.name
    return {"model": model, "detector": detector, "encoder_weights": encoder, **asdict(swapper.paste_steps)}


def _check_seen(path: Path) -> None:
    if not os.path.exists(path):  # whatever the reason
        raise WorkRefused(
            f"a worker on {socket.gethostname()} does not see {path}: all of them need the same folders, or mounts"
        )
