"""The tests of Stripe's own SDK, run against the sandbox: how many of their calls it answers, and how it refuses the rest."""
