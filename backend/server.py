"""The application factory: assembles and returns, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

import stripe
from flask import Flask

from backend.commands import cli
from backend.config.settings import Settings, load_settings
from backend.http.admission import attach_admission
from backend.http.auth import check_callers, identify_callers
from backend.http.errors import register_errors
from backend.http.extensions import attach_extensions
from backend.http.middleware import attach_middleware, attach_proxies
from backend.http.screening import attach_screening
from backend.observability.clock_watch import ClockWatch
from backend.observability.logs import configure_logs
from backend.observability.metrics import MoneyCounters
from backend.routes.connect import connect
from backend.routes.payments import payments
from backend.routes.reference import reference
from backend.routes.status import status
from backend.routes.webhooks import webhooks
from backend.services import Policies, build_services
from backend.stripe_client.client import build_client
from backend.web.docs import docs
from backend.web.money_pages import money_pages
from backend.web.pages import pages
from backend.web.storefront import storefront


def create_app(
    settings: Settings | None = None,
    *,
    http_client: stripe.HTTPClient | None = None,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """The backend as a WSGI application.

    ``settings``: read from the environment when None; raises ``SettingsError`` naming what is wrong.
    ``http_client``: how the Stripe SDK sends its requests. ``clock``: unix seconds.
    """
    settings = settings or load_settings()
    configure_logs(json_lines=settings.is_production)
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False  # an encoded slash in an id is a 404, not a redirect to another address
    app.config.update(SETTINGS=settings, DEBUG=False)  # a debugger in the browser is a shell for whoever finds it
    app.extensions["payments"] = build_services(
        client=build_client(settings, http_client, ClockWatch(clock).see),
        catalogue=settings.catalogue,
        rate=settings.fee_rate,
        app_url=settings.app_url,
        now=lambda: int(clock()),
        policies=_policies(settings),
        tally=MoneyCounters(),
    )
    attach_middleware(app, settings)
    attach_screening(app)
    # In this order: who asks, what they have used up, whether they may; then the body is read and a place is taken.
    identify_callers(app, settings)
    attach_extensions(app, settings)
    check_callers(app, settings)
    attach_admission(app, settings)
    attach_proxies(app, settings)
    register_errors(app)
    in_development = () if settings.is_production else (storefront, money_pages)
    for blueprint in (payments, connect, webhooks, status, pages, reference, docs, *in_development):
        app.register_blueprint(blueprint)
    cli.attach_commands(app, create_app)
    return app


def _policies(settings: Settings) -> Policies:
    return Policies(
        settings.late_coaches_wait,
        settings.max_declines,
        settings.allowed_origins,
        settings.fraud_warnings,
        settings.account_terms,
    )
