"""The route that swaps a picture, and the links to results that are kept for a while."""

from pathlib import Path

from fastapi import APIRouter, Request, Response

from facedancer_tf.provenance.writing import write_unswapped
from facedancer_tf.serving.answers import LikenessAnswer, MaskLink, SwapAnswer
from facedancer_tf.serving.errors import Refusal, refusals
from facedancer_tf.serving.file_range import OneRangeFile
from facedancer_tf.serving.form_schemas import FACE, MODEL, PICTURE, form_schema, several
from facedancer_tf.serving.picture_routes import (
    FAILURES,
    chosen_model,
    chosen_one,
    in_engine,
    read_pictures,
)
from facedancer_tf.serving.picture_work import SwapOutcome, swap
from facedancer_tf.serving.service import service_of
from facedancer_tf.serving.settings import ServingLimits

FORMATS = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
FORM = form_schema(
    ("source", "target"),
    source=several(PICTURE, ServingLimits().sources),
    target=PICTURE,
    face=FACE,
    model=MODEL,
    format={"type": "string", "enum": list(FORMATS), "default": "png"},
    masks={"type": "string", "enum": ["true", "false"], "default": "false"},
)
PICTURES = {media: {"schema": {"type": "string", "format": "binary"}} for media in FORMATS.values()}
MASK = {"image/png": PICTURES["image/png"]}
router = APIRouter(prefix="/v1", tags=["pictures"])


@router.post(
    "/swap",
    responses={200: {"model": SwapAnswer, "content": PICTURES}, **FAILURES},
    response_model=None,
    openapi_extra=FORM,
)
async def swap_faces(request: Request) -> Response | SwapAnswer:
    """Swaps the face of the sources into the target: the marked picture, or JSON with links to it.

    JSON comes where the header Accept names application/json and no picture.
    """
    service = service_of(request)
    form = await read_pictures(
        request, {"source": service.limits.sources, "target": 1}, ("face", "model", "format", "masks")
    )
    face, form_of = chosen_one(form, "face"), _one_of(form.texts, "format", tuple(FORMATS))
    masks = _one_of(form.texts, "masks", ("false", "true")) == "true"
    model = await chosen_model(service, form.texts.get("model"))
    as_json = _wants_json(request)
    output = form.folder / f"swapped.{form_of}"

    def work() -> SwapOutcome:
        outcome = swap(
            service.worker.swapper(model.name), form, face, output, masks and as_json, service.limits
        )
        for size_px, mask in outcome.masks.items():
            write_unswapped(_mask_file(form.folder, size_px), mask[..., None].repeat(3, axis=-1))
        return outcome

    outcome = await in_engine(request, work)
    likeness = [
        LikenessAnswer(face=number, source=float(after), target=float(before))
        for number, before, after in zip(
            outcome.likeness.numbers, outcome.likeness.before, outcome.likeness.after, strict=True
        )
    ]
    if not as_json:
        return _picture(output, {"X-Likeness": f"{likeness[0].source:.3f}"})
    # Only now, so that what is refused takes no other result's place.
    kept = service.results.add()
    for path in (output, *(_mask_file(form.folder, size_px) for size_px in outcome.masks)):
        path.rename(kept.folder / path.name)
    address = f"/v1/results/{kept.id}"
    return SwapAnswer(
        id=kept.id,
        picture=f"{address}/picture",
        masks=[
            MaskLink(size_px=size_px, picture=f"{address}/masks/{size_px}")
            for size_px in sorted(outcome.masks)
        ],
        likeness=likeness,
        notes=outcome.notes,
        expires_s=service.limits.result_s,
    )


@router.get(
    "/results/{result}/picture",
    responses={200: {"content": PICTURES}, 206: {"content": PICTURES}, **refusals(404, 416)},
    response_class=OneRangeFile,
)
async def picture(request: Request, result: str) -> OneRangeFile:
    """The marked result of a swap."""
    files = (f"swapped.{form_of}" for form_of in FORMATS)
    return _picture(service_of(request).results.file(result, *files))


@router.get(
    "/results/{result}/masks/{size_px}",
    responses={200: {"content": MASK}, 206: {"content": MASK}, **refusals(404, 416, 422)},
    response_class=OneRangeFile,
)
async def mask(request: Request, result: str, size_px: int) -> OneRangeFile:
    """What AFFA's gate of this size chose: white is the source's identity, black the target."""
    return _picture(service_of(request).results.file(result, _mask_file(Path(), size_px).name))


@router.delete("/results/{result}", status_code=204, responses=refusals(404))
async def delete(request: Request, result: str) -> None:
    """Deletes a result before its time."""
    service_of(request).results.remove(result)


def _mask_file(folder: Path, size_px: int) -> Path:
    return folder / f"mask_{size_px}.png"


def _picture(path: Path, headers: dict[str, str] | None = None) -> OneRangeFile:
    suffix = path.suffix[1:]
    return OneRangeFile(
        path,
        headers=headers,
        media_type=FORMATS[suffix],
        filename=path.name,
        content_disposition_type="inline",
    )


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "*/*").lower()
    return "application/json" in accepted and "image/" not in accepted


def _one_of(texts: dict[str, str], name: str, words: tuple[str, ...]) -> str:
    """The field's word, the first of `words` where it is left out; raises Refusal for another."""
    word = texts.get(name, words[0])
    if word not in words:
        raise Refusal(422, "invalid", f"the field {name} must be {' or '.join(words)}")
    return word
