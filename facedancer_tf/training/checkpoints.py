"""Saves and restores everything of a run that must survive, in one `tf.train.Checkpoint`."""

from pathlib import Path

import keras
import tensorflow as tf

from data.stream import ORDER_VERSION
from facedancer_tf.errors import UserError
from facedancer_tf.training.models import Models


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
        self.writes = writes
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
        self.manager = tf.train.CheckpointManager(self.checkpoint, str(folder), max_to_keep=keep)

    def restore(self) -> bool:
        """Restores the newest checkpoint; returns False where there is none yet.

        Raises:
            UserError: if the checkpoint does not belong to these networks.
        """
        latest = self.manager.latest_checkpoint
        if latest is None:
            return False
        try:
            checkpoint = self.checkpoint
            if not tf.train.load_checkpoint(latest).has_tensor("order/.ATTRIBUTES/VARIABLE_VALUE"):
                checkpoint = tf.train.Checkpoint(**self.parts_of_first_order)
                self.order.assign(1)
            checkpoint.restore(latest).assert_consumed()
        except (AssertionError, ValueError, tf.errors.OpError) as error:
            raise UserError(
                f"the checkpoint {latest} does not fit this config ({str(error).splitlines()[0]}); "
                "continue with the config.yaml of its run folder, or name another `run`."
            ) from error
        return True

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
        """Saves a checkpoint of the current step.

        It is written beside its place and then renamed, so that the last checkpoint stays whole even if the run is
        killed in the middle.

        Raises:
            UserError: if anything in the checkpoint is not finite (a gradient can overflow although the losses did
                not); nothing is written then.
        """
        names = self.not_finite()
        if names:
            raise UserError(
                f"{names[0]} is not finite after step {int(self.step)} ({len(names)} weights or optimizer slots are "
                "not); the last checkpoint is from before: lower `optimizer.learning_rate` or a term's weight."
            )
        if self.writes:  # every worker holds all variables whole, so that the others need not take part
            self.manager.save(checkpoint_number=int(self.step.numpy()))
