"""Looks at a scheduler's address before anybody connects to it."""

import re

_ADDRESS = re.compile(r"(tcp|tls)://([\w.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}", re.ASCII)
_LOOPBACK = re.compile(r"tcp://(127\.[\d.]+|localhost|\[::1\]):\d+", re.ASCII)


def check_address(address: str) -> None:
    """Raises ValueError where `address` is none, or needs certificates that cannot be had as Dask is configured."""
    from distributed import Security

    if not _ADDRESS.fullmatch(address):
        raise ValueError(f"a scheduler's address must be like tls://host:8786. Received: {address}")
    if address.startswith("tls"):
        try:
            certified = Security().get_connection_args("client")["ssl_context"]
        except OSError as error:
            raise ValueError(
                f"the certificate for {address}, or its key, cannot be read ({error})"
            ) from error
        if certified is None:
            raise ValueError(
                f"{address} needs a certificate, and Dask's settings name none: set them as docs/distributed.md shows"
            )


def is_open(address: str) -> bool:
    """Whether a scheduler at `address` may be reached from other machines without a certificate."""
    return address.startswith("tcp") and not _LOOPBACK.fullmatch(address)
