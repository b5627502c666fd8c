"""Keeps the web out of the sandbox: any page that a developer visits can send requests to this machine.

A browser says where a request comes from, in Origin and Sec-Fetch-Site, and to which name, in Host. Programs (SDKs, curl,
tests) say nothing of the first two, and pass.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from werkzeug import Request, Response

from ..wire import http
from ..wire.errors import StripeError, invalid

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_API = ("/v1/", "/v2/")
# For pages that stand alone. Those that stand in a shop's frame have a policy of their own.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_IN_FRAMES = ("/elements/", "/3d_secure/")
_FOR_SHOPS = ("/v3/", "/static/")


class Guard:
    """Says which requests are refused, and which pages may read an answer.

    `hosts`: names beside this machine's own under which the sandbox is reached, as in a network of containers.
    """

    def __init__(self, hosts: Iterable[str] = ()) -> None:
        self._hosts = {host.lower() for host in hosts}

    def allow(self, host: str) -> None:
        """Answer under this name too."""
        self._hosts.add(host.lower())

    def refusal(self, request: Request) -> StripeError | None:
        """The reason why a request is not for the sandbox to answer; None when it is."""
        host = request.headers.get("Host")
        if host is not None and not self._is_ours(f"//{host}"):
            # A name that leads here today and led elsewhere yesterday: DNS rebinding.
            return _forbidden(f"The sandbox does not answer as {host}. If it should, start it with --allow-host.")
        is_api = request.path.startswith(_API)
        origin = request.headers.get("Origin")
        if is_api and origin is not None and not self._is_ours(origin):
            return _forbidden("This page is not on this machine, and may not call the sandbox.")
        if not is_api and request.method not in _READING and not _is_from_here(request, origin):
            return _forbidden("This request was sent by a page of another site.")
        if request.path.startswith("/_sandbox/") and request.get_data() and not request.is_json:
            # A page of another site can send forms and plain text without asking; JSON it has to ask for.
            return invalid("The control path takes JSON: send Content-Type: application/json.")
        return None

    def preflight(self, request: Request) -> Response:
        """The answer to a browser that asks whether a page may call: the API, from this machine's pages."""
        allowed = request.path.startswith(_API) and self.refusal(request) is None
        return Response(status=204 if allowed else 403, headers=http.CORS if allowed else {})

    @staticmethod
    def harden(request: Request, response: Response) -> Response:
        """Add the headers that keep other pages from framing or reading what is not meant for them."""
        path = request.path
        if path.startswith(_API):
            return response
        if path.startswith(_FOR_SHOPS) or path.endswith("/stripe.js"):
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response
        for name, value in _HEADERS.items():
            if name != "X-Frame-Options" or not path.startswith(_IN_FRAMES):
                response.headers.setdefault(name, value)
        return response

    def _is_ours(self, url: str) -> bool:
        """True if an address names this machine, or the sandbox by a name that it was given."""
        try:
            name = urlsplit(url).hostname or ""
        except ValueError:
            return False
        return name in self._hosts or is_loopback(name)


def is_loopback(host: str) -> bool:
    """True if a name or an address is this machine's own. Browsers never ask a name server for `*.localhost`."""
    try:
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_from_here(request: Request, origin: str | None) -> bool:
    """True if a page of the sandbox itself sent it, or no page at all."""
    try:
        same_host = origin is None or urlsplit(origin).netloc == request.host
    except ValueError:
        return False
    return same_host and request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


def _forbidden(message: str) -> StripeError:
    return StripeError(message, status=403)
