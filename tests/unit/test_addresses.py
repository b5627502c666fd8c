"""Addresses to which a coach may come back: the app's own and its front ends', and nothing that only looks so."""

from __future__ import annotations

import pytest

from backend.domain.addresses import AllowedAddresses, origin_of

ALLOWED = AllowedAddresses.of("https://api.example.com", ["https://app.example.com", "capacitor://localhost"])
# Below a path of its own, on a server that others share; and a machine of a developer's.
SHARED = AllowedAddresses.of("https://shared.example.com/pay", ["http://localhost:5173"])

GOOD = [
    "https://api.example.com",
    "https://api.example.com/",
    "https://api.example.com:443/coach/earnings?tab=payouts#top",
    "https://app.example.com/coach?email=a@example.com&next=/a/b",
    "HTTPS://App.Example.com/coach",
    "https://app.example.com/%E2%9C%93?done=%2Fcoach",
]

# Each is read by some server, browser or library as an address of another host than it seems to have.
TRICKS = [
    "https://evil.com",
    "//evil.com",
    "///evil.com",
    "////evil.com/",
    "/\\evil.com",
    "\\\\evil.com",
    "/coach/earnings",
    "https:evil.com",
    "https:/evil.com",
    "https:///evil.com",
    "https:\\\\evil.com",
    "http://app.example.com/",
    "https://app.example.com@evil.com/",
    "https://app.example.com:443@evil.com/",
    "https://user:word@app.example.com/",
    "https://@app.example.com/",
    "https://evil.com\\@app.example.com/",
    "https://app.example.com\\.evil.com/",
    "https://app.example.com\\@evil.com/",
    "https://app.example.com.evil.com/",
    "https://app.example.com./",
    "https://app.example.com%2eevil.com/",
    "https://app.example.com%00.evil.com/",
    "https://app.example.com%2f@evil.com/",
    "https://app.example.comevil.com/",
    "https://evilapp.example.com/",
    "https://evil.com/https://app.example.com/",
    "https://evil.com?https://app.example.com/",
    "https://evil.com#https://app.example.com/",
    "https://app.example.com?@evil.com/",
    "https://app.example.com#@evil.com/",
    "https://app.example.com;evil.com/",
    "https://app.example.com,evil.com/",
    "https://app.example.com:8443/",
    "https://app.example.com:0443/",
    "https://app.example.com:99999/",
    "https://app.example.com:/",
    "https://app.example.com: 443/",
    "https://app.example.com//evil.com",
    "https://app.example.com/..//evil.com",
    "https://app.example.com/%2e%2e/evil",
    "https://app.example.com/%2Fevil.com",
    "https://app.example.com/%5cevil.com",
    "https://app.example.com/\r\nLocation: https://evil.com",
    "https://app.example.com/%0d%0aLocation:%20https://evil.com",
    "https://app.example.com/\tevil",
    " https://app.example.com/",
    "https://app.example.com/ ",
    "ht\ntps://app.example.com/",
    "https://\u0430pp.example.com/",
    "https://app.example\u3002com/",
    "https://app\uff0eexample.com/",
    "https://app.example.com\u2044@evil.com/",
    "https://xn--pp-6kc.example.com/",
    "javascript:alert(1)//https://app.example.com/",
    "javascript://app.example.com/%0aalert(1)",
    "data:text/html,https://app.example.com/",
    "capacitor://localhost/",
    "ftp://app.example.com/",
    "https://[::1]/",
    "https://2130706433/",
    "https://127.1/",
    "https://*/",
    "https://",
    "",
    "null",
    "https://app.example.com/" + "a" * 2_000,
]


@pytest.mark.parametrize("address", GOOD)
def test_an_address_of_ours_is_allowed(address: str) -> None:
    """With path, query and fragment, and in any spelling of the host that means the same."""
    assert ALLOWED.allow(address)


@pytest.mark.parametrize("address", TRICKS, ids=ascii)
def test_what_leads_elsewhere_in_any_readers_eyes_is_not(address: str) -> None:
    """Nothing is repaired: one plain form is right."""
    assert not ALLOWED.allow(address)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://shared.example.com/pay", True),
        ("https://shared.example.com/pay/coach/earnings", True),
        ("https://shared.example.com/payers/", False),
        ("https://shared.example.com/", False),
        ("https://shared.example.com", False),
        ("https://shared.example.com/pay/../evil", False),
        ("https://shared.example.com/pay/./x", False),
        ("https://shared.example.com/pay/..", False),
        ("http://localhost:5173/coach", True),
        ("http://localhost/coach", False),
        ("http://localhost:5174/coach", False),
    ],
)
def test_an_app_with_a_path_has_only_what_is_below_it(address: str, allowed: bool) -> None:
    """The rest of the server is somebody else's."""
    assert SHARED.allow(address) is allowed


@pytest.mark.parametrize(
    "text", ["https://a.example/", "https://a.example?", "a.example", "https://a..b", "null", "*", ""]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    """A scheme, a host, and perhaps a port."""
    with pytest.raises(ValueError, match="origin"):
        origin_of(text)
