"""The routes that look at pictures: models, faces, embeddings and marks."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

from fastapi import APIRouter, Request

from data.faces.face import Face
from facedancer_tf.serving.answers import (
    EmbeddingAnswer,
    FaceAnswer,
    FacesAnswer,
    MarksAnswer,
    ModelAnswer,
    ModelsAnswer,
)
from facedancer_tf.serving.errors import Refusal, refusals
from facedancer_tf.serving.form_parts import FileField, Form
from facedancer_tf.serving.form_schemas import MODEL, ONE_FACE, PICTURE, form_schema
from facedancer_tf.serving.models import ListedModel, find_model
from facedancer_tf.serving.picture_work import check_marks, detect_faces, embed_face
from facedancer_tf.serving.service import Service, service_of
from facedancer_tf.serving.uploads import read_form

Result = TypeVar("Result")
router = APIRouter(prefix="/v1", tags=["pictures"])
FAILURES = refusals(408, 413, 415, 422, 429, 503)


@router.get("/models", responses=refusals())
async def models(request: Request) -> ModelsAnswer:
    """Which models are at hand, and the bounds on all that is sent here."""
    service = service_of(request)
    listed = [
        ModelAnswer(name=model.name, size_px=model.size_px, licence=model.licence, default=model.is_default)
        for model in await asyncio.to_thread(service.models)
    ]
    return ModelsAnswer(models=listed, limits=asdict(service.limits))


@router.post("/detect", responses=FAILURES, openapi_extra=form_schema(("picture",), picture=PICTURE))
async def detect(request: Request) -> FacesAnswer:
    """Finds the faces in a picture and numbers them, the largest first."""
    service = service_of(request)
    form = await read_pictures(request, {"picture": 1}, ())
    model = await chosen_model(service, None)
    picture, faces = await in_engine(
        request, lambda: detect_faces(service.worker.swapper(model.name), form, service.limits)
    )
    height, width = picture.shape[:2]
    return FacesAnswer(width=width, height=height, faces=[_face(i, face) for i, face in enumerate(faces)])


@router.post(
    "/embed",
    responses=FAILURES,
    openapi_extra=form_schema(("picture",), picture=PICTURE, face=ONE_FACE, model=MODEL),
)
async def embed(request: Request) -> EmbeddingAnswer:
    """Computes the identity of one face, as the model's encoder sees it."""
    service = service_of(request)
    form = await read_pictures(request, {"picture": 1}, ("face", "model"))
    face = chosen_one(form, "face")
    if face == "all":
        raise Refusal(422, "invalid", "the field face must be largest or a number here")
    model = await chosen_model(service, form.texts.get("model"))
    number, place, embedding, encoder = await in_engine(
        request, lambda: embed_face(service.worker.swapper(model.name), form, face, service.limits)
    )
    return EmbeddingAnswer(
        encoder=encoder, width=len(embedding), face=_face(number, place), embedding=embedding.tolist()
    )


@router.post(
    "/check",
    responses=FAILURES,
    openapi_extra=form_schema(("file",), file={**PICTURE, "description": "a picture or a film"}),
)
async def check(request: Request) -> MarksAnswer:
    """Reads the marks that say where a picture or film comes from."""
    service = service_of(request)
    limits = service.limits
    form = await read_form(
        request, {"file": FileField(1, limits.film_bytes)}, (), limits, limits.film_upload_s
    )
    async with service.checking:
        marks = await asyncio.to_thread(check_marks, form, limits)
    return MarksAnswer.model_validate(marks)


async def read_pictures(request: Request, fields: dict[str, int], texts: tuple[str, ...]) -> Form:
    """Reads a form of pictures: `fields` says how many may come in each field."""
    limits = service_of(request).limits
    files = {name: FileField(most, limits.picture_bytes) for name, most in fields.items()}
    return await read_form(request, files, texts, limits, limits.picture_upload_s)


async def in_engine(request: Request, work: Callable[[], Result]) -> Result:
    """Runs `work` in the engine's thread, unless the client goes away before its turn."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return await service_of(request).worker.run(work, gone)


async def chosen_model(service: Service, name: str | None) -> ListedModel:
    """The model that the field `model` names; raises UserError where there is none."""
    return find_model(await asyncio.to_thread(service.models), name)


def chosen_one(form: Form, field: str) -> int | str:
    """What the field `face` or `person` means: largest, all or a number; raises Refusal for anything else."""
    text = form.texts.get(field, "largest")
    if text in ("largest", "all"):
        return text
    if text.isascii() and text.isdigit() and len(text) <= 4:
        return int(text)
    raise Refusal(422, "invalid", f"the field {field} must be largest, all or a number from 0")


def _face(number: int, face: Face) -> FaceAnswer:
    return FaceAnswer(
        number=number,
        box=[float(value) for value in face.box],
        landmarks=face.landmarks.tolist(),
        score=float(face.score),
    )
