"""Settings: read once, typed, and refused by name."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from backend.config.env import SettingsError
from backend.config.settings import load_settings
from backend.domain.money import FeeRate
from backend.server import create_app
from tests.builders import PRODUCTION_ENVIRONMENT
from tests.unit.settings_given import load

# Every variable of the contract.
VARIABLES = (
    "STRIPE_SECRET_KEY STRIPE_PUBLISHABLE_KEY STRIPE_WEBHOOK_SECRET STRIPE_CONNECT_WEBHOOK_SECRET STRIPE_API_BASE "
    "PORT HOST APP_ENV APP_URL PLATFORM_FEE_PERCENTAGE DEFAULT_CURRENCY CATALOGUE_PATH ALLOWED_ORIGINS ALLOWED_HEADERS "
    "RATELIMIT_STORAGE_URI RATELIMIT_ENABLED TRUSTED_PROXIES FORCE_HTTPS AUTH_MODE ALLOW_TEST_KEYS WEB_CONCURRENCY "
    "APP_NAME REFUND_TERMS MAX_IN_FLIGHT STRIPE_RATE MACHINES METRICS_TOKEN AUTH_JWT_SECRET AUTH_JWKS_URL "
    "AUTH_AUDIENCE AUTH_ISSUER AUTH_ROLE_CLAIM"
).split()


FIREBASE = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"


AB = ("https://a.example", "http://b.example:3000")


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
    ("name", "value", "setting", "expected"),
    [
        ("STRIPE_SECRET_KEY", "sk_test_a1", "stripe_secret_key", "sk_test_a1"),
        ("STRIPE_SECRET_KEY", "rk_test_a1", "stripe_secret_key", "rk_test_a1"),
        ("STRIPE_PUBLISHABLE_KEY", "pk_test_a1", "stripe_publishable_key", "pk_test_a1"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_a+/=", "stripe_webhook_secrets", ("whsec_a+/=",)),
        ("STRIPE_WEBHOOK_SECRET", " whsec_old , whsec_new,", "stripe_webhook_secrets", ("whsec_old", "whsec_new")),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", "whsec_a,whsec_b", "stripe_connect_webhook_secrets", ("whsec_a", "whsec_b")),
        ("STRIPE_API_BASE", "http://localhost:12111/", "stripe_api_base", "http://localhost:12111"),
        ("STRIPE_API_BASE", "http://[::1]:12111", "stripe_api_base", "http://[::1]:12111"),
        ("HOST", "0.0.0.0", "host", "0.0.0.0"),
        ("HOST", "::1", "host", "::1"),
        ("PORT", "1", "port", 1),
        ("PORT", "65535", "port", 65_535),
        ("APP_ENV", "testing", "app_env", "testing"),
        ("APP_URL", "https://pay.example.com/base/", "app_url", "https://pay.example.com/base"),
        ("APP_URL", "http://stripe_proxy:8080", "app_url", "http://stripe_proxy:8080"),
        ("PLATFORM_FEE_PERCENTAGE", "12.50", "fee_rate", FeeRate.from_percent("12.5")),
        ("PLATFORM_FEE_PERCENTAGE", "0", "fee_rate", FeeRate.from_percent("0")),
        ("ALLOWED_ORIGINS", "https://a.example, http://b.example:3000", "allowed_origins", AB),
        ("ALLOWED_ORIGINS", "https://A.example:443,http://b.example:3000", "allowed_origins", AB),
        ("ALLOWED_ORIGINS", "capacitor://localhost", "allowed_origins", ("capacitor://localhost",)),
        ("ALLOWED_HEADERS", "X-App-Version, X-Build", "allowed_headers", ("X-App-Version", "X-Build")),
        ("RATELIMIT_ENABLED", "false", "ratelimit_enabled", False),
        ("RATELIMIT_STORAGE_URI", "redis://:word@cache:6379/0", "ratelimit_storage_uri", "redis://:word@cache:6379/0"),
        ("TRUSTED_PROXIES", "2", "trusted_proxies", 2),
        ("FORCE_HTTPS", "true", "force_https", True),
        ("AUTH_MODE", "off", "auth.mode", "off"),
        ("AUTH_JWT_SECRET", "s" * 32, "auth.jwt_secret", "s" * 32),
        ("AUTH_JWKS_URL", "https://id.example.com/keys", "auth.jwks_url", "https://id.example.com/keys"),
        ("AUTH_JWKS_URL", "http://127.0.0.1:9/keys", "auth.jwks_url", "http://127.0.0.1:9/keys"),
        ("AUTH_JWKS_URL", FIREBASE, "auth.jwks_url", FIREBASE),
        ("AUTH_ROLE_CLAIM", "app_metadata.role", "auth.role_claim", "app_metadata.role"),
        ("APP_NAME", "Clip & Coach", "app_name", "Clip & Coach"),
        ("WEB_CONCURRENCY", "64", "web_concurrency", 64),
        ("MACHINES", "3", "machines", 3),
        ("STRIPE_RATE", "40", "stripe_rate", 40),
        ("STRIPE_RATE", "off", "stripe_rate", 0),
    ],
)
def test_a_right_value_is_taken(name: str, value: str, setting: str, expected: Any) -> None:
    """Typed, and white space around it does not count."""
    environ = {"STRIPE_SECRET_KEY": "sk_test_x", name: f" {value} "}
    if name == "APP_ENV":
        environ["STRIPE_WEBHOOK_SECRET"] = "whsec_x"

    assert attrgetter(setting)(load(**environ)) == expected


@pytest.mark.parametrize("name", VARIABLES)
def test_an_empty_value_means_not_set(name: str) -> None:
    """As in a copied example."""
    assert load(**{name: "  "}) == load()


@pytest.mark.parametrize("name", sorted(set(VARIABLES) - {"STRIPE_SECRET_KEY"}))
def test_a_key_pasted_into_the_wrong_variable_is_not_printed(name: str) -> None:
    """Refused by name, with the form that is accepted."""
    with pytest.raises(SettingsError) as refusal:
        load(**{name: "sk_live_CANARY CANARY"})

    assert refusal.value.name == name
    assert "must" in str(refusal.value) or name == "CATALOGUE_PATH"
    # The one value that is told: which file, by its name.
    assert "CANARY" not in str(refusal.value) or name == "CATALOGUE_PATH"


@pytest.mark.parametrize("app_env", ["production", "testing"])
def test_only_development_falls_back_on_the_sandbox(app_env: str) -> None:
    """Elsewhere a forgotten key is an error, not a play shop."""
    with pytest.raises(SettingsError, match=r"STRIPE_SECRET_KEY: is missing; it has the form sk_test_"):
        load(APP_ENV=app_env, AUTH_MODE="off")


def test_with_a_key_of_its_own_nothing_of_the_sandbox_is_believed() -> None:
    """Its webhook secrets are public."""
    settings = load(STRIPE_SECRET_KEY="sk_test_x")

    assert settings.stripe_webhook_secrets == settings.stripe_connect_webhook_secrets == ()
    assert settings.stripe_api_base is None
    assert settings.stripe_publishable_key == ""


def test_the_sandboxs_key_does_not_start_production() -> None:
    """Anybody can sign its events."""
    with pytest.raises(SettingsError, match="STRIPE_SECRET_KEY: the sandbox's key"):
        load(**{**PRODUCTION_ENVIRONMENT, "STRIPE_SECRET_KEY": "sk_test_sandbox"})


def test_a_live_key_starts_production_without_more_ado() -> None:
    """It needs no leave for test keys."""
    settings = load(**{**PRODUCTION_ENVIRONMENT, "STRIPE_SECRET_KEY": "rk_live_x", "ALLOW_TEST_KEYS": "false"})

    assert settings.live


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("prices = 5", "prices"),
        ("[packages]\n1 = {clips = 0, days = 1}", "packages.1.clips"),
        ("currency = ", "Invalid value"),
        ("\udcff", "utf-8"),
    ],
)
def test_a_wrong_catalogue_is_refused_by_variable_file_and_entry(tmp_path: Path, text: str, entry: str) -> None:
    """At start, not at the first purchase."""
    path = tmp_path / "mine.toml"
    path.write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(SettingsError, match=r"CATALOGUE_PATH: mine\.toml") as refusal:
        load(CATALOGUE_PATH=str(path))

    assert entry in str(refusal.value)


def test_a_catalogue_of_ones_own_is_read_in_the_currency_of_the_setting(tmp_path: Path) -> None:
    """Data, not code."""
    path = tmp_path / "mine.toml"
    path.write_text('currency = "cad"\n[packages]\n7 = {clips = 1, days = 2}\n[prices.chess]\n7 = 900\n')

    catalogue = load(CATALOGUE_PATH=str(path), DEFAULT_CURRENCY="EUR").catalogue

    assert catalogue.currency == "eur"
    assert [(o.sport, o.package_id, o.price) for o in catalogue.offers] == [("chess", 7, 900)]


def test_a_limiters_storage_without_its_driver_is_refused_by_name() -> None:
    """The refusal comes when the app is put together, by the variable's name."""
    with pytest.raises(SettingsError, match="RATELIMIT_STORAGE_URI"):
        create_app(load(RATELIMIT_STORAGE_URI="nosuch://localhost"))


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
