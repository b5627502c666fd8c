"""The tests of tests/money/test_holds.py for each further sort of account and event."""

from tests.money.test_holds import *  # noqa: F403
