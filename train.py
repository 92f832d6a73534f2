"""Trains FaceDancer: `python train.py --config configs/small.yaml [--key value …]`.

A run lives in its folder (`--run`): config, checkpoints, TensorBoard logs, pictures, model.keras. The same
command goes on where the folder stands. `--help` lists every setting, `--print_config` the resolved ones.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from facedancer_tf.errors import run_main


def main() -> None:
    from facedancer_tf.config import parse_config

    config = parse_config()  # before TensorFlow has found its devices: a wrong key should not cost a minute

    from facedancer_tf.train_loop import train

    train(config)


if __name__ == "__main__":
    run_main(main)
