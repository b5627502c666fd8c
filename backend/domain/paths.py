"""The paths of the API, as the contract gives them, and of files."""

API = "/api/"
PAYMENTS = f"{API}payments"
CONNECT = f"{API}connect"
WEBHOOKS = f"{API}webhooks"
UNDER_WEBHOOKS = f"{WEBHOOKS}/"
STRIPE_WEBHOOK = f"{WEBHOOKS}/stripe"
"""Stripe's events come here, the platform's and those of connected accounts."""
# The front-end services, which other sites load, and what pages of our own need.
FILES = "/static/"
