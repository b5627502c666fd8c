"""Configuration: the environment, the catalogue file and the Stripe client, each read or built once."""
