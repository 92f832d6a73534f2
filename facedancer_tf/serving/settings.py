"""What a server is told at its start: where it listens, who may ask, and the bounds on what anybody may ask for."""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

TOKEN_MIN_LETTERS = 16
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class ServingLimits:
    """Bounds of one server. Names say the unit; all are shown by `GET /v1/models`.

    The reader of pictures has bounds of its own (docs/pictures.md); these are smaller.

    Args:
        picture_bytes: of one uploaded picture.
        film_bytes: of one uploaded film.
        uploads_bytes: of all uploads that come in or are at work at a time.
        picture_pixels: of one picture, width times height.
        picture_side_px: of the longer side of a picture.
        sources: pictures of one source.
        faces: faces swapped in one picture.
        film_frames: frames of one film.
        film_seconds: length of one film.
        film_side_px: of the longer side of a film.
        waiting_pictures: requests that may wait for the networks.
        waiting_jobs: films that may wait for their turn.
        job_s: how long the swap of one film may take.
        kept_films: swapped films that are kept; the oldest go first.
        wait_s: how long a request waits for the networks before it is sent away.
        silence_s: how long an upload, or a reader of an answer, may stand still.
        head_s: how long the head of a request may take.
        picture_upload_s: how long all pictures of one request may take to arrive.
        film_upload_s: how long a film may take to arrive.
        connections: open connections.
        kept_results: results that are kept for links to them; the oldest go first.
        result_s: how long a result is kept.
    """

    picture_bytes: int = 32 * MEBIBYTE
    film_bytes: int = 512 * MEBIBYTE
    uploads_bytes: int = 4096 * MEBIBYTE
    picture_pixels: int = 40_000_000
    picture_side_px: int = 16_000
    sources: int = 8
    faces: int = 32
    film_frames: int = 9000
    film_seconds: int = 300
    film_side_px: int = 4096
    waiting_pictures: int = 16
    waiting_jobs: int = 4
    job_s: int = 7200
    kept_films: int = 8
    wait_s: int = 60
    silence_s: int = 20
    head_s: int = 10
    picture_upload_s: int = 120
    film_upload_s: int = 900
    connections: int = 128
    kept_results: int = 64
    result_s: int = 3600

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"`{name}` must be 1 or more. Received: {name}={value}")


@dataclass(frozen=True)
class Settings:
    """Where the server listens, and whom it answers.

    Args:
        host: the address to listen at.
        port: the port, 0 for any that is free.
        token: what requests must carry; None only at a loopback address.
        model: name or file of the generator that is used where a request names none.
        allowed_hosts: further names under which the server is reached, as behind a proxy.
        limits: see `ServingLimits`.

    Raises:
        ValueError: for an address that others reach without a token, for a token that can be guessed, or for a
            further name with more in it than a name.
    """

    host: str = "127.0.0.1"
    port: int = 8008
    token: str | None = field(default=None, repr=False)
    model: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    limits: ServingLimits = field(default_factory=ServingLimits)

    def __post_init__(self) -> None:
        if self.token is None and not is_loopback(self.host):
            raise ValueError(
                f"an address that other computers reach needs a token. Received: host={self.host}, token=None"
            )
        for name in self.allowed_hosts:
            if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*", name):
                raise ValueError(
                    "an allowed host is a name alone, without scheme and port, as in swap.example.org. "
                    f"Received: {name!r}"
                )
        if self.token is not None and not (len(self.token) >= TOKEN_MIN_LETTERS and self.token.isascii()):
            raise ValueError(
                f"`token` must have {TOKEN_MIN_LETTERS} or more ASCII letters. Received: {len(self.token)} letters"
            )


def is_loopback(host: str) -> bool:
    """Whether only this computer reaches `host`, a name or an address."""
    return host == "localhost" or (is_address(host) and ip_address(host).is_loopback)


def is_address(host: str) -> bool:
    """Whether `host` is an address in numbers, not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
