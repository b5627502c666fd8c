"""Purchases: payments, customers, sessions and refunds."""
