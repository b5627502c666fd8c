"""A stateful stand-in for Stripe and Stripe Connect, for development and tests. Never for production."""

from .app import Sandbox
from .clock import Clock

__all__ = ["Clock", "Sandbox"]
