"""The use cases, each given the Stripe client and the time. No Flask, no schemas, no routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import stripe

from backend.domain.account_requests import AccountTerms
from backend.domain.addresses import AllowedAddresses
from backend.domain.catalogue import Catalogue
from backend.domain.money import FeeRate
from backend.services.coach.account_maker import AccountMaker
from backend.services.coach.coaches import Coaches
from backend.services.coach.earnings import CoachTransfers
from backend.services.coach.onboarding import CoachOnboarding, OnboardingLinks
from backend.services.coach.readiness import Readiness
from backend.services.coach.registry import Registry
from backend.services.coach.status import CoachStatuses
from backend.services.purchases.declines import Declines
from backend.services.purchases.deliveries import Deliveries
from backend.services.purchases.fraud import FraudPolicy, FraudWarnings
from backend.services.purchases.payments import Payments
from backend.services.purchases.receipts import Receipts
from backend.services.purchases.refunds import Refunds
from backend.services.purchases.statement_names import StatementNames
from backend.services.settlement.manual_transfers import ManualTransfers
from backend.services.settlement.releases import Releases
from backend.services.settlement.settle import Settler
from backend.services.settlement.tally import Tally
from backend.services.statements import Statements


@dataclass(frozen=True)
class Services:
    """Every use case, wired. ``kept_days``: for how many days shares of today's catalogue are kept."""

    payments: Payments
    declines: Declines
    receipts: Receipts
    statement_names: StatementNames
    readiness: Readiness
    refunds: Refunds
    deliveries: Deliveries
    fraud_policy: FraudPolicy
    coaches: Coaches
    onboarding: CoachOnboarding
    coach_statuses: CoachStatuses
    coach_transfers: CoachTransfers
    transfers: ManualTransfers
    releases: Releases
    settler: Settler
    kept_days: frozenset[int]
    statements: Statements
    registry: Registry
    client: stripe.StripeClient
    now: Callable[[], int]


@dataclass(frozen=True)
class Policies:
    """The decisions of an operator. ``late_coaches_wait``: see ``Registry``; ``max_declines``: see ``Declines``;
    ``allowed_origins``: of the front ends that a coach may be brought back to from Stripe.
    """

    late_coaches_wait: bool = False
    max_declines: int = 0
    allowed_origins: Sequence[str] = ()
    fraud_warnings: FraudWarnings = "tell"
    account_terms: AccountTerms = field(default_factory=AccountTerms)


def build_services(
    client: stripe.StripeClient,
    catalogue: Catalogue,
    rate: FeeRate,
    app_url: str,
    now: Callable[[], int],
    policies: Policies,
    tally: Tally,
) -> Services:
    """Wire the use cases. ``now`` gives the unix time in seconds; ``tally`` is told what settling came to."""
    registry = Registry(client, policies.late_coaches_wait, now)
    settler = Settler(client, registry, tally)
    refunds = Refunds(client, settler)
    links = OnboardingLinks(client, app_url, AllowedAddresses.of(app_url, policies.allowed_origins))
    return Services(
        payments=Payments(client, registry, catalogue, rate, now),
        declines=Declines(client, policies.max_declines),
        receipts=Receipts(client),
        statement_names=StatementNames(client, now),
        readiness=Readiness(client, now),
        refunds=refunds,
        deliveries=Deliveries(client, settler),
        fraud_policy=FraudPolicy(refunds, policies.fraud_warnings),
        coaches=Coaches(client, registry, catalogue, links, AccountMaker(client, policies.account_terms)),
        onboarding=CoachOnboarding(client, registry, links),
        coach_statuses=CoachStatuses(client, registry),
        coach_transfers=CoachTransfers(client, registry, catalogue.currency),
        transfers=ManualTransfers(client, registry, settler),
        releases=Releases(client, registry),
        settler=settler,
        kept_days=catalogue.kept_days,
        statements=Statements(client, registry, now),
        registry=registry,
        client=client,
        now=now,
    )
