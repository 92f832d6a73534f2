"""Draws faces of people who do not exist, with the network MobileStyleGAN.

MobileStyleGAN (random-face 2021.7.21.1, run by OpenVINO) maps a draw z [512] to a style w [512] and w to a picture of
1024 px, float NCHW RGB in [-1, 1]. Each of its layers reads w by itself, so coarse layers (pose), middle layers
(together with coarse ones: expression) and fine layers (light and colour) can get different w: this makes several views
of one person. For the rights see assets/synthetic/NOTICE.txt (non-commercial research).
"""

import re
from pathlib import Path
from typing import Any

import numpy as np

from data.preparing.openvino_networks import open_core, packaged_file

_DIRECTIONS = Path(__file__).resolve().parents[2] / "assets" / "synthetic" / "w_directions.npz"
_HASHES = {
    "data/MappingNetwork.xml": "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b",
    "data/MappingNetwork.bin": "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305",
    "data/SynthesisNetwork.xml": "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd",
    "data/SynthesisNetwork.bin": "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645",
}
_MIDDLE_FROM, _FINE_FROM = 100, 300  # numbers in the names of the layers that read the style


class FaceGenerator:
    """Draws styles and makes pictures of them.

    Building it raises SyntheticUnavailable (a ValueError) where a package is missing.
    """

    def __init__(self) -> None:
        core = open_core()
        files = {name: str(packaged_file("random_face", name, digest)) for name, digest in _HASHES.items()}
        self._mapping = core.compile_model(core.read_model(files["data/MappingNetwork.xml"]), "CPU")
        synthesis = core.read_model(files["data/SynthesisNetwork.xml"])
        _split_styles(synthesis)
        self._synthesis = core.compile_model(synthesis, "CPU")
        with np.load(_DIRECTIONS, allow_pickle=False) as arrays:
            self.mean, self.yaw, self.pitch, self.smile = (
                arrays[k] for k in ("mean", "yaw", "pitch", "smile")
            )
            self._age, self._age_reader, self._age_of_mean = (
                arrays[k] for k in ("age", "age_reader", "age_of_mean")
            )

    def draw_style(self, rng: np.random.Generator, variety: float) -> np.ndarray:
        """Draws a style [512]; `variety` below 1 pulls it towards the mean: fewer oddities, less variety."""
        z = rng.standard_normal((1, 512)).astype(np.float32)
        return self.mean + np.float32(variety) * (self._mapping(z)[0][0] - self.mean)

    def with_age(self, style: np.ndarray, years: float) -> np.ndarray:
        """Moves `style` [512] so that the face looks about `years` old, by a linear fit to dlib's age network."""
        apparent_years = self._age_of_mean + (style - self.mean) @ self._age_reader
        return (style + (years - apparent_years) * self._age).astype(np.float32)

    def synthesise(self, coarse: np.ndarray, middle: np.ndarray, fine: np.ndarray) -> np.ndarray:
        """Makes the picture uint8 [1024, 1024, 3] of three styles [512]."""
        styles = {"coarse": coarse[None], "middle": middle[None], "fine": fine[None]}
        picture = self._synthesis(styles)[0][0].transpose(1, 2, 0)
        return np.clip(np.round(picture * 127.5 + 127.5), 0, 255).astype(np.uint8)


def _split_styles(synthesis: Any) -> None:
    """Gives the network three style inputs, coarse, middle and fine, instead of one."""
    from openvino import opset13

    (style,) = synthesis.get_parameters()
    parts = [opset13.parameter([1, 512], np.float32, name=name) for name in ("coarse", "middle", "fine")]
    for part in parts:
        part.output(0).set_names({part.friendly_name})
    for reader in list(style.output(0).get_target_inputs()):
        number = re.match(r"Gemm_(\d+)", reader.get_node().friendly_name)
        depth = int(number[1]) if number else 0  # there is one other reader, which only asks for the shape
        reader.replace_source_output(parts[(depth >= _MIDDLE_FROM) + (depth >= _FINE_FROM)].output(0))
    synthesis.add_parameters(parts)
    synthesis.remove_parameter(style)
    synthesis.validate_nodes_and_infer_types()
