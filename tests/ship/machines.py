"""Real neighbours of the backend on loopback: a Redis, and an nginx with the example's own configuration."""

from __future__ import annotations

import datetime
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.processes import ROOT

_PATIENCE_SECONDS = 30


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        # Nothing tells another process that a port is open but trying it.
        threading.Event().wait(0.02)
    raise AssertionError(f"{process.args!r} ended with {process.returncode}")


@contextmanager
def _running(words: list[str], port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / f"{Path(words[0]).name}.log").open("ab") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
        try:
            _wait_for_port(port, process)
            yield process
        finally:
            process.kill() if process.poll() is None else None
            process.wait(_PATIENCE_SECONDS)


@contextmanager
def redis_server(port: int, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Redis that keeps nothing."""
    words = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with _running(words, port, folder) as process:
        yield process


@contextmanager
def nginx_server(instances: list[int], folder: Path, http: int, https: int) -> Iterator[subprocess.Popen[bytes]]:
    """An nginx with deploy/nginx.conf, in which only ports, paths and the name are others."""
    upstreams = {"127.0.0.1:3001": f"127.0.0.1:{instances[0]}", "127.0.0.1:3003": f"127.0.0.1:{instances[1]}"}
    text = (ROOT / "deploy/nginx.conf").read_text()
    with _nginx(text, {**upstreams, "/var/log/nginx/": f"{folder}/"}, folder, http, https) as process:
        yield process


@contextmanager
def nginx_beside_express(
    payments: int, express: int, folder: Path, http: int, https: int, change: Callable[[str], str] = str
) -> Iterator[subprocess.Popen[bytes]]:
    """An nginx with deploy/nginx-beside-express.conf. ``change``: what an operator makes of it first."""
    upstreams = {"127.0.0.1:3001": f"127.0.0.1:{payments}", "127.0.0.1:3000": f"127.0.0.1:{express}"}
    text = change((ROOT / "deploy/nginx-beside-express.conf").read_text())
    with _nginx(text, upstreams, folder, http, https) as process:
        yield process


@contextmanager
def _nginx(text: str, places: dict[str, str], folder: Path, http: int, https: int) -> Iterator[subprocess.Popen[bytes]]:
    for written, here in {
        **places,
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl;": f"listen 127.0.0.1:{https} ssl;",
        "api.example.com": "localhost",
        "/etc/nginx/": f"{folder}/",
        "http {\n": f"http {{\n    client_body_temp_path {folder}/body;\n    proxy_temp_path {folder}/proxy;\n",
    }.items():
        assert written in text, written
        text = text.replace(written, here)
    if os.geteuid() == 0:
        text = f"user root;\n{text}"  # the folder of a test is nobody else's
    (folder / "nginx.conf").write_text(text)
    words = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr", "-g", "daemon off;"]
    with _running(words, https, folder) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(_PATIENCE_SECONDS)


def make_certificate(folder: Path) -> Path:
    """A certificate for localhost, signed by itself, as nginx.conf names it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "key.pem").write_bytes(private)
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return path
