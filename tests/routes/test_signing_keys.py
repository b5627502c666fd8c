"""Public keys that a sign-in service publishes: fetched once, kept through outages, and never a reason to hold anybody."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend.domain.access import NotSignedIn
from tests.routes.sign_in import (
    ADMIN,
    EC,
    RSA,
    Clock,
    KeyServer,
    Town,
    bearer,
    believing,
    key_server_at_work,
    public_key,
    raw_token,
    rs256_header,
    status_of,
    tokens_of,
)

OTHER = rsa.generate_private_key(65_537, 2048)
SHORT = rsa.generate_private_key(65_537, 1024)
P384 = ec.generate_private_key(ec.SECP384R1())
IDENTITY = {"aud": "shop", "iss": "https://id.example/"}


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (EC, "ES256")], ids=["RS256", "ES256"])
def test_published_keys_are_fetched_once(town: Town, issuer: KeyServer, key: Any, algorithm: str) -> None:
    """And not again for every token that names a key which nobody knows."""
    issuer.publish("known", key, algorithm)
    client = believing(town, issuer)

    for kid, status in (("known", 200), ("known", 200), ("unknown", 401), ("unknown", 401), ("known", 200)):
        assert status_of(town, client, key=key, algorithm=algorithm, kid=kid) == status
    assert issuer.asked == 1


def test_keys_may_be_rotated(issuer: KeyServer) -> None:
    """A key that is not known yet is asked for, once enough time has gone by; the old one is not believed any more."""
    clock = Clock()
    tokens = tokens_of(issuer, clock)
    issuer.publish("first", RSA, "RS256")
    assert tokens.caller(rs256_header("first")).may_everything

    issuer.publish("second", RSA, "RS256")
    with pytest.raises(NotSignedIn):
        tokens.caller(rs256_header("second"))
    clock.seconds += 31
    assert tokens.caller(rs256_header("second")).may_everything
    with pytest.raises(NotSignedIn):
        tokens.caller(rs256_header("first"))


def test_a_key_that_is_published_no_more_is_forgotten_while_it_is_in_use(issuer: KeyServer) -> None:
    """Five minutes later the keys are read again beside the requests, which do not wait for that."""
    clock = Clock()
    tokens = tokens_of(issuer, clock)
    issuer.publish("stolen", RSA, "RS256")
    assert tokens.caller(rs256_header("stolen")).may_everything
    issuer.publish("new", OTHER, "RS256")
    clock.seconds += 301

    tokens.caller(rs256_header("stolen"))  # the one that has them read again
    assert tokens.caller(rs256_header("new", OTHER)).may_everything
    with pytest.raises(NotSignedIn):
        tokens.caller(rs256_header("stolen"))


def test_a_public_key_is_no_secret_to_sign_with(town: Town, issuer: KeyServer) -> None:
    """The oldest trick: HS256, with the published key as its secret."""
    issuer.publish("k", RSA, "RS256")
    pem = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    forged = raw_token({"alg": "HS256", "typ": "JWT", "kid": "k"}, ADMIN, pem)

    answer = town.call(believing(town, issuer), "connect.read_account", {"Authorization": f"Bearer {forged}"})

    assert answer.status_code == 401


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256", "ES384", "PS256", "RS512", "EdDSA", "", None, 7, ["RS256"]])
@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_an_algorithm_that_is_not_the_keys_is_a_401(town: Town, issuer: KeyServer, kid: str, alg: Any) -> None:
    """The kind of the key says how it signs; what the token says has to be the same."""
    issuer.say({"keys": [public_key("rsa", RSA, "RS256"), public_key("ec", EC, "ES256")]})
    forged = raw_token({"alg": alg, "kid": kid}, ADMIN, b"x" * 32)
    client = believing(town, issuer)

    answer = town.call(client, "connect.read_account", {"Authorization": f"Bearer {forged}"})

    assert answer.status_code == 401
    assert status_of(town, client, kid="rsa") == 200
    assert status_of(town, client, key=EC, algorithm="ES256", kid="ec") == 200


def test_a_signature_of_one_kind_under_a_key_of_the_other_is_a_401(town: Town, issuer: KeyServer) -> None:
    """Signed well, by a key that the issuer has, under the name of another of its keys."""
    issuer.say({"keys": [public_key("rsa", RSA, "RS256"), public_key("ec", EC, "ES256")]})
    client = believing(town, issuer)

    assert status_of(town, client, kid="ec") == 401
    assert status_of(town, client, key=EC, algorithm="ES256", kid="rsa") == 401
    assert status_of(town, client, algorithm="RS512", kid="rsa") == 401
    assert status_of(town, client, algorithm="PS256", kid="rsa") == 401


@pytest.mark.parametrize("kid", [None, "", 7, True, [], ["k"], {"k": 1}, "k" * 7_000, "k\x00", "../k", "\ud83d\ude00"])
def test_a_kid_of_another_form_is_a_401(town: Town, issuer: KeyServer, kid: Any) -> None:
    """And the issuer is asked at most once for all of them."""
    issuer.publish("k", RSA, "RS256")
    client = believing(town, issuer)
    forged = {"Authorization": f"Bearer {raw_token({'alg': 'RS256', 'kid': kid}, ADMIN)}"}

    assert [town.call(client, "connect.read_account", forged).status_code for _ in range(3)] == [401] * 3
    assert issuer.asked <= 1


RSA_KEY = public_key("k", RSA, "RS256")
NO_KEYS: dict[str, tuple[Any, int, dict[str, str]]] = {
    "a page": ("<!doctype html><title>Welcome</title>", 200, {}),
    "nothing": ("", 200, {}),
    "an error": ({"keys": [RSA_KEY]}, 500, {}),
    "gone": ({"keys": [RSA_KEY]}, 404, {}),
    "too many": ({"keys": [RSA_KEY]}, 429, {}),
    "deep": ("[" * 100_000, 200, {}),
    "deep and whole": ('{"keys":' + "[" * 30_000 + "]" * 30_000 + "}", 200, {}),
    "a list": ([RSA_KEY], 200, {}),
    "a text": ('"keys"', 200, {}),
    "null": ("null", 200, {}),
    "no number": ("NaN", 200, {}),
    "a number of many digits": ('{"keys":' + "9" * 5_000 + "}", 200, {}),
    "no keys": ({}, 200, {}),
    "keys null": ({"keys": None}, 200, {}),
    "keys an object": ({"keys": {"k": RSA_KEY}}, 200, {}),
    "an empty list": ({"keys": []}, 200, {}),
    "keys of other forms": ({"keys": [None, 7, "k", [], {}, [RSA_KEY], {"kid": "k"}]}, 200, {}),
    "bytes": (b"\xff\xfe\x00", 200, {}),
    "megabytes": ('{"keys":[' + " " * 3_000_000 + "]}", 200, {}),
    "megabytes of keys": (json.dumps({"keys": [RSA_KEY] * 5_000}), 200, {}),
}


@pytest.mark.parametrize(("document", "status", "headers"), NO_KEYS.values(), ids=NO_KEYS)
def test_an_issuer_that_answers_anything_else_is_a_503(
    town: Town, issuer: KeyServer, document: Any, status: int, headers: dict[str, str]
) -> None:
    """Not the token's fault and no bug: to be tried again. It is asked once, not for every token."""
    issuer.say(document, status, **headers)
    client = believing(town, issuer)

    assert [status_of(town, client, kid=kid) for kid in ("k", "k", "l", "m")] == [503] * 4
    assert issuer.asked == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(town: Town, issuer: KeyServer, status: int) -> None:
    """The keys of another address are not taken: whoever answers there would decide who is signed in."""
    with key_server_at_work() as elsewhere:
        elsewhere.publish("k", RSA, "RS256")
        issuer.say("", status, Location=elsewhere.address)

        assert status_of(town, believing(town, issuer), kid="k") == 503
        assert elsewhere.asked == 0


def _changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**RSA_KEY, **changes}.items() if value is not None}


USELESS_KEYS: dict[str, dict[str, Any]] = {
    "no modulus": _changed(n=None),
    "a modulus that is no text": _changed(n=7),
    "a modulus that is no base64": _changed(n="%%%"),
    "an even exponent": _changed(e="Ag"),
    "an exponent of one": _changed(e="AQ"),
    "a modulus of nothing": _changed(n=""),
    "a modulus without end": _changed(n="f" * 60_000),
    "a short key": public_key("k", SHORT, "RS256"),
    "for encryption": _changed(use="enc"),
    "not for verifying": _changed(use=None, key_ops=["encrypt"]),
    "another algorithm": _changed(alg="RS512"),
    "an algorithm that is no text": _changed(alg=7),
    "another kind": _changed(kty="EC"),
    "an unknown kind": _changed(kty="OKP2"),
    "a kind that is no text": _changed(kty=["RSA"]),
    "a secret": {"kty": "oct", "kid": "k", "k": base64.urlsafe_b64encode(b"s" * 32).decode(), "alg": "HS256"},
    "another curve": public_key("k", P384, "ES384"),
    "a point that is on no curve": {"kty": "EC", "kid": "k", "crv": "P-256", "x": "AQ", "y": "AQ", "alg": "ES256"},
    "no name": _changed(kid=None),
    "a name that is no text": _changed(kid=7),
    "a name that is a list": _changed(kid=["k"]),
    "a private key": json.loads(jwt.get_algorithm_by_name("RS256").to_jwk(RSA)) | {"kid": "k", "alg": "RS256"},
}


@pytest.mark.parametrize("useless", USELESS_KEYS.values(), ids=USELESS_KEYS)
def test_a_key_that_cannot_be_used_takes_nothing_from_the_others(
    town: Town, issuer: KeyServer, useless: dict[str, Any]
) -> None:
    """It is passed over; alone, it is as if there were none."""
    issuer.say({"keys": [useless, public_key("good", RSA, "RS256")]})
    client = believing(town, issuer)

    assert status_of(town, client, kid="good") == 200
    assert status_of(town, client, kid="k") == 401
    forged = raw_token({"alg": "HS256", "kid": "k"}, ADMIN, b"s" * 32)
    assert town.call(client, "connect.read_account", {"Authorization": f"Bearer {forged}"}).status_code == 401
    issuer.say({"keys": [useless]})
    assert status_of(town, believing(town, issuer), kid="good") == 503


def test_a_token_for_another_app_of_the_same_issuer_is_a_401(town: Town, issuer: KeyServer) -> None:
    """The issuer's keys sign for all its apps; audience and issuer say whose."""
    issuer.publish("k", RSA, "RS256")
    client = town.backend(jwt_secret="", jwks_url=issuer.address, audience=IDENTITY["aud"], issuer=IDENTITY["iss"])

    def status(**claims: Any) -> int:
        headers = bearer({**ADMIN, **claims}, key=RSA, algorithm="RS256", kid="k")
        return int(town.call(client, "connect.read_account", headers).status_code)

    assert status(**IDENTITY) == 200
    assert status() == 401
    assert status(aud="shop") == 401
    assert status(iss="https://id.example/") == 401
    assert status(**{**IDENTITY, "aud": "another-app"}) == 401
    assert status(**{**IDENTITY, "iss": "https://id.example"}) == 401


def test_nothing_that_a_token_names_is_ever_asked(town: Town, issuer: KeyServer) -> None:
    """``jku`` and ``x5u`` are addresses; the keys come from the configured one alone."""
    with key_server_at_work() as evil:
        evil.publish("k", OTHER, "RS256")
        issuer.publish("k", RSA, "RS256")
        client = believing(town, issuer)

        for name in ("jku", "x5u"):
            assert status_of(town, client, key=OTHER, kid="k", **{name: evil.address}) == 401
        own = public_key("k", OTHER, "RS256")
        assert status_of(town, client, key=OTHER, kid="k", jwk=own) == 401
        assert evil.asked == 0
