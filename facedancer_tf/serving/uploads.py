"""Reads multipart forms: their files go to disk while they come, into a private folder that goes with the answer.

Every bound is looked at before a byte is kept: which fields there are, how many, how large, and how slowly they come.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex
from shutil import rmtree

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.types import ASGIApp, Receive, Scope, Send

from facedancer_tf.serving.engine_worker import gone_away, stopping
from facedancer_tf.serving.errors import Refusal
from facedancer_tf.serving.form_parts import FileField, Form, FormParts, too_large
from facedancer_tf.serving.service import service_of
from facedancer_tf.serving.settings import ServingLimits

FRAME_BYTES = 1 << 16  # for texts, and the heads of the parts
_RETRY_S = 5
_ROOM = "upload_room"


class UploadFolders:
    """ASGI middleware that has a private folder for every request, and deletes it after the answer.

    All of them together have room for `most_bytes`.
    """

    def __init__(self, app: ASGIApp, parent: Path, most_bytes: int) -> None:
        self.app, self.parent, self.left_bytes = app, parent, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        folder = self.parent / f"request-{token_hex(8)}"
        taken_bytes = 0

        def take(size_bytes: int) -> Path:
            nonlocal taken_bytes
            if size_bytes > self.left_bytes:
                raise Refusal(429, "busy", "too many uploads come in; ask again in some seconds", _RETRY_S)
            self.left_bytes -= size_bytes
            taken_bytes += size_bytes
            return folder

        scope[_ROOM] = take
        try:
            await self.app(scope, receive, send)
        finally:
            self.left_bytes += taken_bytes
            if folder.exists():
                await asyncio.shield(asyncio.to_thread(rmtree, folder, ignore_errors=True))


async def read_form(
    request: Request,
    files: dict[str, FileField],
    texts: tuple[str, ...],
    limits: ServingLimits,
    upload_s: float,
) -> Form:
    """Reads the request's multipart form into its private folder, which goes with the answer.

    Files are named after their field and place, never as the client calls them: "source_1". Raises Refusal for a body
    that is no such form, too large or too slow, for unknown fields and missing ones, and where there is no room.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise Refusal(400, "bad_request", "the body must be a form: multipart/form-data with a boundary")
    left_bytes = sum(allowed.most * allowed.most_bytes for allowed in files.values()) + FRAME_BYTES
    size_bytes = int(request.headers.get("content-length", left_bytes))
    if size_bytes > left_bytes:
        raise too_large("the body", left_bytes)
    form = Form(request.scope[_ROOM](size_bytes))
    await asyncio.to_thread(form.folder.mkdir, 0o700)
    parts = FormParts(form, files, texts)
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())  # type: ignore[arg-type]
        async for chunk in _chunks(request, limits.silence_s, upload_s):
            if service_of(request).worker.stopping:
                raise stopping()
            left_bytes -= len(chunk)
            if left_bytes < 0:  # behind the form's end, for example
                raise Refusal(413, "too_large", "the body is larger than all that its form may hold")
            await asyncio.to_thread(parser.write, chunk)
        parser.finalize()
    except FormParserError as error:
        raise Refusal(400, "bad_request", "the body is no whole multipart form") from error
    finally:
        parts.close()
    parts.check_whole()
    return form


async def _chunks(request: Request, silence_s: float, upload_s: float) -> AsyncIterator[bytes]:
    """Yields the body as it comes; raises Refusal where it stands still for `silence_s` or takes over `upload_s`."""
    deadline = time.monotonic() + upload_s
    more = True
    while more:
        try:
            async with asyncio.timeout(min(silence_s, deadline - time.monotonic())):
                message = await request.receive()
        except TimeoutError as error:
            raise Refusal(408, "too_slow", "the upload took too long; send it again, or send less") from error
        if message["type"] == "http.disconnect":
            raise gone_away()
        more = message.get("more_body", False)
        if message.get("body"):
            yield message["body"]
