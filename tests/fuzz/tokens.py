"""Bearer tokens: valid ones of every role, and all that look like one."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fuzz.drafts import Dice, Name
from tests.fuzz.values import TEXTS, value
from tests.routes.sign_in import EC, RSA, SECRET, raw_token

AUDIENCE, ISSUER = "payments", "https://id.example/"
_ROLES = ["admin", "admin", "coach", "player"]
# So that no limit of one caller's is used up, each token is another person's.
_PEOPLE = 300
_PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _claims(number: int) -> dict[str, Any]:
    role = _ROLES[number % len(_ROLES)]
    subject = {"coach": f"coach-{number % 4}", "player": f"player-{number % 4}"}.get(role, f"ops-{number}")
    return {"sub": subject, "role": role, "aud": AUDIENCE, "iss": ISSUER, "exp": int(time.time()) + 86_400}


class Purse:
    """The tokens of a run. ``keys``: signed with published keys, else with the shared secret."""

    def __init__(self) -> None:
        people = [_claims(number) for number in range(_PEOPLE)]
        self._signed = {
            "secret": [jwt.encode(one, SECRET, "HS256") for one in people],
            # Signing with RSA takes long.
            "keys": [jwt.encode(one, EC, "ES256", {"kid": "ec"}) for one in people]
            + [jwt.encode(one, RSA, "RS256", {"kid": "rsa"}) for one in people[:40]],
        }

    def authorization(self, dice: Dice, target: str) -> Name | None:
        """The value of a header; None where nobody signs in."""
        kind = dice.weighed({"valid": 60, "none": 20, "odd": 20})
        if kind == "none":
            return None
        valid: str = dice.choice(self._signed[target])
        return f"Bearer {valid}" if kind == "valid" else self._odd(dice, target, valid)

    def _odd(self, dice: Dice, target: str, valid: str) -> Name:
        other = dice.choice(self._signed["keys" if target == "secret" else "secret"])
        at = dice.randrange(len(valid))
        made: list[Any] = [
            lambda: f"Bearer {_mixed(dice)}",
            lambda: f"Bearer {_mixed(dice)}",
            lambda: f"Bearer {_mixed(dice)}",
            lambda: f"Bearer {other}",
            lambda: f"Bearer {valid[:at]}{dice.choice('aA0-_.,= ')}{valid[at + 1 :]}",
            lambda: f"Bearer {valid[:at]}",
            lambda: f"Bearer {_with_header(dice, valid)}",
            lambda: f"bearer  {valid} ",
            lambda: f"Basic {base64.b64encode(valid.encode()).decode()}",
            lambda: f"Bearer {valid}, Bearer {valid}",
            lambda: f"Bearer {'a' * dice.choice([1, 8_000, 8_280])}",
            lambda: b"Bearer \xff\xfe." + valid.encode()[:20],
            lambda: f"Bearer {'.' * dice.randrange(6)}",
            lambda: dice.choice(TEXTS[:4]).encode()[:8_000].replace(b"\r", b"").replace(b"\n", b""),
        ]
        chosen: Name = dice.choice(made)()
        return chosen


_ALGORITHMS: list[Any] = [
    "none",
    "None",
    "HS256",
    "HS512",
    "RS256",
    "RS512",
    "ES256",
    "ES384",
    "PS256",
    "EdDSA",
    "",
    None,
    ["HS256"],
    7,
]
_KIDS: list[Any] = ["ec", "rsa", "oct", "none", "../../dev/null", "' OR 1", None, 7, ["ec"], "x" * 3_000]


def _mixed(dice: Dice) -> str:
    """An algorithm, a key and claims that may not belong together."""
    header: Any = {
        "alg": dice.choice(_ALGORITHMS),
        "kid": dice.choice(_KIDS),
        "typ": dice.choice(["JWT", "JWT", "at+jwt", "x", 7]),
    }
    if dice.often(20):
        header[dice.choice(["crit", "b64", "jwk", "jku", "x5u", "zip"])] = value(dice)
    claims: Any = _claims(dice.randrange(_PEOPLE))
    if dice.often(60):
        claims[dice.choice(["sub", "role", "exp", "nbf", "iat", "aud", "iss"])] = value(dice)
    if dice.often(8):
        header = dice.choice(["[" * 3_000, "null", "7", '"HS256"', "{", '{"alg":"HS256","x":NaN}'])
    key = dice.choice([SECRET.encode(), SECRET.encode(), _PEM, b"", None])
    return raw_token(header, _short(claims), key)


def _short(claims: Any) -> Any:
    """Claims that fit into a header; longer ones are refused before they are read."""
    return claims if len(json.dumps(claims)) < 5_000 else {**_claims(0), "sub": "x" * 600}


def _with_header(dice: Dice, valid: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": dice.choice(_ALGORITHMS), "kid": dice.choice(_KIDS)}).encode())
    return f"{header.rstrip(b'=').decode()}.{valid.partition('.')[2]}"
