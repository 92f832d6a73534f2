"""Tests that an address that cannot be connected to is told before Dask tries, which would wait."""

from pathlib import Path

import dask
import pytest

from data.clusters.addresses import check_address, is_open
from data.clusters.connection import ClusterLost, connected


@pytest.mark.parametrize(
    "address", ["", "nonsense", "box:8786", "http://box:1", "tcp://box", "tls://box:x", "tcp://[::1"]
)
def test_what_is_no_address_is_told_with_the_rule(address: str) -> None:
    with (
        pytest.raises(ClusterLost, match=r"must be like tls://host:8786\. Received: "),
        connected(address, 1),
    ):
        pass


def test_tls_without_a_certificate_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"tls://box:8786 needs a certificate, and Dask's settings name none"
    ):
        check_address("tls://box:8786")
    absent = str(tmp_path / "cert.pem")
    names = ("ca-file", "client.cert", "client.key")
    with (
        dask.config.set({f"distributed.comm.tls.{name}": absent for name in names}),
        pytest.raises(ValueError, match="the certificate for tls://box:8786, or its key, cannot be read"),
    ):
        check_address("tls://box:8786")


def test_addresses_that_dask_takes_pass() -> None:
    for address in ("tcp://box.example.org:8786", "tcp://10.0.0.1:1", "tcp://[fe80::1]:8786"):
        check_address(address)
        assert is_open(address)
