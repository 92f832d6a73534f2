"""Manages the folder of a training run: which run it belongs to, what config started it, and who writes into it now."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import tensorflow as tf
import yaml

from data.locks import InUse, only_one
from facedancer_tf.errors import UserError
from facedancer_tf.training.config import TrainConfig, config_as_dict, config_as_yaml
from facedancer_tf.writing import make_folder, reported, write_text

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
