"""The terms of the FaceDancer objective (paper, section 3.3): pure tensor functions, one idea each.

Conventions: pictures NHWC, RGB, [-1, 1]; losses in float32. Where a mean over the batch is not the last thing
that happens to a term (a hinge or a division follows), the function takes `batch_mean`, the mean over the
*global* batch: `keras.ops.mean` over axis 0 on one device, and one that looks across replicas elsewhere.
"""

from collections.abc import Callable

import keras

BatchMean = Callable[[keras.KerasTensor], keras.KerasTensor]
