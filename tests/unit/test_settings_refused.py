"""A wrong setting is refused by its name, and what production needs has to be there."""

from __future__ import annotations

import pytest

from backend.config.env import SettingsError
from tests.builders import PRODUCTION_ENVIRONMENT
from tests.unit.settings_given import load


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_SECRET_KEY", "pk_test_swapped"),
        ("STRIPE_SECRET_KEY", "sk_test_sp ace"),
        ("STRIPE_PUBLISHABLE_KEY", "sk_test_swapped"),
        ("STRIPE_WEBHOOK_SECRET", "secret"),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", "whsec_ok,oops"),
        ("STRIPE_API_BASE", "api.stripe.com"),
        ("STRIPE_API_BASE", "http://user:word@localhost"),
        ("STRIPE_API_BASE", "http://[canary"),
        ("STRIPE_API_BASE", "http://localhost:65536"),
        ("STRIPE_API_BASE", "http://localhost:0"),
        ("HOST", "a b"),
        ("PORT", "３００１"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("APP_ENV", "staging"),
        ("APP_URL", "javascript:alert(1)"),
        ("APP_URL", "https://a.example/?x=1"),
        ("APP_URL", "https://a.example/#top"),
        ("APP_URL", "https://exa mple.com"),
        ("APP_URL", "https://can\uff0fary.example"),
        ("APP_URL", "https://a.example/\x1b[31m"),
        ("PLATFORM_FEE_PERCENTAGE", "110"),
        ("PLATFORM_FEE_PERCENTAGE", "ten"),
        ("DEFAULT_CURRENCY", "dollar"),
        ("DEFAULT_CURRENCY", "kwd"),
        ("CATALOGUE_PATH", "no-such-file.toml"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://.*[.]example.com"),
        ("ALLOWED_ORIGINS", "https://a.example/"),
        ("ALLOWED_ORIGINS", "capacitor://"),
        ("ALLOWED_ORIGINS", "https://a.example:65536"),
        ("ALLOWED_ORIGINS", "null"),
        ("ALLOWED_HEADERS", "*"),
        ("ALLOWED_HEADERS", "X-A\r\nX-B"),
        ("ALLOWED_HEADERS", "X-.*"),
        ("ALLOW_TEST_KEYS", "yes"),
        ("RATELIMIT_ENABLED", "yes"),
        ("RATELIMIT_STORAGE_URI", "localhost"),
        ("TRUSTED_PROXIES", "-1"),
        ("FORCE_HTTPS", "1"),
        ("AUTH_MODE", "on"),
        ("AUTH_MODE", "required"),
        ("AUTH_MODE", "optional"),
        ("AUTH_JWT_SECRET", "short"),
        ("AUTH_JWKS_URL", "http://id.example.com/keys"),
        ("AUTH_JWKS_URL", "https://user@id.example.com/keys"),
        ("AUTH_JWKS_URL", "https://user:word@id.example.com/keys"),
        ("AUTH_JWKS_URL", "https://id.example.com@evil.example/keys"),
        ("AUTH_JWKS_URL", "https://id.example.com\\@evil.example/keys"),
        ("AUTH_JWKS_URL", "https://id.example.com?@evil.example/keys"),
        ("AUTH_JWKS_URL", "https://id.example.com#@evil.example/keys"),
        ("AUTH_JWKS_URL", "https:/id@example.com/keys"),
        ("AUTH_JWKS_URL", "file:///etc/keys@home"),
        ("APP_NAME", "x" * 41),
        ("APP_NAME", "Clip\x07Coach"),
        ("WEB_CONCURRENCY", "0"),
        ("MACHINES", "0"),
        ("STRIPE_RATE", "0"),
        ("STRIPE_RATE", "0.5"),
        ("STRIPE_RATE", "none"),
        ("STRIPE_RATE", "100000"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_not_repeated(name: str, value: str) -> None:
    """A log must not hold a mistyped secret."""
    with pytest.raises(SettingsError) as refusal:
        load(**{name: value})

    assert refusal.value.name == name
    assert str(refusal.value).startswith(f"{name}: ")
    if name.startswith(("STRIPE", "APP_URL")):
        assert value not in str(refusal.value)


@pytest.mark.parametrize(
    "name", ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "APP_URL", "AUTH_MODE", "ALLOW_TEST_KEYS"]
)
def test_production_does_not_start_without(name: str) -> None:
    """Each by its name; test keys only when allowed."""
    given = {key: value for key, value in PRODUCTION_ENVIRONMENT.items() if key != name}

    with pytest.raises(SettingsError) as refusal:
        load(**given)

    assert name in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRIPE_SECRET_KEY", "sk_test_your_key_here"),
        ("STRIPE_SECRET_KEY", "rk_test_xxxxxxxx"),
        ("STRIPE_SECRET_KEY", "sk_test_placeholder"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_example"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_sandbox"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_a1,whsec_xxx"),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", "whsec_sandbox_connect"),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", "whsec_changeme"),
    ],
)
def test_production_does_not_start_on_a_placeholder(name: str, value: str) -> None:
    """Whoever has this repository could sign webhooks with the sandbox's secrets."""
    with pytest.raises(SettingsError, match=f"{name}: is a placeholder"):
        load(**{**PRODUCTION_ENVIRONMENT, name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_URL", "http://api.example.com"),
        ("STRIPE_API_BASE", "http://api.example.com"),
        ("STRIPE_API_BASE", "http://127.0.0.1.example.com"),
    ],
)
def test_production_speaks_https_with_the_world(name: str, value: str) -> None:
    """Keys, links and names do not travel in the open."""
    with pytest.raises(SettingsError, match=f"{name}: must begin with https://"):
        load(**{**PRODUCTION_ENVIRONMENT, name: value})


def test_production_may_speak_http_with_its_own_machine() -> None:
    """A proxy beside it, say."""
    assert load(**PRODUCTION_ENVIRONMENT, STRIPE_API_BASE="http://127.0.0.1:12111").stripe_api_base


def test_a_live_key_does_not_start_development() -> None:
    """Real cards would be charged from a laptop."""
    with pytest.raises(SettingsError, match="live key"):
        load(STRIPE_SECRET_KEY="sk_live_x")


def test_keys_of_two_modes_do_not_mix() -> None:
    """The front end would pay with one what the backend made with the other."""
    with pytest.raises(SettingsError, match="STRIPE_PUBLISHABLE_KEY"):
        load(STRIPE_SECRET_KEY="sk_test_x", STRIPE_PUBLISHABLE_KEY="pk_live_x")


def test_without_a_key_only_a_sandbox_on_this_machine_is_spoken_to() -> None:
    """Nothing is sent to a stranger under the sandbox's key."""
    with pytest.raises(SettingsError, match="STRIPE_SECRET_KEY"):
        load(STRIPE_API_BASE="https://stripe.example.com")
