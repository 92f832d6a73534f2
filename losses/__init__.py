"""The terms of the FaceDancer objective (paper, section 3.3; docs/method.md, section 6): pure tensor functions.

Conventions: pictures are NHWC, RGB, [-1, 1]; losses are float32. Most functions return a value per sample, `[B]`, and
the training step averages. Where a hinge or a division follows the mean over the batch, the function returns a scalar
and takes `batch_mean`, the mean over the *global* batch: `keras.ops.mean` on one device, a function that also averages
over the replicas on several.
"""

from collections.abc import Callable

import keras

BatchMean = Callable[[keras.KerasTensor], keras.KerasTensor]
