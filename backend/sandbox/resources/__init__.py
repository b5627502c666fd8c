"""Every endpoint of every resource, in one table."""

from ..wire.routing import Route
from . import (
    account_links,
    accounts,
    balance,
    charges,
    customers,
    disputes,
    early_fraud_warnings,
    events,
    payment_intents,
    payment_methods,
    payouts,
    products,
    refunds,
    transfers,
    v2,
    webhook_endpoints,
)

ROUTES: tuple[Route, ...] = (
    *accounts.ROUTES,
    *account_links.ROUTES,
    *balance.ROUTES,
    *charges.ROUTES,
    *customers.ROUTES,
    *disputes.ROUTES,
    *early_fraud_warnings.ROUTES,
    *events.ROUTES,
    *payment_intents.ROUTES,
    *payment_methods.ROUTES,
    *payouts.ROUTES,
    *products.ROUTES,
    *refunds.ROUTES,
    *transfers.ROUTES,
    *webhook_endpoints.ROUTES,
    *v2.ROUTES,
)
