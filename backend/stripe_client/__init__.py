"""The client of Stripe: connections, retries, budgets and rates."""
