"""Settings: read once, typed, and refused by name."""

from __future__ import annotations

from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest

from backend.config.env import SettingsError
from backend.config.settings import Settings, load_settings
from backend.domain.money import FeeRate
from backend.server import create_app
from tests.builders import PRODUCTION_ENVIRONMENT

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
