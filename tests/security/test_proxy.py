"""The example's nginx in front: which TLS it speaks, and that it keeps no copy of an answer."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT, free_port_pair
from tests.ship.machines import make_certificate, nginx_server

pytestmark = pytest.mark.needs("nginx")

CONF = (ROOT / "deploy/nginx.conf").read_text()
TODAY = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """The port that speaks TLS, and the certificate. Nobody is behind it."""
    folder = tmp_path_factory.mktemp("nginx")
    certificate, port = make_certificate(folder), free_port_pair()
    with nginx_server([9, 9], folder, port, port + 1):
        yield port + 1, certificate


def _shake_hands(proxy: tuple[int, Path], version: ssl.TLSVersion, ciphers: str | None = None) -> tuple[str, str]:
    """The version and the cipher that both agree on. Raises ``ssl.SSLError``."""
    port, certificate = proxy
    context = ssl.create_default_context(cafile=str(certificate))
    context.set_ciphers(f"{ciphers or 'ALL'}:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", port), 30) as line,
        context.wrap_socket(line, server_hostname="localhost") as shaken,
    ):
        cipher = shaken.cipher()
        assert cipher is not None
        return shaken.version() or "", cipher[0]


@pytest.mark.parametrize("version", TODAY, ids=lambda version: version.name)
def test_the_proxy_speaks_tls_of_today(proxy: tuple[int, Path], version: ssl.TLSVersion) -> None:
    """With a cipher that also proves what it hides, and whose past a stolen key does not open."""
    spoken, cipher = _shake_hands(proxy, version)

    assert spoken.replace(".", "_") == version.name
    assert re.match(r"TLS_|ECDHE-", cipher)
    assert re.search(r"GCM|POLY1305", cipher)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=lambda version: version.name)
def test_the_proxy_speaks_no_old_tls(proxy: tuple[int, Path], version: ssl.TLSVersion) -> None:
    """Whatever a client is content with."""
    with pytest.raises(ssl.SSLError):
        _shake_hands(proxy, version)


@pytest.mark.parametrize(
    "ciphers",
    [
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA384",
        "ECDHE-ECDSA-AES128-SHA256",
        "kRSA",
        "aNULL",
        "ECDHE-ECDSA-CAMELLIA128-SHA256",
    ],
)
def test_the_proxy_uses_no_weak_cipher(proxy: tuple[int, Path], ciphers: str) -> None:
    """None that hides without proving, or that a stolen key opens later."""
    with pytest.raises(ssl.SSLError):
        _shake_hands(proxy, ssl.TLSVersion.TLSv1_2, ciphers)


def test_the_proxy_keeps_nothing(proxy: tuple[int, Path]) -> None:
    """No cache of answers, no list of a folder, no file of its own, and its version is nobody's business."""
    for word in ("proxy_cache ", "proxy_store", "autoindex", "fastcgi_cache", "root ", "alias "):
        assert word not in CONF, word
    assert "server_tokens off;" in CONF
