"""The sweep's reading: which payments to look at, from Stripe's books."""
