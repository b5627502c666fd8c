"""The tests of tests/money/test_refunds.py for each further sort of account and event."""

from tests.money.test_refunds import *  # noqa: F403
