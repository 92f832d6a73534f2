"""Serves the page: its few files, read once, each with an ETag, so that browsers ask and mostly need not load."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from facedancer_tf.serving.api_page import api_page
from facedancer_tf.serving.errors import Refusal

PAGE = Path(__file__).parent / "page"
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class PageFile:
    """A file of the page. etag: changes with the content."""

    content: bytes
    media_type: str
    etag: str

    @classmethod
    def of(cls, content: bytes, suffix: str) -> "PageFile":
        return cls(content, MEDIA_TYPES[suffix], f'"{hashlib.sha256(content).hexdigest()[:32]}"')


@router.get("/")
async def index(request: Request) -> Response:
    return _answer(request, page_files().get("index.html"))


@router.get("/page/{name:path}")
async def page_file(request: Request, name: str) -> Response:
    return _answer(request, page_files().get(name))


@router.get("/docs")
async def docs(request: Request) -> Response:
    return _answer(request, PageFile.of(api_page(request.app.openapi()).encode(), ".html"))


@cache
def page_files() -> dict[str, PageFile]:
    """All files of the page by name; what is not here is not served, whatever a request names."""
    return {
        path.relative_to(PAGE).as_posix(): PageFile.of(path.read_bytes(), path.suffix)
        for path in sorted(PAGE.rglob("*"))
        if path.suffix in MEDIA_TYPES
    }


def _answer(request: Request, file: PageFile | None) -> Response:
    if file is None:
        raise Refusal(404, "not_found", "the page has no such file")
    headers = {"ETag": file.etag, "Cache-Control": "no-cache"}
    if file.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(file.content, headers=headers, media_type=file.media_type)
