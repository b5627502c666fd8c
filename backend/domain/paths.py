"""The paths of the API, as the contract gives them."""

API = "/api/"
PAYMENTS = f"{API}payments"
CONNECT = f"{API}connect"
WEBHOOKS = f"{API}webhooks"
UNDER_WEBHOOKS = f"{WEBHOOKS}/"
STRIPE_WEBHOOK = f"{WEBHOOKS}/stripe"
"""Stripe's events come here, the platform's and those of connected accounts."""
