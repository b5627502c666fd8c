"""The tests of tests/money/test_settle.py for each further sort of account and event."""

from tests.money.test_settle import *  # noqa: F403
