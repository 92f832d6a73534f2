"""Sends a file whole, or the one range of it that a player asks for to seek in a film."""

import os
import re

from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from facedancer_tf.serving.errors import as_answer

_ONE_RANGE = re.compile(r"bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))")


class OneRangeFile(FileResponse):
    """A file, of which one range is sent where the header Range asks for one; other headers of that name are ignored.

    A range behind the end of the file is answered with 416, as JSON like every error.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wish = Headers(scope=scope).get("range", "") if scope["method"] == "GET" else ""
        asked = _ONE_RANGE.fullmatch(wish)
        start, end, last = asked.groups() if asked else (None, None, None)
        if asked is None or (start and end and int(end) < int(start)):
            headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
            await super().__call__({**scope, "headers": headers}, receive, send)
            return
        size = os.stat(self.path).st_size
        if (start and int(start) >= size) or (last and int(last) == 0):
            sentence = f"the file has {size:,} bytes, and the range begins behind them"
            answer = as_answer(416, "range", sentence, {"Content-Range": f"bytes */{size}"})
            await answer(scope, receive, send)
            return
        await super().__call__(scope, receive, send)
