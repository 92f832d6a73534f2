"""Saves and restores everything of a run that must survive, in one `tf.train.Checkpoint`."""

from pathlib import Path

import keras
import tensorflow as tf

from data.stream import ORDER_VERSION
from facedancer_tf.errors import UserError, disk_reason
from facedancer_tf.shown_text import say
from facedancer_tf.training.checkpoint_files import (
    checkpoint_steps,
    is_whole,
    name_of,
    plain_path,
    write_checkpoint,
)
from facedancer_tf.training.models import Models

LARGEST_SAMPLE = 2**53


class RunState:
    """Holds both networks, the averaged weights, both optimizers, the step and the next global sample.

    The data position is (seed, next sample): the pipeline can start anywhere from these. It counts in the order of
    pictures that `order` names (`ORDER_VERSION` of data.stream; 1 where a checkpoint does not say). All workers hold
    the state, and the one with `writes` saves it. `folder` is where the newest `keep` checkpoints lie.
    """

    def __init__(
        self,
        models: Models,
        generator_optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
        folder: Path,
        keep: int,
        writes: bool = True,
    ) -> None:
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False, name="step")
        self.next_sample = tf.Variable(0, dtype=tf.int64, trainable=False, name="next_sample")
        self.order = tf.Variable(ORDER_VERSION, dtype=tf.int64, trainable=False, name="order")
        self.folder, self.keep, self.writes = folder, keep, writes
        self.owners = (
            models.generator, models.averaged, models.discriminator, generator_optimizer, discriminator_optimizer,
        )  # fmt: skip
        self.parts_of_first_order = {
            "generator": models.generator,
            "averaged": models.averaged,
            "discriminator": models.discriminator,
            "generator_optimizer": generator_optimizer,
            "discriminator_optimizer": discriminator_optimizer,
            "step": self.step,
            "next_sample": self.next_sample,
        }
        self.checkpoint = tf.train.Checkpoint(**self.parts_of_first_order, order=self.order)
        _ = (
            self.checkpoint.save_counter
        )  # TensorFlow's own: reading it adds it to what is saved, as restoring expects

    def restore(self) -> bool:
        """Restores the newest checkpoint that is whole; returns False where there is none at all.

        Damaged checkpoints that are newer are named on the terminal.

        Raises:
            UserError: if there are checkpoints but none is whole, or if the newest whole one does not belong to these
                networks.
        """
        steps = checkpoint_steps(self.folder)
        if not steps:
            return False
        whole = next((step for step in steps if is_whole(self.folder, step)), None)
        damaged = ", ".join(name_of(step) for step in steps if whole is None or step > whole)
        if whole is None:
            raise UserError(
                f"{self.folder} holds checkpoints, but none of them is whole ({damaged}); nothing was changed: put a "
                "whole one back, or name another `run`",
                "unreadable",
            )
        if damaged:
            say(
                f"{self.folder}: {damaged} is damaged; going on from {name_of(whole)}, the newest that is whole."
            )
        self._restore(whole)
        return True

    def _restore(self, step: int) -> None:
        with plain_path(self.folder) as plain:
            path = str(plain / name_of(step))
            try:
                checkpoint = self.checkpoint
                if not tf.train.load_checkpoint(path).has_tensor("order/.ATTRIBUTES/VARIABLE_VALUE"):
                    checkpoint = tf.train.Checkpoint(**self.parts_of_first_order)
                    self.order.assign(1)
                checkpoint.restore(path).assert_consumed()
            except (AssertionError, ValueError, tf.errors.OpError) as error:
                raise UserError(
                    f"the checkpoint {self.folder / name_of(step)} does not fit this config "
                    f"({str(error).splitlines()[0]}); continue with the config.yaml of its run folder, or name another "
                    "`run`."
                ) from error
        at, sample, order = (int(count) for count in (self.step, self.next_sample, self.order))
        if at != step or not 0 <= sample <= LARGEST_SAMPLE or not 1 <= order <= ORDER_VERSION:
            raise UserError(
                f"{self.folder / name_of(step)} must hold step {step}, a next sample from 0 to {LARGEST_SAMPLE} and an "
                f"order from 1 to {ORDER_VERSION}. Received: step={at}, next_sample={sample}, order={order}; give it "
                "its own name again, or remove it to go on from an earlier one",
                "unreadable",
            )

    def variables(self) -> list[tf.Variable]:
        """All variables that a checkpoint saves."""
        return [
            *(v.value for owner in self.owners for v in owner.variables),
            self.step,
            self.next_sample,
            self.order,
        ]

    def not_finite(self) -> list[str]:
        """The names of the weights and optimizer slots that hold a NaN or an infinity."""
        variables = [v for owner in self.owners for v in owner.variables]
        floating = [v for v in variables if v.value.dtype.is_floating]
        return [v.path for v in floating if not bool(tf.reduce_all(tf.math.is_finite(v.value)))]

    def save(self) -> None:
        """Saves a checkpoint of the current step; the last checkpoint stays whole until this one is.

        Raises:
            UserError: if the disk refuses, or if anything in the checkpoint is not finite (a gradient can overflow
                although the losses did not); nothing is written then.
        """
        names = self.not_finite()
        if names:
            raise UserError(
                f"{names[0]} is not finite after step {int(self.step)} ({len(names)} weights or optimizer slots are "
                "not); the last checkpoint is from before: lower `optimizer.learning_rate` or a term's weight."
            )
        if not self.writes:  # every worker holds all variables whole, so that the others need not take part
            return
        try:
            write_checkpoint(self.checkpoint, self.folder, int(self.step), self.keep)
        except (OSError, tf.errors.OpError) as error:
            raise UserError(
                f"the checkpoint of step {int(self.step)} cannot be written into {self.folder} ({disk_reason(error)}); "
                "the last one is whole: make room or give the right to write there, and start again",
                "unwritable",
            ) from error
