"""The tests of tests/money/test_slow_money.py for each further sort of account and event."""

from tests.money.test_slow_money import *  # noqa: F403
