"""Settings of the sign-in: no keys are believed without audience and issuer, and no published secret."""

from __future__ import annotations

import pytest

from backend.config.env import SettingsError
from tests.builders import PRODUCTION_ENVIRONMENT
from tests.unit.settings_given import load

KEYS = {"AUTH_JWKS_URL": "https://id.example.com/keys"}


IDENTITY = {"AUTH_AUDIENCE": "shop", "AUTH_ISSUER": "https://id.example.com/"}


@pytest.mark.parametrize("mode", ["optional", "required"])
@pytest.mark.parametrize("name", IDENTITY)
@pytest.mark.parametrize("app_env", ["development", "production", "testing"])
def test_an_issuers_keys_are_not_believed_without_audience_and_issuer(app_env: str, name: str, mode: str) -> None:
    """They sign for every app of the issuer, often for every tenant: any of them would have an admin here."""
    environ = {**PRODUCTION_ENVIRONMENT, "APP_ENV": app_env, "AUTH_MODE": mode, **KEYS, **IDENTITY}
    assert load(**environ).auth.jwks_url == KEYS["AUTH_JWKS_URL"]

    for missing in ("", "   "):
        with pytest.raises(SettingsError) as refusal:
            load(**{**environ, name: missing})
        assert refusal.value.name == name
        assert "AUTH_JWKS_URL" in str(refusal.value)


def test_without_both_of_them_one_is_named() -> None:
    """The first of the two; then the other."""
    with pytest.raises(SettingsError, match=r"\AAUTH_AUDIENCE: is required with AUTH_JWKS_URL"):
        load(AUTH_MODE="required", **KEYS)


def test_where_nobody_signs_in_nothing_is_required() -> None:
    """The keys are not read."""
    assert load(AUTH_MODE="off", **KEYS).auth.mode == "off"


@pytest.mark.parametrize(
    "secret", ["a-string-secret-at-least-256-bits-long", "super-secret-jwt-token-with-at-least-32-characters-long"]
)
def test_production_does_not_start_on_a_published_secret(secret: str) -> None:
    """Whoever read it there signs an admin's token. On a developer's machine it is what Supabase starts with."""
    signing = {"AUTH_MODE": "required", "AUTH_JWT_SECRET": secret}
    assert load(**signing).auth.jwt_secret == secret

    with pytest.raises(SettingsError, match=r"\AAUTH_JWT_SECRET: is a published example") as refusal:
        load(**{**PRODUCTION_ENVIRONMENT, **signing})
    assert secret not in str(refusal.value)
