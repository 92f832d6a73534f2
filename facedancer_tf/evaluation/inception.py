"""The network of the Fréchet inception distance; only on its features is a Fréchet distance called FID."""

from pathlib import Path

from facedancer_tf.errors import UserError
from facedancer_tf.evaluation.onnx_network import OnnxNetwork, PixelInput

INCEPTION_INPUT = PixelInput(299, "RGB", -1.0, 1.0)
FEATURES = 2048  # of the last pooling of Inception v3 (Heusel et al., 2017)


class Inception(OnnxNetwork):
    """A user's Inception; raises UserError where it does not give 2048 features."""

    def __init__(self, path: Path, pixels: PixelInput) -> None:
        super().__init__(path, pixels)
        if self.width != FEATURES:
            raise UserError(
                f"{path} gives {self.width} features; an FID needs Inception's last pooling, which has {FEATURES}"
            )
