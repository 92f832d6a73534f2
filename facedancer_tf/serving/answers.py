"""The JSON that the routes of pictures answer with."""

from pydantic import BaseModel, Field


class ModelAnswer(BaseModel):
    name: str
    size_px: int = Field(description="side of the crops that it swaps")
    licence: str
    default: bool = Field(description="used where a request names no model")


class ModelsAnswer(BaseModel):
    models: list[ModelAnswer]
    limits: dict[str, int] = Field(description="all bounds, by name with their unit")


class FaceAnswer(BaseModel):
    number: int = Field(description="0 is the largest, as with swap_image.py --face")
    box: list[float] = Field(description="x, y, width, height in pixels of the upright picture")
    landmarks: list[list[float]] = Field(
        description="x, y of left eye, right eye, nose, left and right mouth corner"
    )
    score: float = Field(description="how sure the detector is, 0 to 1")


class FacesAnswer(BaseModel):
    width: int
    height: int
    faces: list[FaceAnswer]


class EmbeddingAnswer(BaseModel):
    encoder: str
    width: int
    face: FaceAnswer
    embedding: list[float] = Field(description="raw, not normalised; personal data, as a photograph is")


class MaskLink(BaseModel):
    size_px: int
    picture: str


class LikenessAnswer(BaseModel):
    face: int
    source: float = Field(description="cosine of the swapped face to the source")
    target: float = Field(description="cosine of the target's own face to the source")


class SwapAnswer(BaseModel):
    id: str
    picture: str = Field(description="address of the marked result")
    masks: list[MaskLink]
    likeness: list[LikenessAnswer]
    notes: list[str] = Field(description="sentences for people")
    expires_s: int


class StatusAnswer(BaseModel):
    status: str = Field(description="loading, ready or stopping")


class MarksAnswer(BaseModel):
    """What check_provenance.py says of a file; see docs/provenance.md."""

    marked: bool
    credentials: dict[str, object] | None
    damage: str
    metadata: str | None
    watermark: dict[str, object] | None
    has_pixels: bool
