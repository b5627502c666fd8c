"""Web addresses that Stripe may send a coach to: those of the app itself and of its front ends, read strictly. Pure.

Servers and browsers read odd addresses in different ways, and whoever finds a difference sends people elsewhere. So an
address has one plain form here, and what has another form is refused, not repaired.
https://cheatsheetseries.owasp.org/cheatsheets/Unvalidated_Redirects_and_Forwards_Cheat_Sheet.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

# As long as browsers open.
MOST_CHARACTERS = 2_000
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_ORIGIN = r"(?P<scheme>[A-Za-z][A-Za-z0-9.-]*)://(?P<host>[A-Za-z0-9][A-Za-z0-9.-]*)(?::(?P<port>[1-9][0-9]{0,4}))?"
# No user name, no backslash, nothing that is not ASCII; a query or a fragment comes after a path.
_ESCAPED = r"%[0-9A-Fa-f]{2}"
_REST = rf"(?P<path>/(?:[A-Za-z0-9._~!$&'()*+,;=:/-]|{_ESCAPED})*)"
_REST += rf"(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|{_ESCAPED})*)?(?:#(?:[A-Za-z0-9._~!$&'()*+,;=:/?-]|{_ESCAPED})*)?"
_ADDRESS = re.compile(rf"{_ORIGIN}(?:{_REST})?", re.ASCII)
_ONLY_ORIGIN = re.compile(_ORIGIN, re.ASCII)
# What some reader takes for "up", "here" or another server, or ends the text at.
_TRAPS = re.compile(r"//|/\.{1,2}(?:/|\Z)|%(?:2e|2f|5c|00|0a|0d|09)", re.IGNORECASE)


def origin_of(text: str) -> str:
    """The origin as a browser sends it: lower case, without the scheme's default port. Raises ``ValueError``."""
    match = _ONLY_ORIGIN.fullmatch(text)
    if match is None:
        raise ValueError("is not an origin")
    return _origin(match)


def _origin(match: re.Match[str]) -> str:
    scheme, host, port = match["scheme"].lower(), match["host"].lower(), match["port"]
    if host.endswith(".") or ".." in host or int(port or 1) > 65_535:
        raise ValueError("is not an origin")
    return f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS.get(scheme) else "")


@dataclass(frozen=True)
class AllowedAddresses:
    """The pages that a coach may be brought back to. ``app_url``: those below it; ``origins``: all of theirs."""

    app_url: str
    origins: frozenset[str]

    @classmethod
    def of(cls, app_url: str, origins: Iterable[str]) -> AllowedAddresses:
        """The app's own address and the origins of its front ends."""
        return cls(app_url, frozenset(origins))

    def allow(self, text: str) -> bool:
        """True if the text is a web address, in its plain form, of the app or of one of its front ends."""
        match = _ADDRESS.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
        if match is None or match["scheme"].lower() not in _DEFAULT_PORTS:
            return False
        path = match["path"] or "/"
        if _TRAPS.search(path):
            return False
        try:
            origin = _origin(match)
        except ValueError:
            return False
        return origin in self.origins or self._is_own(origin, path)

    def _is_own(self, origin: str, path: str) -> bool:
        """True below the app's own address, which may have a path of its own on a server that is shared."""
        own = _ADDRESS.fullmatch(self.app_url)
        if own is None or _origin(own) != origin:
            return False
        base = (own["path"] or "").rstrip("/")
        return path == base or path.startswith(f"{base}/")
