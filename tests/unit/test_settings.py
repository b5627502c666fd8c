"""Settings: read once, typed, and refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.config.settings import Settings, SettingsError, load_settings
from tests.builders import PRODUCTION_ENVIRONMENT


def load(**given: str) -> Settings:
    """Settings from exactly these variables."""
    return load_settings(given, env_file=None)


def test_nothing_given_is_the_sandbox_in_development() -> None:
    """A fresh clone."""
    settings = load()

    assert settings.uses_sandbox
    assert (settings.host, settings.port, settings.app_env) == ("127.0.0.1", 3001, "development")
    assert settings.stripe_api_base == "http://127.0.0.1:3002"
    assert settings.fee_rate.percent == "10"
    assert settings.rate_limit == "500 per 15 minutes"


def test_production_has_its_own_defaults() -> None:
    """HTTPS, and a tighter limit."""
    settings = load(**PRODUCTION_ENVIRONMENT)

    assert settings.force_https
    assert settings.rate_limit == "100 per 15 minutes"
    assert not settings.uses_sandbox


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
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("APP_ENV", "staging"),
        ("APP_URL", "javascript:alert(1)"),
        ("APP_URL", "https://a.example/?x=1"),
        ("PLATFORM_FEE_PERCENTAGE", "110"),
        ("DEFAULT_CURRENCY", "kwd"),
        ("CATALOGUE_PATH", "no-such-file.toml"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://.*[.]example.com"),
        ("RATELIMIT_ENABLED", "yes"),
        ("TRUSTED_PROXIES", "-1"),
        ("FORCE_HTTPS", "1"),
        ("AUTH_MODE", "on"),
        ("AUTH_MODE", "required"),
        ("WEB_CONCURRENCY", "0"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_not_repeated(name: str, value: str) -> None:
    """A log must not hold a mistyped secret."""
    with pytest.raises(SettingsError) as refusal:
        load(**{name: value})

    assert refusal.value.name == name
    assert str(refusal.value).startswith(f"{name}: ")
    if name.startswith("STRIPE"):
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


def test_secrets_can_be_rolled() -> None:
    """Old and new, separated by a comma."""
    settings = load(STRIPE_WEBHOOK_SECRET="whsec_old, whsec_new")

    assert settings.stripe_webhook_secrets == ("whsec_old", "whsec_new")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """And empty values of the file count as not given."""
    env_file = tmp_path / ".env"
    env_file.write_text("PORT=4000\nHOST=0.0.0.0\nAPP_URL=\n")

    settings = load_settings({"PORT": "5000"}, env_file=env_file)

    assert (settings.port, settings.host, settings.app_url) == (5000, "0.0.0.0", "http://localhost:5000")


def test_settings_do_not_show_their_secrets() -> None:
    """A stray print or traceback gives nothing away."""
    shown = repr(load(STRIPE_SECRET_KEY="sk_test_hidden", STRIPE_WEBHOOK_SECRET="whsec_hidden"))

    assert "hidden" not in shown


def test_settings_cannot_be_changed() -> None:
    """Frozen."""
    settings: Any = load()

    with pytest.raises(AttributeError):
        settings.port = 1
