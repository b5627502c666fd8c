"""The comparison with Stripe: scenarios are played on both sides, and differences are printed."""
