"""A payments backend for a coaching marketplace, on Stripe and Stripe Connect Express."""
