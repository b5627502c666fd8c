"""Settings: the only reader of the environment. Read once, typed, frozen; a wrong value fails by name."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar, get_args
from urllib.parse import urlsplit

import click
from dotenv import dotenv_values

from backend.domain.catalogue import Catalogue, CatalogueError, parse_catalogue
from backend.domain.money import FeeRate, MoneyError, supported_currency

AppEnv = Literal["development", "production", "testing"]
AuthMode = Literal["off", "optional", "required"]

DEFAULT_CATALOGUE = Path(__file__).with_name("catalogue.toml")

# What the bundled sandbox is started with; of no use anywhere else.
SANDBOX_SECRET_KEY = "sk_test_sandbox"
SANDBOX_PUBLISHABLE_KEY = "pk_test_sandbox"
SANDBOX_WEBHOOK_SECRET = "whsec_sandbox"
SANDBOX_CONNECT_WEBHOOK_SECRET = "whsec_sandbox_connect"

_LOOPBACK = frozenset(["127.0.0.1", "localhost", "::1"])
_SECRET_KEY = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9_]+", re.ASCII)
# A scheme, a host, perhaps a port and a path: what a link is put together from.
_ADDRESS = re.compile(
    r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:/[A-Za-z0-9._~/%-]*)?", re.ASCII
)
_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+", re.ASCII)
_PUBLISHABLE_KEY = re.compile(r"pk_(test|live)_[A-Za-z0-9_]+", re.ASCII)
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9_+/=]+", re.ASCII)

T = TypeVar("T")


class SettingsError(click.ClickException):
    """A variable is missing or wrong. The message names it and gives the accepted form, never the value.

    A ``ClickException``, so that every ``flask`` command says it in one line, without a traceback.
    """

    def __init__(self, name: str, accepted: str) -> None:
        super().__init__(f"{name}: {accepted}")
        self.name = name

    def format_message(self) -> str:
        """What a person reads who has started something."""
        return f"The configuration is not complete. {self.message}\nenv.example explains every variable."


@dataclass(frozen=True)
class Settings:
    """Every setting of the backend. ``env.example`` explains each one."""

    stripe_secret_key: str = field(repr=False)
    stripe_publishable_key: str
    stripe_webhook_secrets: tuple[str, ...] = field(repr=False)
    stripe_connect_webhook_secrets: tuple[str, ...] = field(repr=False)
    stripe_api_base: str | None
    host: str
    port: int
    app_env: AppEnv
    app_name: str
    app_url: str
    fee_rate: FeeRate
    catalogue: Catalogue
    allowed_origins: tuple[str, ...]
    ratelimit_enabled: bool
    ratelimit_storage_uri: str = field(repr=False)
    trusted_proxies: int
    force_https: bool
    auth_mode: AuthMode
    web_concurrency: int

    @property
    def is_production(self) -> bool:
        """Whether strangers' money is at stake."""
        return self.app_env == "production"

    @property
    def uses_sandbox(self) -> bool:
        """Whether the bundled sandbox stands in for Stripe."""
        return self.stripe_secret_key == SANDBOX_SECRET_KEY

    @property
    def live(self) -> bool:
        """Whether the keys move real money."""
        return "_live_" in self.stripe_secret_key

    @property
    def rate_limit(self) -> str:
        """What one client may ask of ``/api/``. Development reloads pages all day."""
        return f"{100 if self.is_production else 500} per 15 minutes"


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = Path(".env")) -> Settings:
    """Read the environment, over ``.env`` where the environment says nothing. Raises ``SettingsError``."""
    from_file = dotenv_values(env_file) if env_file is not None and env_file.is_file() else {}
    from_environment = os.environ if environ is None else environ
    given = {**from_file, **from_environment}
    # An empty value is how a copied example says "not set".
    read = _Reader({name: value.strip() for name, value in given.items() if value and value.strip()})
    settings = _read(read)
    _refuse_unsafe(settings, read)
    return settings


def _read(read: _Reader) -> Settings:
    app_env: AppEnv = read.choice("APP_ENV", get_args(AppEnv), "development")
    port = read.integer("PORT", 3001, 1, 65_535)
    production = app_env == "production"
    sandbox = app_env == "development" and not read.has("STRIPE_SECRET_KEY")
    api_base = read.convert("STRIPE_API_BASE", _base_url)
    return Settings(
        stripe_secret_key=read.matching(
            "STRIPE_SECRET_KEY",
            _SECRET_KEY,
            "sk_test_… or sk_live_…",
            SANDBOX_SECRET_KEY if sandbox else None,
        ),
        stripe_publishable_key=read.matching(
            "STRIPE_PUBLISHABLE_KEY",
            _PUBLISHABLE_KEY,
            "pk_test_… or pk_live_…",
            SANDBOX_PUBLISHABLE_KEY if sandbox else "",
        ),
        stripe_webhook_secrets=read.secrets("STRIPE_WEBHOOK_SECRET", (SANDBOX_WEBHOOK_SECRET,) if sandbox else ()),
        stripe_connect_webhook_secrets=read.secrets(
            "STRIPE_CONNECT_WEBHOOK_SECRET", (SANDBOX_CONNECT_WEBHOOK_SECRET,) if sandbox else ()
        ),
        stripe_api_base=api_base or (f"http://127.0.0.1:{sandbox_port(port)}" if sandbox else None),
        host=read.matching("HOST", _HOST, "127.0.0.1 or 0.0.0.0", "127.0.0.1"),
        port=port,
        app_env=app_env,
        app_name=read.convert("APP_NAME", _name) or "Coaching payments",
        app_url=read.convert("APP_URL", _base_url) or f"http://localhost:{port}",
        fee_rate=read.convert("PLATFORM_FEE_PERCENTAGE", FeeRate.from_percent) or FeeRate.from_percent("10"),
        catalogue=_read_catalogue(read),
        allowed_origins=read.convert("ALLOWED_ORIGINS", _origins) or (),
        ratelimit_enabled=read.boolean("RATELIMIT_ENABLED", True),
        ratelimit_storage_uri=read.convert("RATELIMIT_STORAGE_URI", _storage_uri) or "memory://",
        trusted_proxies=read.integer("TRUSTED_PROXIES", 0, 0, 10),
        force_https=read.boolean("FORCE_HTTPS", production),
        auth_mode=read.choice("AUTH_MODE", get_args(AuthMode), None if production else "off"),
        web_concurrency=read.integer("WEB_CONCURRENCY", 2, 1, 64),
    )


def sandbox_port(port: int) -> int:
    """The bundled sandbox listens beside the backend, so that one variable moves both."""
    return port + 1 if port < 65_535 else port - 1


class _Reader:
    """The given variables, each read by name into a type."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def has(self, name: str) -> bool:
        return name in self._given

    def text(self, name: str, default: str) -> str:
        return self._given.get(name, default)

    def matching(self, name: str, pattern: re.Pattern[str], form: str, default: str | None) -> str:
        value = self._given.get(name, default)
        if value is None:
            raise SettingsError(name, f"is missing; it has the form {form}")
        if value != default and not pattern.fullmatch(value):
            raise SettingsError(name, f"must have the form {form}")
        return value

    def secrets(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        values = tuple(part.strip() for part in self._given.get(name, "").split(",") if part.strip())
        if not all(_WEBHOOK_SECRET.fullmatch(value) for value in values):
            raise SettingsError(name, "must be whsec_…, or several separated by commas while one is rolled")
        return values or default

    def choice(self, name: str, choices: tuple[T, ...], default: T | None) -> T:
        value = self._given.get(name, default)
        for choice in choices:
            if value == choice:
                return choice
        state = "must be set to" if value is None else "must be"
        raise SettingsError(name, f"{state} one of {', '.join(str(c) for c in choices)}")

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        text = self._given.get(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not least <= int(text) <= most:
            raise SettingsError(name, f"must be a whole number from {least} to {most}")
        return int(text)

    def boolean(self, name: str, default: bool) -> bool:
        return self.choice(name, ("true", "false"), "true" if default else "false") == "true"

    def convert(self, name: str, parse: Callable[[str], T]) -> T | None:
        if name not in self._given:
            return None
        try:
            return parse(self._given[name])
        except (ValueError, OSError) as error:
            raise SettingsError(name, str(error)) from error


def _read_catalogue(read: _Reader) -> Catalogue:
    path = Path(read.text("CATALOGUE_PATH", str(DEFAULT_CATALOGUE)))
    currency = read.convert("DEFAULT_CURRENCY", supported_currency)
    try:
        return parse_catalogue(tomllib.loads(path.read_text(encoding="utf-8")), currency)
    except (CatalogueError, MoneyError, tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError("CATALOGUE_PATH", f"{path.name}: {error}") from error


def _name(text: str) -> str:
    if len(text) > 40 or not text.isprintable():
        raise ValueError("must be at most 40 printable characters: it heads every page")
    return text


def _base_url(text: str) -> str:
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match["port"] or 80) <= 65_535:
        raise ValueError("must be an address such as https://api.example.com, without user name or query")
    return text.rstrip("/")


def _storage_uri(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9+]+://\S*", text, re.ASCII):
        raise ValueError("must be a storage address such as memory:// or redis://localhost:6379")
    return text


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(part.strip() for part in text.split(",") if part.strip())
    for origin in origins:
        # flask-cors would read regular-expression characters as a pattern: only exact origins get through.
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin, re.ASCII):
            raise ValueError("must be exact origins such as https://app.example.com, separated by commas")
    return origins


def _refuse_unsafe(settings: Settings, read: _Reader) -> None:
    if settings.auth_mode != "off":
        raise SettingsError("AUTH_MODE", "only off is available yet; put an authenticating proxy in front")
    _refuse_mixed_keys(settings)
    test_keys_allowed = read.boolean("ALLOW_TEST_KEYS", False)
    if settings.is_production:
        _refuse_unsafe_production(settings, read, test_keys_allowed)
    elif settings.live:
        raise SettingsError("STRIPE_SECRET_KEY", "is a live key, but APP_ENV is not production")
    if settings.uses_sandbox and urlsplit(settings.stripe_api_base or "").hostname not in _LOOPBACK:
        raise SettingsError("STRIPE_SECRET_KEY", "is missing; only a sandbox on this machine works without")


def _refuse_mixed_keys(settings: Settings) -> None:
    published = settings.stripe_publishable_key
    if published and ("_live_" in published) != settings.live:
        raise SettingsError("STRIPE_PUBLISHABLE_KEY", "must be of the same mode (test or live) as STRIPE_SECRET_KEY")


def _refuse_unsafe_production(settings: Settings, read: _Reader, test_keys_allowed: bool) -> None:
    if settings.uses_sandbox:
        raise SettingsError("STRIPE_SECRET_KEY", "the sandbox's key does not work in production")
    if not settings.live and not test_keys_allowed:
        raise SettingsError("STRIPE_SECRET_KEY", "is a test key; set ALLOW_TEST_KEYS=true to run production on it")
    for name in ("STRIPE_WEBHOOK_SECRET", "APP_URL"):
        if not read.has(name):
            raise SettingsError(name, "is required in production")
    if not settings.app_url.startswith("https://"):
        raise SettingsError("APP_URL", "must begin with https:// in production; Stripe sends coaches nowhere else")
    stripe_api = urlsplit(settings.stripe_api_base or "https://")
    if stripe_api.scheme != "https" and stripe_api.hostname not in _LOOPBACK:
        raise SettingsError("STRIPE_API_BASE", "must begin with https:// in production: the secret key is sent there")
