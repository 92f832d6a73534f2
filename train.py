"""Trains FaceDancer: `python train.py --config configs/small.yaml [--key value …]`.

A run has its folder (`--run`): config, checkpoints, TensorBoard logs, pictures, model.keras. The same command goes on
from the last checkpoint there. `--help` lists every setting, `--print_config` shows the resolved ones.
"""

from facedancer_tf.early_interrupts import end_at_interrupts

if __name__ == "__main__":
    end_at_interrupts()  # the imports below take a while

import os

from facedancer_tf.errors import run_main
from facedancer_tf.quiet_start import load_tensorflow_quietly


def main() -> None:
    # 3 hides errors: TensorFlow's graph optimizer logs a rewrite that it skips as one. Real errors are exceptions.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    load_tensorflow_quietly(wake_devices="TF_CONFIG" not in os.environ)  # workers must meet before
    from facedancer_tf.training.config import parse_config
    from facedancer_tf.training.train_loop import train

    train(parse_config())


if __name__ == "__main__":
    run_main(main)
