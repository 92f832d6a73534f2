"""Manages the folder of a training run: which run it belongs to, what config started it, and who writes into it now."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from data.locks import InUse, only_one
from facedancer_tf.errors import UserError
from facedancer_tf.training.checkpoint_files import checkpoint_steps
from facedancer_tf.training.config import TrainConfig, config_as_dict, config_as_yaml
from facedancer_tf.training.plain_yaml import read_plain
from facedancer_tf.writing import make_folder, reported, write_text

CONFIG, CHECKPOINTS, LOGS, PICTURES, MODEL = "config.yaml", "checkpoints", "logs", "pictures", "model.keras"
# Settings that a run cannot change half-way: its checkpoints, or their meaning, would not fit any more.
FIXED_KEYS = ("size_px", "seed", "generator", "discriminator")


def refuse_other_run(config: TrainConfig) -> None:
    """Raises UserError if the folder holds what is not this run's, before any of it is replaced.

    That is: checkpoints of another network, encoder, size or seed; a config.yaml that is none of a run (without one the
    checkpoints alone must fit); or a model.keras, but nothing that says that a run made it.
    """
    path, steps = config.run / CONFIG, checkpoint_steps(config.run / CHECKPOINTS)
    if not path.exists():
        if not steps and (config.run / MODEL).exists():
            raise UserError(
                f"{config.run / MODEL} was not made by a run in this folder, and this run would replace it; name "
                "another `run`, or move it."
            )
        return
    before, now = _read_config(path), config_as_dict(config)
    if not steps:
        return
    changed = [key for key in FIXED_KEYS if before.get(key) != now[key]]
    if before["encoder"].get("name") != config.encoder.name:
        changed.append("encoder.name")
    if changed:
        raise UserError(
            f"{config.run} was started with other settings of {', '.join(changed)}; "
            "name another `run`, or go back to those in its config.yaml."
        )


def _read_config(path: Path) -> dict[str, Any]:
    try:
        content = read_plain(path)
    except (OSError, ValueError, yaml.YAMLError) as error:
        content, reason = None, " ".join(str(error).split())
    else:
        reason = "no settings"
    if not isinstance(content, dict) or not isinstance(content.get("encoder"), dict):
        raise UserError(
            f"{path} must hold the settings that the run was started with. Received: {reason}; put it back, or "
            "remove it to go on with the settings given now.",
            "unreadable",
        )
    return content


def write_config(config: TrainConfig) -> None:
    """Writes the resolved config into the folder; raises UserError where that is impossible."""
    write_text(config.run / CONFIG, config_as_yaml(config))


@contextmanager
def only_writer(run: Path) -> Iterator[None]:
    """Makes the folder and locks it against a second `train.py`; the lock ends with the process, however that ends."""
    make_folder(run)
    with ExitStack() as held:
        try:
            with reported(run):
                held.enter_context(only_one(run / ".lock"))
        except InUse as error:
            raise UserError(
                f"another train.py writes into {run}; wait for it, or name another `run`.", "in_use"
            ) from error
        yield
