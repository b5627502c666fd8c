"""Settings: the only reader of the environment. Read once, typed, frozen; a wrong value fails by name."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from dotenv import dotenv_values

from backend.config.auth import AuthMode, AuthSettings, keys_url, refuse_unsafe_auth, shared_secret
from backend.config.env import Reader, SettingsError, with_secret_files
from backend.config.validators import (
    LOOPBACK,
    app_name_of,
    base_url,
    calls_per_second,
    declines_limit,
    earlier_names,
    header_names,
    is_placeholder,
    metrics_token,
    namespace_name,
    origins,
    refund_terms_of,
    sandbox_port,
    storage_uri,
    usual_rate,
)
from backend.domain.account_requests import WAYS, AccountTerms, capability_set
from backend.domain.catalogue import Catalogue, CatalogueError, parse_catalogue
from backend.domain.money import FeeRate, MoneyError, supported_currency
from backend.domain.namespace import Namespace

AppEnv = Literal["development", "production", "testing"]

DEFAULT_PORT = 3001
DEFAULT_CATALOGUE = Path(__file__).with_name("catalogue.toml")

# What the bundled sandbox is started with; of no use anywhere else.
SANDBOX_SECRET_KEY = "sk_test_sandbox"
SANDBOX_PUBLISHABLE_KEY = "pk_test_sandbox"
SANDBOX_WEBHOOK_SECRET = "whsec_sandbox"
SANDBOX_CONNECT_WEBHOOK_SECRET = "whsec_sandbox_connect"

_SECRET_KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9_]+", re.ASCII)
_IS_COMMAND = "FLASK_RUN_FROM_CLI"  # set by Flask
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+", re.ASCII)
_PUBLISHABLE_FORM = "pk_test_… or pk_live_…"
_PUBLISHABLE_KEY = re.compile(r"pk_(test|live)_[A-Za-z0-9_]+", re.ASCII)


@dataclass(frozen=True)
class WrittenTerms:
    """Percentage, catalogue and currency as they are written, for checks that must not share a mistake with the code
    that reads them.
    """

    fee_percent: str
    catalogue: Path
    currency: str


@dataclass(frozen=True)
class Settings:
    """Every setting of the backend. ``env.example`` explains each one."""

    stripe_secret_key: str = field(repr=False)
    stripe_publishable_key: str
    stripe_webhook_secrets: tuple[str, ...] = field(repr=False)
    stripe_connect_webhook_secrets: tuple[str, ...] = field(repr=False)
    stripe_api_base: str | None
    sandbox_state: Path | None
    host: str
    port: int
    app_env: AppEnv
    app_name: str
    app_url: str
    refund_terms: str
    namespace: Namespace
    account_terms: AccountTerms
    fraud_warnings: Literal["tell", "refund"]
    webhook_payload: Literal["snapshot", "thin"]
    fee_rate: FeeRate
    catalogue: Catalogue
    as_written: WrittenTerms
    allowed_origins: tuple[str, ...]
    allowed_headers: tuple[str, ...]
    ratelimit_enabled: bool
    ratelimit_storage_uri: str = field(repr=False)
    trusted_proxies: int
    force_https: bool
    auth: AuthSettings
    web_concurrency: int
    max_in_flight: int
    max_declines: int
    given_rate: int | None
    machines: int
    is_command: bool
    metrics_token: str = field(repr=False)

    @property
    def is_production(self) -> bool:
        """True in production, where strangers' money is at stake."""
        return self.app_env == "production"

    @property
    def uses_sandbox(self) -> bool:
        """True if the bundled sandbox stands in for Stripe."""
        return self.stripe_secret_key == SANDBOX_SECRET_KEY

    @property
    def live(self) -> bool:
        """True if the keys move real money."""
        return "_live_" in self.stripe_secret_key

    @property
    def stripe_rate(self) -> int:
        """The calls a second that this account may make, 0 for any number. Who answers in Stripe's place has own limits."""
        return (0 if self.stripe_api_base else usual_rate(self.live)) if self.given_rate is None else self.given_rate

    @property
    def late_coaches_wait(self) -> bool:
        """True if an operator says who a coach is that registered after the purchase: nobody else asks them."""
        return self.is_production and self.auth.mode == "off"

    @property
    def rate_limit(self) -> str:
        """The limit of one client's requests to ``/api/``. Development reloads pages all day."""
        return f"{100 if self.is_production else 500} per 15 minutes"

    @property
    def purchase_limit(self) -> str:
        """The limit of one client's purchases, and of its confirmations. Who tries stolen cards makes hundreds of payments."""
        return f"{30 if self.is_production else 300} per 15 minutes"

    @property
    def player_limit(self) -> str:
        """The same for one player, from however many addresses."""
        return f"{15 if self.is_production else 150} per 15 minutes"


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment, over ``.env`` where the environment says nothing. Raises ``SettingsError``."""
    from_file = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    from_environment = os.environ if environ is None else environ
    # An empty value is how a copied example says "not set".
    given = {
        name: value.strip() for name, value in {**from_file, **from_environment}.items() if value and value.strip()
    }
    read = Reader(with_secret_files(given))
    settings = _read(read)
    _refuse_unsafe(settings, read)
    return settings


def set_outside(name: str, env_file: Path | None) -> bool:
    """True if the environment sets a variable to something else than the file does: then the file's does not count.

    The ``flask`` command puts what the file says into the environment by itself.
    """
    written = dotenv_values(env_file) if env_file is not None else {}
    return bool(os.environ.get(name)) and os.environ[name] != written.get(name)


def _read(read: Reader) -> Settings:
    app_env: AppEnv = read.choice("APP_ENV", get_args(AppEnv), "development")
    port = read.integer("PORT", DEFAULT_PORT, 1, 65_535)
    production = app_env == "production"
    sandbox = app_env == "development" and not read.has("STRIPE_SECRET_KEY")
    key, published = (SANDBOX_SECRET_KEY, SANDBOX_PUBLISHABLE_KEY) if sandbox else (None, "")
    connect_secrets = (SANDBOX_CONNECT_WEBHOOK_SECRET,) if sandbox else ()
    sandbox_address = f"http://127.0.0.1:{sandbox_port(port)}" if sandbox else None
    return Settings(
        stripe_secret_key=read.matching("STRIPE_SECRET_KEY", _SECRET_KEY, "sk_test_… or sk_live_…", key),
        stripe_publishable_key=read.matching("STRIPE_PUBLISHABLE_KEY", _PUBLISHABLE_KEY, _PUBLISHABLE_FORM, published),
        stripe_webhook_secrets=read.secrets("STRIPE_WEBHOOK_SECRET", (SANDBOX_WEBHOOK_SECRET,) if sandbox else ()),
        stripe_connect_webhook_secrets=read.secrets("STRIPE_CONNECT_WEBHOOK_SECRET", connect_secrets),
        stripe_api_base=read.convert("STRIPE_API_BASE", base_url) or sandbox_address,
        sandbox_state=read.convert("SANDBOX_STATE", Path),
        host=read.matching("HOST", _HOST, "127.0.0.1 or 0.0.0.0", "127.0.0.1"),
        port=port,
        app_env=app_env,
        app_name=app_name_of(read.text("APP_NAME", "Coaching payments")),
        app_url=read.convert("APP_URL", base_url) or f"http://localhost:{port}",
        refund_terms=refund_terms_of(read.text("REFUND_TERMS", "")),
        **_read_platform(read),
        fee_rate=read.convert("PLATFORM_FEE_PERCENTAGE", FeeRate.from_percent) or FeeRate.from_percent("10"),
        catalogue=_read_catalogue(read),
        as_written=_read_as_written(read),
        allowed_origins=read.convert("ALLOWED_ORIGINS", origins) or (),
        allowed_headers=read.convert("ALLOWED_HEADERS", header_names) or (),
        ratelimit_enabled=read.boolean("RATELIMIT_ENABLED", True),
        ratelimit_storage_uri=read.convert("RATELIMIT_STORAGE_URI", storage_uri) or "memory://",
        trusted_proxies=read.integer("TRUSTED_PROXIES", 0, 0, 10),
        force_https=read.boolean("FORCE_HTTPS", production),
        auth=_read_auth(read, production),
        web_concurrency=read.integer("WEB_CONCURRENCY", 2, 1, 64),
        max_declines=read.convert_or("MAX_DECLINES", declines_limit, 10),
        max_in_flight=read.integer("MAX_IN_FLIGHT", 2_000, 1, 10_000),
        given_rate=read.convert("STRIPE_RATE", calls_per_second),
        machines=read.integer("MACHINES", 1, 1, 1_000),
        is_command=read.has(_IS_COMMAND),
        metrics_token=read.convert("METRICS_TOKEN", metrics_token) or "",
    )


def _read_platform(read: Reader) -> dict[str, Any]:
    """The settings of how this deployment meets Stripe, by the names of their fields."""
    name, earlier = read.convert("APP_NAMESPACE", namespace_name), read.convert("APP_NAMESPACE_ALSO", earlier_names)
    way = read.choice("CONNECT_ACCOUNTS", WAYS, "auto")
    return {
        "namespace": Namespace(name or "", earlier or ()),
        "account_terms": AccountTerms(way, read.convert("COACH_CAPABILITIES", capability_set)),
        "fraud_warnings": read.choice("FRAUD_WARNINGS", ("tell", "refund"), "tell"),
        "webhook_payload": read.choice("WEBHOOK_PAYLOAD", ("snapshot", "thin"), "snapshot"),
    }


def _read_auth(read: Reader, production: bool) -> AuthSettings:
    return AuthSettings(
        mode=read.choice("AUTH_MODE", get_args(AuthMode), None if production else "off"),
        jwt_secret=read.convert("AUTH_JWT_SECRET", shared_secret) or "",
        jwks_url=read.convert("AUTH_JWKS_URL", keys_url),
        audience=read.text("AUTH_AUDIENCE", ""),
        issuer=read.text("AUTH_ISSUER", ""),
        role_claim=read.text("AUTH_ROLE_CLAIM", "role"),
    )


def _read_as_written(read: Reader) -> WrittenTerms:
    percent, currency = read.text("PLATFORM_FEE_PERCENTAGE", "10"), read.text("DEFAULT_CURRENCY", "")
    return WrittenTerms(percent, _catalogue_path(read), currency)


def _catalogue_path(read: Reader) -> Path:
    return Path(read.text("CATALOGUE_PATH", str(DEFAULT_CATALOGUE)))


def _read_catalogue(read: Reader) -> Catalogue:
    path = _catalogue_path(read)
    currency = read.convert("DEFAULT_CURRENCY", supported_currency)
    grace_days = read.integer("RELEASE_GRACE_DAYS", 3, 0, 60)
    try:
        return parse_catalogue(tomllib.loads(path.read_text(encoding="utf-8")), currency, grace_days)
    except (CatalogueError, MoneyError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError("CATALOGUE_PATH", f"{path.name}: {error}") from error


def _refuse_unsafe(settings: Settings, read: Reader) -> None:
    refuse_unsafe_auth(settings.auth, settings.is_production)
    _refuse_mixed_keys(settings)
    test_keys_allowed = read.boolean("ALLOW_TEST_KEYS", False)
    if settings.is_production:
        _refuse_unsafe_production(settings, read, test_keys_allowed)
    elif settings.live:
        raise SettingsError("STRIPE_SECRET_KEY", "is a live key, but APP_ENV is not production")
    if settings.uses_sandbox and urlsplit(settings.stripe_api_base or "").hostname not in LOOPBACK:
        raise SettingsError("STRIPE_SECRET_KEY", "is missing; only a sandbox on this machine works without")


def _refuse_mixed_keys(settings: Settings) -> None:
    published = settings.stripe_publishable_key
    if published and ("_live_" in published) != settings.live:
        raise SettingsError("STRIPE_PUBLISHABLE_KEY", "must be of the same mode (test or live) as STRIPE_SECRET_KEY")


def _refuse_placeholders(settings: Settings) -> None:
    """Refuse what was copied out of an example, or is known to everybody who has this repository."""
    given = [
        ("STRIPE_SECRET_KEY", settings.stripe_secret_key),
        ("STRIPE_PUBLISHABLE_KEY", settings.stripe_publishable_key),
        *(("STRIPE_WEBHOOK_SECRET", secret) for secret in settings.stripe_webhook_secrets),
        *(("STRIPE_CONNECT_WEBHOOK_SECRET", secret) for secret in settings.stripe_connect_webhook_secrets),
    ]
    for name, value in given:
        if is_placeholder(value):
            raise SettingsError(name, "is a placeholder; copy the real one from the Stripe Dashboard")


def _refuse_unsafe_production(settings: Settings, read: Reader, test_keys_allowed: bool) -> None:
    if settings.uses_sandbox:
        raise SettingsError("STRIPE_SECRET_KEY", "the sandbox's key does not work in production")
    _refuse_placeholders(settings)
    if not settings.live and not test_keys_allowed:
        raise SettingsError("STRIPE_SECRET_KEY", "is a test key; set ALLOW_TEST_KEYS=true to run production on it")
    for name in ("STRIPE_WEBHOOK_SECRET", "APP_URL"):
        # A command serves nobody, and `flask webhooks sync` is where the secret comes from.
        if not read.has(name) and not (read.has(_IS_COMMAND) and name == "STRIPE_WEBHOOK_SECRET"):
            raise SettingsError(name, "is required in production")
    if not settings.app_url.startswith("https://"):
        raise SettingsError("APP_URL", "must begin with https:// in production; Stripe sends coaches nowhere else")
    stripe_api = urlsplit(settings.stripe_api_base or "https://")
    if stripe_api.scheme != "https" and stripe_api.hostname not in LOOPBACK:
        raise SettingsError("STRIPE_API_BASE", "must begin with https:// in production: the secret key is sent there")
