"""The part of ``flask doctor`` about the platform at Stripe: the accounts that it may make, for whom, and who tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import stripe

from backend.domain.account_requests import CARD_PAYMENTS, AccountTerms
from backend.domain.metadata import COACH_ID
from backend.services.coach.accounts import is_v2
from backend.services.operators.destinations import DestinationSpec, plan_destination, thin_destinations
from backend.services.operators.diagnosis import OK, WARNING, Finding
from backend.services.operators.endpoints import KEEP
from backend.services.reads import metadata_of

# Between these, transfers cross borders without Stripe being asked; elsewhere platform and coach share a region.
# https://docs.stripe.com/connect/cross-border-payouts
_CROSS_BORDER = frozenset(
    "AT BE BG CA CH CY CZ DE DK EE ES FI FR GB GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK US".split()
)
_ALONE = (
    "Stripe did not let the platform ask for transfers alone, or COACH_CAPABILITIES asked for both: then a problem of either "
    "stops both. Ask Stripe's support to let it request transfers without card_payments."
)


def platform_report(
    terms: AccountTerms, by_v2: Collection[stripe.Account], account: stripe.Account, listed: Iterable[stripe.Account]
) -> Iterator[Finding]:
    """Yield what the platform's newest accounts say of what it may do: those that v1 lists, and those ``by_v2``.

    What Stripe refuses to this platform cannot be asked without making an account. So it is told when a coach registers:
    by the answer, and by ``account.platform_refused`` in the log.
    """
    ids = {one.id for one in by_v2}
    coaches = [one for one in listed if COACH_ID in metadata_of(one)]
    yield _makes(terms, sum(one.id not in ids and not is_v2(one) for one in coaches), len(ids))
    both = sum(CARD_PAYMENTS in (one.capabilities.to_dict() if one.capabilities else {}) for one in coaches)
    yield Finding(OK, "capabilities", _capabilities(terms, both), _ALONE if both else "")
    yield Finding(OK, "coaches' countries", _countries(account.country or ""))


def destination_findings(client: stripe.StripeClient, wanted: Iterable[DestinationSpec]) -> Iterator[Finding]:
    """Yield how each destination of thin events is. One read, where one is wanted."""
    specs = list(wanted)
    if not specs:
        return
    try:
        existing = thin_destinations(client)
    except stripe.StripeError:
        yield Finding(
            WARNING, "thin webhooks", "cannot be seen: Stripe refuses", "Let the key read event destinations."
        )
        return
    for spec in specs:
        step = plan_destination(existing, spec)
        if step.action == KEEP:
            yield Finding(OK, f"thin webhooks ({spec.kind})", f"{spec.url}, {len(spec.events)} types of event")
        else:
            yield Finding(
                WARNING, f"thin webhooks ({spec.kind})", "; ".join(step.reasons), f"flask webhooks sync {spec.url}"
            )


def _makes(terms: AccountTerms, by_v1: int, by_v2: int) -> Finding:
    text = f"{by_v1} by v1 and {by_v2} by v2, of the newest; CONNECT_ACCOUNTS is {terms.connect_accounts}"
    remedy = ""
    if terms.connect_accounts == "auto":
        remedy = (
            "Where Stripe refuses v1 (Dashboard: Settings, Accounts v1 support), accounts are made by v2 by themselves."
        )
    return Finding(OK, "coaches' accounts", text, remedy)


def _capabilities(terms: AccountTerms, both: int) -> str:
    if terms.capabilities is not None:
        return f"COACH_CAPABILITIES asks for {' and '.join(sorted(terms.capabilities))}"
    asked = "transfers alone are asked for first"
    return f"{asked}; {both} of the newest accounts have card_payments too" if both else asked


def _countries(country: str) -> str:
    if country in _CROSS_BORDER:
        return f"the platform is in {country}: US, CA, GB, CH and the EEA, as far as Stripe allows transfers there"
    return f"the platform is in {country or 'an unknown country'}: its own region; ask Stripe for others"
