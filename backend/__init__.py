"""A payments backend for a coaching marketplace, on Stripe and Stripe Connect Express."""

# The one place of the version: pyproject.toml and the API's reference read it here.
__version__ = "0.1.0"
