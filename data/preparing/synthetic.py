"""Draws synthetic people, who do not exist, in one or several views each, straight into records.

MobileStyleGAN (random-face 2021.7.21.1, run by OpenVINO) maps a draw z [512] to a style w [512] and w to a picture of
1024 px, float NCHW RGB in [-1, 1]. Each of its layers reads w by itself, so coarse layers (pose), middle layers
(together with coarse ones: expression) and fine layers (light and colour) can get different w: this makes several views
of one person. Person i of a seed is drawn from (seed, i) alone. For the rights see assets/synthetic/NOTICE.txt
(non-commercial research).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data.faces.alignment import align
from data.faces.detection import build_detector
from data.folders import Item
from data.preparing.apparent_age import AgeEstimator
from data.preparing.face_records import FaceSettings, Outcome
from data.preparing.openvino_networks import open_core, packaged_file
from data.records import encode_crop, serialise_record

VIEWS_MAX = 5
# By itself the network draws few faces over 50. Every person therefore gets an age, evenly distributed between these.
AGES = (25.0, 75.0)
SAME_PERSON_COSINE = 0.5  # by SFace, to the first view; different people have about 0.1, and 0.3 at most
_DIRECTIONS = Path(__file__).resolve().parents[2] / "assets" / "synthetic" / "w_directions.npz"
_HASHES = {
    "data/MappingNetwork.xml": "73e2096cad6e696e4af47df2477e048ab4c42c0e0dec83c7c66604822689e55b",
    "data/MappingNetwork.bin": "212dd716bdb556e18db603ea97300d4fa3c872b878c726b2402fea80820e7305",
    "data/SynthesisNetwork.xml": "7918fce515243954d3e06628cb39a23902d6b1d5d02932cc0c2faee7a2aeeedd",
    "data/SynthesisNetwork.bin": "c7da15fa22d508c82e1c30dd6b4cdf67fe3ccdddaf85b310ee764dbf0c289645",
}
_MIDDLE_FROM, _FINE_FROM = 100, 300  # numbers in the names of the layers that read the style

# crops uint8 [n, 112, 112, 3] -> identity embeddings [n, W]
Embed = Callable[[np.ndarray], np.ndarray]


def synthetic_people(count: int, seed: int) -> list[Item]:
    """Lists the items of `count` synthetic people; each person is one item and one identity."""
    return [Item(f"{i:07d}", f"nobody-{seed}-{i:07d}", str(i)) for i in range(count)]


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

    def person(self, seed: int, index: int, views: int) -> list[np.ndarray]:
        """Makes the first `views` of five pictures of person `index`.

        The first shows the person as drawn, except for the age. The second and third turn the head to one side and to
        the other. The last two have other expressions, light and colour; in the fifth the head is also turned and nods.
        """
        rng = np.random.default_rng([seed, index])
        variety = 0.65 + 0.35 * rng.random()
        w, light, other_light = (self.draw_style(rng, variety) for _ in range(3))
        amount = rng.uniform(1.0, 2.0, 6).astype(np.float32)
        w = self.with_age(w, rng.uniform(*AGES))
        smiling, side, nod = rng.choice(np.array([-1.0, 1.0], np.float32), 3)
        smile, other_smile = smiling * amount[2] * self.smile, -smiling * amount[3] * self.smile
        turn = side * 0.7 * amount[4] * self.yaw + nod * 0.6 * amount[5] * self.pitch
        styles = [
            (w, w, w),
            (w + amount[0] * self.yaw, w, w),
            (w - amount[1] * self.yaw, w, w),
            (w + smile, w + smile, w + np.float32(0.6) * (light - w)),
            (w + other_smile + turn, w + other_smile, w + np.float32(0.6) * (other_light - w)),
        ]
        return [self.synthesise(*style) for style in styles[:views]]


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


@dataclass(frozen=True)
class SyntheticSettings:
    """Says how synthetic people become records; with several views `build_embed` is called once per process."""

    seed: int
    views: int
    faces: FaceSettings
    build_embed: Callable[[], Embed] | None = None

    def build(self) -> Callable[[Item], Outcome]:
        """Builds the function from an item, whose `where` is the person's number, to the records of all good views.

        A person whose first view has no face or looks under 20 is left out completely; any other such view is left out
        alone, and so is a view that no longer shows the same person. Raises SyntheticUnavailable (a ValueError) where a
        package is missing.
        """
        generator, ages = FaceGenerator(), AgeEstimator()
        detector = build_detector(self.faces.detector)
        embed = self.build_embed() if self.build_embed is not None and self.views > 1 else None

        def make(item: Item) -> Outcome:
            pictures = generator.person(self.seed, int(item.where), self.views)
            largest_faces = [detector.detect(picture)[:1] for picture in pictures]
            reasons, good_views = [], []
            for view, (picture, faces) in enumerate(zip(pictures, largest_faces, strict=True)):
                if not faces:
                    reasons.append("no_face")
                elif not ages.looks_adult(picture, faces[0].landmarks):
                    reasons.append("may_look_under_20")
                else:
                    good_views.append(view)
                if view == 0 and not good_views:
                    return Outcome((), tuple(reasons))
            if embed is not None and len(good_views) > 1:
                crops = [align(pictures[v], largest_faces[v][0].landmarks, 112) for v in good_views]
                vectors = embed(np.stack(crops))
                vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
                same = vectors @ vectors[0] >= SAME_PERSON_COSINE
                reasons += ["another_person"] * int((~same).sum())
                good_views = [view for view, is_same in zip(good_views, same, strict=True) if is_same]
            records = []
            for view in good_views:
                landmarks = largest_faces[view][0].landmarks
                crop = align(pictures[view], landmarks, self.faces.size_px, self.faces.shrink)
                encoded = encode_crop(crop, self.faces.quality)
                records.append(serialise_record(encoded, item.label, f"{item.label}_{view}#0"))
            return Outcome(tuple(records), tuple(reasons))

        return make
