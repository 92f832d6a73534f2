"""Turns synthetic people, who do not exist, straight into records, and says of each how the face looks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from data.faces.alignment import align
from data.faces.detection import build_detector
from data.faces.skin_tone import skin_tone, tone_class
from data.folders import Item
from data.preparing.apparent_age import AgeEstimator
from data.preparing.dark_glasses import wears_dark_glasses
from data.preparing.face_generator import FaceGenerator
from data.preparing.face_records import FaceSettings, Outcome
from data.preparing.looks import AS_DRAWN, Look, load_looks
from data.preparing.people import Person, draw_person
from data.records import encode_crop, serialise_record

SAME_PERSON_COSINE = 0.5  # by SFace, to the first view; different people have about 0.1, and 0.3 at most
_EMBEDDED_PX = 112
_SCORES_STEP = 2  # of the look scores that are counted together

# crops uint8 [n, 112, 112, 3] -> identity embeddings [n, 128] by SFace
Embed = Callable[[np.ndarray], np.ndarray]


def synthetic_people(count: int, seed: int) -> list[Item]:
    """Lists the items of `count` synthetic people; each person is one item and one identity."""
    return [Item(f"{i:07d}", f"nobody-{seed}-{i:07d}", str(i)) for i in range(count)]


@dataclass(frozen=True)
class _Shot:
    """A good picture of a person: view, landmarks [5, 2], aligned crop of 112 px, and apparent age."""

    view: int
    picture: np.ndarray
    landmarks: np.ndarray
    crop: np.ndarray
    years: float


@dataclass(frozen=True)
class SyntheticSettings:
    """Says how synthetic people become records; `build_embed` is called once per process.

    shares: how many people get each look, in proportion; see `data.preparing.looks.even_shares`.
    """

    seed: int
    views: int
    faces: FaceSettings
    shares: Mapping[str, float]
    build_embed: Callable[[], Embed]

    @property
    def piece_items(self) -> int:
        """How many items are made in about a second; the unit that is lost by a kill."""
        return 2

    def build(self) -> Callable[[Item], Outcome]:
        """Builds the function from an item, whose `where` is the person's number, to the records of all good views.

        A person whose first view has no face, looks under 20 or wears dark glasses (unless drawn to keep them) is left
        out completely; any other such view is left out alone, and so is a view that no longer shows the same person.
        The traits are those of the first view; of a person left out, the look. Raises SyntheticUnavailable (a
        ValueError) where a package is missing.
        """
        generator, looks, ages = FaceGenerator(), load_looks(), AgeEstimator()
        detector = build_detector(self.faces.detector)
        embed = self.build_embed()

        def shoot(person: Person, view: int) -> _Shot | str:
            """Makes the picture of one view, or says why it cannot be used."""
            picture = generator.synthesise(*person.views[view])
            faces = detector.detect(picture)
            if not faces:
                return "no_face"
            age = ages.estimate(picture, faces[0].landmarks)
            if not age.looks_adult:
                return "may_look_under_20"
            crop = align(picture, faces[0].landmarks, _EMBEDDED_PX)
            if wears_dark_glasses(crop) and not person.keeps_dark_glasses:
                return "dark_glasses"
            return _Shot(view, picture, faces[0].landmarks, crop, age.years)

        def make(item: Item) -> Outcome:
            person = draw_person(generator, looks, self.shares, self.seed, int(item.where))
            shots: list[_Shot] = []
            reasons: list[str] = []
            for view in range(self.views):
                shot = shoot(person, view)
                if isinstance(shot, _Shot):
                    shots.append(shot)
                else:
                    reasons.append(shot)
                if not shots:
                    return Outcome((), tuple(reasons), {"look_left_out": person.look})
            vectors = embed(np.stack([shot.crop for shot in shots]))
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            same = vectors @ vectors[0] >= SAME_PERSON_COSINE
            reasons += ["another_person"] * int((~same).sum())
            records = []
            for shot, is_same in zip(shots, same, strict=True):
                if is_same:
                    crop = align(shot.picture, shot.landmarks, self.faces.size_px, self.faces.shrink)
                    encoded = encode_crop(crop, self.faces.quality)
                    records.append(serialise_record(encoded, item.label, f"{item.label}_{shot.view}#0"))
            traits = _traits(looks.get(person.look), shots[0], vectors[0])
            return Outcome(tuple(records), tuple(reasons), traits)

        return make


def _traits(look: Look | None, shot: _Shot, embedding: np.ndarray) -> dict[str, str]:
    """What the report counts of a person, by the first picture; numbers are given by the range in which they lie."""
    tone = skin_tone(shot.crop)
    traits = {
        "look": look.name if look else AS_DRAWN,
        "skin_tone": tone_class(tone),
        "apparent_age": _range(shot.years, 10),
        "dark_glasses": "yes" if wears_dark_glasses(shot.crop) else "no",
    }
    if look:
        traits[f"{look.name}_score"] = _range(look.score(embedding, tone), _SCORES_STEP)
    return traits


def _range(value: float, step: int) -> str:
    """(34.2, 10) → "30 to 40": the range from one multiple of `step` to the next in which `value` lies."""
    low = int(value // step) * step
    return f"{low} to {low + step}"
