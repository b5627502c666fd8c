"""A stateful stand-in for Stripe and Stripe Connect, for development and tests. Never for production.

README.md says how to use it, COVERAGE.md what it does and what it knowingly does not.
"""

from .app import Sandbox
from .saved.file import StateError
from .state.clock import Clock

__all__ = ["Clock", "Sandbox", "StateError"]
