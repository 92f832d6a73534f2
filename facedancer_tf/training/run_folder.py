"""Manages the folder of a training run: which run it belongs to, what config started it, and who writes into it now."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf
import yaml

from facedancer_tf.errors import UserError
from facedancer_tf.training.config import TrainConfig, config_as_dict, config_as_yaml

CONFIG, CHECKPOINTS, LOGS, PICTURES, MODEL = "config.yaml", "checkpoints", "logs", "pictures", "model.keras"
# Settings that a run cannot change half-way: its checkpoints, or their meaning, would not fit any more.
FIXED_KEYS = ("size_px", "seed", "generator", "discriminator")


def refuse_other_run(config: TrainConfig) -> None:
    """Raises UserError if the folder's checkpoints were made with another network, encoder, size or seed."""
    path = config.run / CONFIG
    if not path.exists() or tf.train.latest_checkpoint(str(config.run / CHECKPOINTS)) is None:
        return
    before, now = yaml.safe_load(path.read_text(encoding="utf-8")), config_as_dict(config)
    changed = [key for key in FIXED_KEYS if before.get(key) != now[key]]
    if before.get("encoder", {}).get("name") != config.encoder.name:
        changed.append("encoder.name")
    if changed:
        raise UserError(
            f"{config.run} was started with other settings of {', '.join(changed)}; "
            "name another `run`, or go back to those in its config.yaml."
        )


def write_config(config: TrainConfig) -> None:
    """Writes the resolved config into the folder."""
    beside = config.run / f".{CONFIG}.part"
    beside.write_text(config_as_yaml(config), encoding="utf-8")
    os.replace(beside, config.run / CONFIG)


@contextmanager
def only_writer(run: Path) -> Iterator[None]:
    """Makes the folder and locks it against a second `train.py`; the lock ends with the process, however that ends."""
    run.mkdir(parents=True, exist_ok=True)
    with (run / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(
                f"another train.py writes into {run}; wait for it, or name another `run`."
            ) from error
        yield
