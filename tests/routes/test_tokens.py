"""A token's claims are not believed for being signed; and its form is checked before that."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.config.settings import load_settings
from backend.domain.access import NotSignedIn
from backend.http.tokens import Tokens
from tests.routes.sign_in import ADMIN, PLAYER, SECRET, Town, bearer, raw_token

HS256 = {"alg": "HS256", "typ": "JWT"}


def status_of(town: Town, token: str) -> int:
    """The status of an account's answer with this token."""
    answer = town.call(town.backend(), "connect.read_account", {"Authorization": f"Bearer {token}"})
    return int(answer.status_code)


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"aud": "shop", "iss": "https://id.example/"}, 200),
        ({"aud": ["other", "shop"], "iss": "https://id.example/"}, 200),
        ({"aud": "other", "iss": "https://id.example/"}, 401),
        ({"iss": "https://id.example/"}, 401),
        ({"aud": "shop", "iss": "https://evil.example/"}, 401),
        ({"aud": "shop"}, 401),
        ({"aud": "shop", "iss": ["https://id.example/"]}, 401),
        ({"aud": {"shop": True}, "iss": "https://id.example/"}, 401),
        ({"aud": [["shop"]], "iss": "https://id.example/"}, 401),
        ({"aud": [7, "shop"], "iss": "https://id.example/"}, 401),
        ({"aud": None, "iss": None}, 401),
    ],
)
def test_a_token_for_or_from_somebody_else_is_not_valid(town: Town, claims: dict[str, Any], status: int) -> None:
    """A token of another audience or issuer is a 401 once these are configured."""
    client = town.backend(audience="shop", issuer="https://id.example/")

    headers = {"Authorization": f"Bearer {raw_token(HS256, {**ADMIN, **claims})}"}

    assert town.call(client, "payments.refund", headers).status_code == status


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("role", {"role": "admin"}),
        ("role", {"role": ["player", "admin"]}),
        ("app_metadata.role", {"app_metadata": {"role": "admin"}}),
        ("https://shop.example/role", {"https://shop.example/role": ["admin"]}),
    ],
)
def test_the_role_is_where_it_is_configured_to_be(town: Town, path: str, claims: dict[str, Any]) -> None:
    """As Supabase, Auth0 and Firebase have it."""
    client = town.backend(role_claim=path)

    assert town.call(client, "connect.read_account", bearer({"sub": "ops", **claims})).status_code == 200


@pytest.mark.parametrize("role", [None, "authenticated", "ADMIN", "", [], ["root"], ["ADMIN", "x"]])
def test_who_has_no_role_that_is_known_is_a_player(town: Town, role: Any) -> None:
    """The least of the three."""
    headers = bearer({"sub": PLAYER, "role": role})

    assert town.call(town.backend(), "payments.read_intent", headers).status_code == 200
    assert town.call(town.backend(), "connect.read_account", headers).status_code == 403


@pytest.mark.parametrize("role", [7, True, {"admin": True}, [{"name": "admin"}], ["admin", 7], [["admin"]]])
def test_a_role_of_another_form_is_no_role(town: Town, role: Any) -> None:
    """It is the sign of a claim that was configured wrongly; an admin in the list makes it no better."""
    assert status_of(town, raw_token(HS256, {"sub": "ops", "role": role})) == 401


ODD_CLAIMS: dict[str, Any] = {
    "expiry as text": {"exp": "9999999999"},
    "expiry as a boolean": {"exp": True},
    "expiry as nothing": {"exp": None},
    "expiry as a list": {"exp": [9_999_999_999]},
    "expiry as an object": {"exp": {"at": 9_999_999_999}},
    "expiry is not a number": {"exp": float("nan")},
    "expiry never": {"exp": float("inf")},
    "expiry long ago": {"exp": float("-inf")},
    "expiry in milliseconds": {"exp": 9_999_999_999_999},
    "expiry of a thousand digits": {"exp": 10**1_000},
    "expiry before time": {"exp": -1},
    "not before as text": {"nbf": "1"},
    "not before never": {"nbf": float("-inf")},
    "not before as a boolean": {"nbf": True},
    "issued as a boolean": {"iat": True},
    "issued as text": {"iat": "1"},
    "issued never": {"iat": float("nan")},
    "issued tomorrow": {"iat": 4_000_000_000},
    "subject a number": {"sub": 7},
    "subject a list": {"sub": ["coach-1"]},
    "subject an object": {"sub": {"id": "coach-1"}},
    "subject nothing": {"sub": None},
    "subject true": {"sub": True},
    "subject empty": {"sub": ""},
    "subject blank": {"sub": "   "},
    "subject too long": {"sub": "x" * 501},
    "subject with a line": {"sub": "ops\nadmin"},
    "subject with a null": {"sub": "ops\x00"},
    "subject right to left": {"sub": "ops\u202e"},
    "subject with a mark that nobody sees": {"sub": "coach\u200e\u05d0"},
    "subject half a letter": {"sub": "ops\ud800"},
    "subject with spaces around it": {"sub": " coach-1"},
    "subject in another normal form": {"sub": "Jose\u0301"},
}


@pytest.mark.parametrize("claims", ODD_CLAIMS.values(), ids=ODD_CLAIMS)
def test_a_claim_of_another_form_is_a_401(town: Town, claims: dict[str, Any]) -> None:
    """Though the signature holds, and the bearer would be an admin."""
    assert status_of(town, raw_token(HS256, {**ADMIN, **claims})) == 401


def test_the_longest_subject_is_as_long_as_any_id(town: Town) -> None:
    """500 characters, in any script."""
    for subject in ("x" * 500, "\u05d3\u05e0\u05d4", "Jos\u00e9", "auth0|5f7c8ec7c33c6c004bbafe82"):
        assert status_of(town, raw_token(HS256, {**ADMIN, "sub": subject})) == 200


ODD_HEADERS: dict[str, Any] = {
    "alg none": {"alg": "none"},
    "alg None": {"alg": "None"},
    "alg empty": {"alg": ""},
    "alg null": {"alg": None},
    "alg a list": {"alg": ["HS256"]},
    "alg a number": {"alg": 256},
    "alg missing": {"typ": "JWT"},
    "alg in lower case": {"alg": "hs256"},
    "alg asymmetric": {"alg": "RS256"},
    "critical and unknown": {"alg": "HS256", "crit": ["exp-of-a-new-kind"], "exp-of-a-new-kind": 1},
    "critical and empty": {"alg": "HS256", "crit": []},
    "critical b64": {"alg": "HS256", "crit": ["b64"], "b64": True},
    "critical a text": {"alg": "HS256", "crit": "exp"},
    "unencoded": {"alg": "HS256", "b64": False},
    "a logout token": {"alg": "HS256", "typ": "logout+jwt"},
    "a proof of possession": {"alg": "HS256", "typ": "DPoP+JWT"},
    "a type that is none": {"alg": "HS256", "typ": 7},
    "a list": ["alg", "HS256"],
    "a text": '"HS256"',
    "a number": "7",
    "null": "null",
    "no JSON": "{",
    "deep": "[" * 5_000,
    "deep and whole": '{"alg":"HS256","x":' + "[" * 2_000 + "]" * 2_000 + "}",
    "not a number": '{"alg":"HS256","x":NaN}' * 2,
}


@pytest.mark.parametrize("header", ODD_HEADERS.values(), ids=ODD_HEADERS)
def test_a_header_of_another_form_is_a_401(town: Town, header: Any) -> None:
    """The algorithm is chosen here; what a token calls critical and is not known makes it another's."""
    assert status_of(town, raw_token(header, ADMIN)) == 401


ODD_BODIES = ['"ops"', "7", "null", "[]", "{", "", "[" * 5_000, '{"sub":"ops","exp":' + "9" * 5_000 + "}"]


@pytest.mark.parametrize("claims", ODD_BODIES)
def test_claims_that_are_no_object_are_a_401(town: Town, claims: str) -> None:
    """Whatever JSON, or none, is signed."""
    assert status_of(town, raw_token(HS256, claims)) == 401


@pytest.mark.parametrize("kind", ["JWT", "jwt", "at+jwt", "application/at+jwt", None])
def test_a_token_may_say_that_it_is_one(town: Town, kind: str | None) -> None:
    """RFC 9068 has a type of its own for tokens that are sent to an API."""
    header = {"alg": "HS256"} if kind is None else {"alg": "HS256", "typ": kind}

    assert status_of(town, raw_token(header, ADMIN)) == 200


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c", "kid"])
@pytest.mark.parametrize("value", ["https://evil.example/keys", {"kty": "oct", "k": "AAAA"}, 7, None, ["x"]])
def test_where_a_token_says_its_key_is_interests_nobody(town: Town, name: str, value: Any) -> None:
    """The key is the configured one: the same token is valid under it, and no other key makes it so."""
    header = {**HS256, name: value}

    if name != "kid" or isinstance(value, str):  # the library wants a kid to be text
        assert status_of(town, raw_token(header, ADMIN)) == 200
    assert status_of(town, raw_token(header, ADMIN, b"\x00" * 32)) == 401


def test_an_expiry_has_half_a_minute_of_grace(town: Town) -> None:
    """Clocks differ; not by more."""
    now = int(time.time())

    assert status_of(town, raw_token(HS256, {**ADMIN, "exp": now - 10})) == 200
    assert status_of(town, raw_token(HS256, {**ADMIN, "exp": now - 60})) == 401


def test_a_change_of_any_character_is_noticed() -> None:
    """No bit of a token is free, the last ones of its signature included."""
    tokens = Tokens(replace(load_settings({}, env_file=None).auth, mode="required", jwt_secret=SECRET))
    token = raw_token(HS256, ADMIN)
    assert tokens.caller(f"Bearer {token}").may_everything

    for place, there in enumerate(token):
        other = "A" if there != "A" else "B"
        with pytest.raises(NotSignedIn):
            tokens.caller(f"Bearer {token[:place]}{other}{token[place + 1 :]}")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
_CLAIM = st.sampled_from(["sub", "exp", "nbf", "iat", "aud", "iss", "jti", "role"])
_FIELD = st.sampled_from(["alg", "typ", "kid", "crit", "b64", "cty", "zip"])
READER = Tokens(replace(load_settings({}, env_file=None).auth, mode="required", jwt_secret=SECRET))


def read(header: str) -> None:
    """Read a header: it signs somebody in, or nobody."""
    try:
        caller = READER.caller(header)
    except NotSignedIn:
        return
    assert caller.subject


@settings(max_examples=400, deadline=None)
@given(header=st.dictionaries(_FIELD, _JSON, max_size=3), claims=st.dictionaries(_CLAIM, _JSON, max_size=4))
def test_whatever_is_signed_signs_somebody_in_or_nobody(header: dict[str, Any], claims: dict[str, Any]) -> None:
    """Any JSON in any claim and any header, under a signature that holds."""
    read(f"Bearer {raw_token({**HS256, **header}, {**ADMIN, **claims})}")


@settings(max_examples=400, deadline=None)
@given(text=st.text(max_size=200) | st.from_regex(r"[Bb]earer +[\w.=,-]{0,80}", fullmatch=True))
def test_whatever_is_sent_signs_nobody_in(text: str) -> None:
    """Any text."""
    with pytest.raises(NotSignedIn):
        READER.caller(text)
