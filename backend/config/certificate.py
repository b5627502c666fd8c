"""The certificate that an address shows, judged as a browser does: by the machine's own list of whom to trust."""

from __future__ import annotations

import socket
import ssl
import time
from urllib.parse import urlsplit

_PATIENCE_SECONDS = 5


class NotTrusted(Exception):
    """Nobody whom this machine trusts vouches for the certificate, or it is another name's, or its time has passed."""


def days_left(address: str) -> int:
    """Whole days that the certificate of an https address is still valid. Raises ``NotTrusted``, ``OSError``."""
    parts = urlsplit(address)
    if parts.scheme != "https" or parts.hostname is None:
        raise NotTrusted("the address does not begin with https://")
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((parts.hostname, parts.port or 443), _PATIENCE_SECONDS) as line,
            context.wrap_socket(line, server_hostname=parts.hostname) as secured,
        ):
            certificate = secured.getpeercert() or {}
    except ssl.SSLCertVerificationError as error:
        raise NotTrusted(error.verify_message) from error
    return int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) // 86_400)
