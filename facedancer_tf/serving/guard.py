"""Lets no foreign web page, and nobody without the token, use the server; tells browsers to load nothing else.

A web page elsewhere can make a visitor's browser send requests to 127.0.0.1. It cannot choose the Host that the browser
sends (against DNS rebinding) nor leave out Origin or Sec-Fetch-Site (against forged requests).
"""

from secrets import compare_digest
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from facedancer_tf.serving.errors import Refusal
from facedancer_tf.serving.settings import Settings, is_address, is_loopback

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Guard:
    """ASGI middleware: refuses what may not be asked, and adds `SECURITY_HEADERS` to every answer.

    The token is asked for below /v1/ only: the page, which asks the user for it, has to load without.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.token = None if settings.token is None else f"Bearer {settings.token}".encode()
        self.names = {name.lower() for name in settings.allowed_hosts}
        self.hosts = {*LOCAL_HOSTS, settings.host.lower(), *self.names}
        self.any_address = not is_loopback(
            settings.host
        )  # 0.0.0.0 is reached by whatever addresses there are

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self.check(scope["method"], scope["path"], Headers(scope=scope))
        except Refusal as refusal:
            await refusal.answer(scope, receive, send_guarded)
            return
        await self.app(scope, receive, send_guarded)

    def check(self, method: str, path: str, headers: Headers) -> None:
        """Raises Refusal for a request that came by a foreign name, from a foreign page or without the token."""
        names = headers.getlist("host")
        host = names[0].lower() if len(names) == 1 else ""
        name = host_name(host)
        if name not in self.hosts and not (self.any_address and is_address(name)):
            raise Refusal(
                403,
                "host",
                "the server does not go by the name that was asked for; its owner can allow that name",
            )
        if method not in SAFE_METHODS:
            origin = headers.get("origin")
            if not self.is_own(origin, host) or headers.get("sec-fetch-site", "none") not in (
                "same-origin",
                "none",
            ):
                raise Refusal(403, "origin", "only the server's own page may ask this from within a browser")
        if self.token is not None and path.startswith("/v1/"):
            given = headers.get("authorization", "").encode("latin-1", "replace")
            if not compare_digest(given, self.token):
                raise Refusal(
                    401, "token", "the header Authorization must be: Bearer, a space, the server's token"
                )

    def is_own(self, origin: str | None, host: str) -> bool:
        """Whether a page of this `origin` is the server's: it has the request's Host, or a name the owner allows."""
        if origin is None:
            return True
        place = origin.partition("://")[2].lower()
        return place == host or host_name(place) in self.names


def host_name(host: str) -> str:
    """The name or address in a Host header, without port and brackets; "" where it holds neither."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
