"""The line to Stripe over TLS and through proxies: whom it trusts, and which way it goes."""

from __future__ import annotations

import datetime
import ipaddress
import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import stripe
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from backend.config.env import SettingsError
from backend.config.settings import load_settings
from backend.stripe_client.client import build_client
from tests.scripted import Server, answer, asking, says, serving


@dataclass(frozen=True)
class Authority:
    """A certificate authority that the client trusts, with a server's certificate for an address."""

    folder: Path

    def tls(self, address: str = "127.0.0.1", days: int = 1, trusted: bool = True) -> ssl.SSLContext:
        """The server's side, with a certificate for ``address`` that is valid for so many days from now."""
        key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=3))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = certificate.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        both = self.folder / "server.pem"
        both.write_bytes(private + pem)
        if trusted:
            (self.folder / "trusted.pem").write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        return context


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Trusted in place of the SDK's list."""
    authority = Authority(tmp_path)
    authority.tls()
    monkeypatch.setattr(stripe, "ca_bundle_path", str(tmp_path / "trusted.pem"))
    return authority


def secured(server: Server) -> str:
    """The server's address over TLS."""
    return server.base.replace("http://", "https://")


def test_calls_over_tls_share_one_connection(authority: Authority) -> None:
    """Its session tickets, which come unasked, do not end it."""
    with serving(says(answer()), authority.tls()) as server:
        client = asking(secured(server))
        for _ in range(5):
            assert client.v1.balance.retrieve().object == "balance"

    assert (server.lines, len(server.requests)) == (1, 5)


UNTRUSTED: dict[str, Callable[[Authority], ssl.SSLContext]] = {
    "another authority's": lambda authority: authority.tls(trusted=False),
    "another address's": lambda authority: authority.tls(address="127.0.0.2"),
    "out of date": lambda authority: authority.tls(days=-1),
}


@pytest.mark.parametrize("certificate", UNTRUSTED.values(), ids=UNTRUSTED)
def test_a_certificate_that_is_not_stripes_is_told_nothing(
    authority: Authority, certificate: Callable[[Authority], ssl.SSLContext]
) -> None:
    """Not asked again, and the key has not left."""
    with serving(says(answer()), certificate(authority)) as server:
        with pytest.raises(stripe.APIConnectionError) as caught:
            asking(secured(server)).v1.balance.retrieve()

        assert (server.lines, server.requests, caught.value.should_retry) == (1, [], False)


def test_the_sdks_own_authorities_are_believed_and_no_other(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what the machine trusts, either."""
    tls = authority.tls()
    monkeypatch.undo()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.folder / "trusted.pem"))
    with serving(says(answer()), tls) as server, pytest.raises(stripe.APIConnectionError):
        asking(secured(server)).v1.balance.retrieve()


def test_a_line_over_tls_that_was_cut_amid_an_answer_is_no_answer(authority: Authority) -> None:
    """A man in the middle can do no more than cut."""
    with (
        serving(says(answer()[:-5], then_close=True), authority.tls()) as server,
        pytest.raises(stripe.APIConnectionError),
    ):
        asking(secured(server)).v1.balance.retrieve()


def test_a_line_that_ends_before_its_handshake_is_opened_again() -> None:
    """Once: a balancer that restarts says nothing of Stripe's certificate."""
    with serving(says(then_close=True)) as server, pytest.raises(stripe.APIConnectionError) as caught:
        asking(secured(server)).v1.balance.retrieve()

    assert (server.lines, caught.value.should_retry) == (2, True)


def tunnel(refuses: bytes = b"") -> Callable[[Server, socket.socket, bytes], bool]:
    """A proxy that connects to whomever it is asked for, or refuses."""

    def script(server: Server, line: socket.socket, request: bytes) -> bool:
        if refuses:
            line.sendall(refuses)
            return False
        host, _, port = request.split(b" ")[1].rpartition(b":")
        with socket.create_connection((host.decode(), int(port))) as other:
            line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ends = {line: other, other: line}
            while not server.over.is_set():
                for one in select.select(list(ends), [], [], 0.05)[0]:
                    part = one.recv(65_536)
                    if not part:
                        return False
                    ends[one].sendall(part)
        return False

    return script


def test_a_proxy_of_the_environment_is_the_way_out(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tunnel, with the proxy's own user and password; inside it TLS to Stripe, once for many calls."""
    with serving(says(answer()), authority.tls()) as server, serving(tunnel()) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.base.replace("//", "//pat:s%40me@"))
        client = asking(secured(server))
        for _ in range(3):
            client.v1.balance.retrieve()

    assert proxy.requests[0].startswith(b"CONNECT 127.0.0.1:%d" % server.port)
    assert b"Proxy-Authorization: Basic cGF0OnNAbWU=" in proxy.requests[0]
    assert b"sk_test" not in b"".join(proxy.requests)
    assert (proxy.lines, server.lines, len(server.requests)) == (1, 1, 3)
    assert b"Proxy-Authorization" not in server.requests[0]


def test_a_proxy_that_refuses_is_a_failed_connection(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    """As any other on the way."""
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    with serving(says(answer()), authority.tls()) as server, serving(tunnel(refusal)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.base)
        with pytest.raises(stripe.APIConnectionError):
            asking(secured(server)).v1.balance.retrieve()

    assert (server.lines, proxy.lines) == (0, 2)


def test_plain_http_goes_through_a_proxy_by_its_whole_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9112, section 3.2.2."""
    with serving(says(answer())) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base.removeprefix("http://"))
        asking("http://127.0.0.9:12111").v1.balance.retrieve()

    assert proxy.requests[0].startswith(b"GET http://127.0.0.9:12111/v1/balance HTTP/1.1\r\nHost: 127.0.0.9:12111\r\n")


@pytest.mark.parametrize("exception", ["127.0.0.1", "*", ".stripe.com, 127.0.0.1"])
def test_what_needs_no_proxy_is_asked_directly(exception: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``NO_PROXY`` says so."""
    with serving(says(answer())) as server, serving(says(answer())) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base)
        monkeypatch.setenv("NO_PROXY", exception)
        asking(server.base).v1.balance.retrieve()

    assert (server.lines, proxy.lines) == (1, 0)


def test_the_sandbox_is_never_asked_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is on this machine, whatever the environment says."""
    with serving(says(answer())) as server, serving(says(answer())) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base)
        settings = replace(load_settings({}, env_file=None), stripe_api_base=server.base)
        build_client(settings).v1.balance.retrieve()
        real = replace(settings, stripe_secret_key="sk_test_a1")
        build_client(real).v1.balance.retrieve()

    assert (server.lines, proxy.lines) == (1, 1)


@pytest.mark.parametrize("way", ["socks5://127.0.0.1:1080", "https://127.0.0.1:3128", "http://"])
def test_a_proxy_that_cannot_be_used_stops_the_start(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, and without its password: going around it would be no better than failing at each call."""
    monkeypatch.setenv("HTTPS_PROXY", way)
    with pytest.raises(SettingsError, match="HTTPS_PROXY: must be an address that begins with http://"):
        asking("https://api.stripe.com")
