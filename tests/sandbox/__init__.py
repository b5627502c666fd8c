"""The sandbox does what Stripe is known to do."""
