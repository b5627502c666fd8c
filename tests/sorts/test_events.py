"""The tests of tests/money/test_events.py for each further sort of account and event."""

from tests.money.test_events import *  # noqa: F403
