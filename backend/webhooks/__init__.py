"""Stripe's events: read, verified, handled by a table, told to the host app."""
