"""``flask doctor``: everything that has to be right before money comes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
from limits.storage import storage_from_string

from backend.commands.current import current_services, current_settings
from backend.commands.parameters import asks_stripe
from backend.commands.webhook_specs import wanted_destinations, wanted_endpoints
from backend.config.certificate import NotTrusted, days_left
from backend.config.settings import Settings
from backend.domain.paths import STRIPE_WEBHOOK
from backend.http.auth import UNASKED
from backend.services.coach.account_lists import made_by_v2
from backend.services.operators.diagnosis import OK, PROBLEM, WARNING, Finding, examine
from backend.services.operators.kept_money import kept_money
from backend.services.operators.platform_report import destination_findings, platform_report
from backend.services.operators.undelivered import undelivered
from backend.webhooks.handlers import PLATFORM_TYPES

_COLOURS = {OK: "green", WARNING: "yellow", PROBLEM: "red"}


@click.command(short_help="Look at keys, webhooks, clock and more; say what to do.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.option("--strict", is_flag=True, help="Warnings count as problems.")
@click.option("--outside", is_flag=True, help="Look at the certificate of APP_URL too, as a browser would.")
@asks_stripe
def doctor(as_json: bool, strict: bool, outside: bool) -> None:
    """Look at everything that has to be right before money comes, and say what to do about the rest.

    Asks Stripe five things, in as many calls, and one more where other deployments may be on the account. It writes
    nothing. So it cannot tell whether a restricted key may make transfers and refunds. Of money that waits it sees the
    newest hundred payments, as of about a minute ago.

    \b
    flask doctor
    flask doctor --strict --outside  before going live

    Exit code 0 when all is well, 1 when there is a problem.
    """
    findings = [*_settings_examined(current_settings()), *_stripe_examined()]
    if outside:
        findings.append(_certificate(current_settings().app_url))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            click.secho(f"{finding.level:<8}", fg=_COLOURS[finding.level], nl=False)
            click.echo(f" {finding.about:<22} {finding.text}")
            if finding.remedy:
                click.echo(f"{'':<32}{finding.remedy}")
        many = Counter(finding.level for finding in findings)
        click.echo(f"Problems: {many[PROBLEM]}. Warnings: {many[WARNING]}.")
    bad = {PROBLEM, WARNING} if strict else {PROBLEM}
    raise SystemExit(1 if any(finding.level in bad for finding in findings) else 0)


def _stripe_examined() -> Iterator[Finding]:
    settings = current_settings()
    # The bundled sandbox brings its own endpoints, and forgets them.
    url, own = settings.app_url + STRIPE_WEBHOOK, not settings.uses_sandbox
    wanted = list(wanted_endpoints(settings, url, None)) if own and settings.webhook_payload == "snapshot" else []
    client, by_v2 = current_services().client, list[Any]()

    def report(account: Any, accounts: Any) -> Iterator[Finding]:
        by_v2.extend(made_by_v2(client, accounts))
        yield from platform_report(settings.account_terms, by_v2, account, accounts.data)

    found = list(examine(client, wanted, settings.live, current_services().now, report))
    yield from (_on_the_sandbox(finding) if settings.uses_sandbox else finding for finding in found)
    if own and found[0].level == OK:
        with_v2 = settings.account_terms.connect_accounts == "v2" or bool(by_v2)
        yield from destination_findings(client, wanted_destinations(settings, url, None, with_v2))
    if found[0].level == OK:  # else Stripe does not answer, or not to this key
        yield from kept_money(current_services().client, current_services().kept_days)
        yield from undelivered(current_services().client, frozenset(PLATFORM_TYPES), settings.app_url)


def _on_the_sandbox(finding: Finding) -> Finding:
    """The finding, but that the sandbox's clock may be moved: it signs its webhooks with the real time."""
    if finding.about != "clock" or finding.level == OK:
        return finding
    return Finding(OK, "clock", f"{finding.text}: the sandbox's was moved")


def _settings_examined(settings: Settings) -> Iterator[Finding]:
    """The findings that need no call to Stripe."""
    many = len(settings.catalogue.offers)
    yield Finding(OK, "catalogue", f"{many} offers in {settings.catalogue.currency.upper()}")
    if settings.stripe_publishable_key:
        yield Finding(OK, "publishable key", "is of the same mode as the secret key")
    else:
        yield Finding(WARNING, "publishable key", "is not set", "Pages and `flask demo` need STRIPE_PUBLISHABLE_KEY.")
    if settings.stripe_secret_key.startswith("rk_"):
        yield Finding(
            OK,
            "restricted key",
            "whether it may make transfers cannot be told without making one",
            "See that it may write PaymentIntents, Customers, Refunds, Transfers, Accounts, Account Links and Products.",
        )
    yield _webhook_secrets(settings)
    yield _return_urls(settings)
    yield _limits(settings)
    yield _sign_in(settings)


def _sign_in(settings: Settings) -> Finding:
    if not (settings.is_production and settings.auth.mode == "off"):
        return Finding(OK, "sign-in", f"AUTH_MODE is {settings.auth.mode}")
    # With test keys there is no money that a stranger could ask back, and no bank that a stranger could change.
    level = PROBLEM if settings.live else WARNING
    remedy = "AUTH_MODE=required, or a proxy that signs everybody in; SETUP_GUIDE.md, section 9."
    return Finding(level, "sign-in", f"nobody is asked who they are: {UNASKED}", remedy)


def _webhook_secrets(settings: Settings) -> Finding:
    own, coaches = set(settings.stripe_webhook_secrets), set(settings.stripe_connect_webhook_secrets)
    if not own or not coaches:
        missing = "STRIPE_WEBHOOK_SECRET" if not own else "STRIPE_CONNECT_WEBHOOK_SECRET"
        level = PROBLEM if not own else WARNING
        return Finding(level, "webhook secrets", f"{missing} is not set", f"flask webhooks sync {settings.app_url}")
    if own & coaches:
        return Finding(
            PROBLEM,
            "webhook secrets",
            "both variables hold the same secret, but Stripe signs each endpoint with its own",
            f"flask webhooks sync {settings.app_url}",
        )
    return Finding(OK, "webhook secrets", "both are set")


def _return_urls(settings: Settings) -> Finding:
    if settings.app_url.startswith("https://"):
        return Finding(OK, "return addresses", f"begin with {settings.app_url}")
    if settings.uses_sandbox:
        return Finding(OK, "return addresses", f"begin with {settings.app_url}, which the sandbox takes")
    return Finding(
        WARNING,
        "return addresses",
        f"begin with {settings.app_url}, which only this machine knows",
        "Set APP_URL to the public https address.",
    )


def _certificate(app_url: str) -> Finding:
    about, remedy = "certificate", "Put a certificate into the proxy that browsers trust, with the names in between."
    try:
        days = days_left(app_url)
    except NotTrusted as error:
        return Finding(PROBLEM, about, f"nobody vouches for the one of {app_url}: {error}", remedy)
    except OSError as error:
        return Finding(PROBLEM, about, f"{app_url} cannot be reached: {error}", "Start the proxy, or mend APP_URL.")
    level = OK if days > 14 else WARNING
    return Finding(level, about, f"{app_url} is trusted for {days} more days", "" if level == OK else remedy)


def _limits(settings: Settings) -> Finding:
    uri = settings.ratelimit_storage_uri
    if uri.startswith("memory://"):
        alone = settings.web_concurrency == 1 or not settings.is_production
        text = "each worker counts by itself"
        return (
            Finding(OK, "rate limits", text)
            if alone
            else Finding(WARNING, "rate limits", text, "RATELIMIT_STORAGE_URI=redis://… counts for all.")
        )
    if storage_from_string(uri).check():
        return Finding(OK, "rate limits", "their store answers")
    return Finding(PROBLEM, "rate limits", "their store does not answer", "Start it, or mend RATELIMIT_STORAGE_URI.")
