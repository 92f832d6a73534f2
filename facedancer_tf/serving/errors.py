"""Turns what goes wrong into answers: always JSON `{"code", "message"}`, one sentence, never a trace or a path."""

import logging
import re
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from data.picture_reading import UnreadablePicture
from facedancer_tf.errors import UserError
from facedancer_tf.serving.log import REQUESTS

GONE = 499  # as nginx counts requests whose client went away; nobody receives it
_STATUS_OF_CODE = {"unreadable": 415, "unwritable": 503, "in_use": 503}  # all others are 422
_CODE_OF_STATUS = {404: "not_found", 405: "method_not_allowed"}
_RETRY_S = 30
_FOLDERS = re.compile(r"(?<![\w:/.])/(?:[^/\s;,:'\"]+/)+")
logger = logging.getLogger(REQUESTS)


class ErrorAnswer(BaseModel):
    """The answer to every request that fails."""

    code: str = Field(description="for programs", examples=["no_face"])
    message: str = Field(description="one sentence for people")


class Refusal(Exception):
    """An answer instead of the one that was asked for: HTTP `status`, a `code` for programs, a sentence for people.

    retry_after_s: when to ask again, where that may help.
    """

    def __init__(self, status: int, code: str, message: str, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.retry_after_s = status, code, retry_after_s

    @property
    def answer(self) -> JSONResponse:
        """The answer in JSON. A client that was too slow, or sent no whole request, gets no other chance here."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        if self.status == 408:
            headers["Connection"] = "close"
        return as_answer(self.status, self.code, str(self), headers)


def as_answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"code": code, "message": message}, status, headers)


def refusal_of(error: UserError | UnreadablePicture, sentence: str | None = None) -> Refusal:
    """The refusal for input that cannot be used; `sentence` takes the place of the error's own text."""
    reading = error if isinstance(error, UnreadablePicture) else error.__cause__
    message = without_folders(" ".join((sentence or str(error)).split()))
    if isinstance(reading, UnreadablePicture) and reading.reason == "too_large":
        return Refusal(413, "too_large", message)
    code = error.code if isinstance(error, UserError) else "unreadable"
    status = _STATUS_OF_CODE.get(code, 422)
    return Refusal(status, code, message, _RETRY_S if status == 503 else None)


def without_folders(sentence: str) -> str:
    """Leaves of every absolute path in `sentence` its last name only."""
    return _FOLDERS.sub("", sentence)


def add_error_answers(app: FastAPI) -> None:
    """Makes `app` answer every failure in the same form."""

    @app.exception_handler(Refusal)
    async def refused(request: Request, error: Refusal) -> JSONResponse:
        return error.answer

    @app.exception_handler(UserError)
    async def unusable(request: Request, error: UserError) -> JSONResponse:
        return refusal_of(error).answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return as_answer(
            422, "invalid", "a part of the address is not of the kind that stands in /openapi.json"
        )

    @app.exception_handler(HTTPException)
    async def unknown(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODE_OF_STATUS.get(error.status_code, "bad_request")
        return as_answer(error.status_code, code, f"{error.detail}: see /docs", error.headers)

    @app.exception_handler(OSError)
    @app.exception_handler(MemoryError)
    async def no_room(request: Request, error: Exception) -> JSONResponse:
        logger.error("no room for a request", exc_info=error)
        return Refusal(503, "busy", "the server has no room for this now; ask again later", _RETRY_S).answer

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> JSONResponse:
        return as_answer(500, "internal", "the server has made a mistake; its log says which")


def refusals(*statuses: int) -> dict[int | str, dict[str, object]]:
    """What OpenAPI says of the failures of a route: these statuses and those that every route has."""
    return {status: {"model": ErrorAnswer} for status in (400, 401, 403, *statuses)}
