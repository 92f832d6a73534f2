"""Draws synthetic people, who do not exist: a look, an age, and up to five views of each.

Person i of a seed is drawn from (seed, i) and the shares of the looks alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data.preparing.face_generator import FaceGenerator
from data.preparing.looks import AS_DRAWN, Look, draw_look

# By itself the network draws few faces over 50. Every person therefore gets an age, evenly distributed between these.
AGES = (25.0, 75.0)
DARK_GLASSES_KEPT = 0.2  # of those who wear them; see data.preparing.dark_glasses

# The styles [512] of coarse, middle and fine layers.
Styles = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Person:
    """A person as drawn. `views` are five, in the order of `draw_person`.

    keeps_dark_glasses: whether this person stays if dark glasses are on the face.
    """

    look: str
    views: list[Styles]
    keeps_dark_glasses: bool


def draw_person(
    generator: FaceGenerator, looks: Mapping[str, Look], shares: Mapping[str, float], seed: int, index: int
) -> Person:
    """Draws person `index` of `seed`, with a look by `shares` (see `data.preparing.looks.draw_look`).

    The first view shows the person as drawn. The second and third turn the head to one side and to the other. The last
    two have other expressions, light and colour; in the fifth the head is also turned and nods.
    """
    rng = np.random.default_rng([seed, index])
    variety = 0.65 + 0.35 * rng.random()
    w, light, other_light = (generator.draw_style(rng, variety) for _ in range(3))
    amount = rng.uniform(1.0, 2.0, 6).astype(np.float32)
    years = rng.uniform(*AGES)
    smiling, side, nod = rng.choice(np.array([-1.0, 1.0], np.float32), 3)
    name = draw_look(rng, shares)
    if name != AS_DRAWN:
        score = rng.uniform(*looks[name].natural_scores)
        # Fine styles carry the colour of skin: other light may not make the person another one.
        w, light, other_light = (
            looks[name].give(style, generator.mean, score) for style in (w, light, other_light)
        )
    w = generator.with_age(w, years)
    smile, other_smile = (
        smiling * amount[2] * generator.smile,
        -smiling * amount[3] * generator.smile,
    )
    turn = side * 0.7 * amount[4] * generator.yaw + nod * 0.6 * amount[5] * generator.pitch
    views = [
        (w, w, w),
        (w + amount[0] * generator.yaw, w, w),
        (w - amount[1] * generator.yaw, w, w),
        (w + smile, w + smile, w + np.float32(0.6) * (light - w)),
        (w + other_smile + turn, w + other_smile, w + np.float32(0.6) * (other_light - w)),
    ]
    return Person(name, views, bool(rng.random() < DARK_GLASSES_KEPT))
