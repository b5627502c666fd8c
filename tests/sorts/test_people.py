"""The tests of tests/money/test_people.py for each further sort of account and event."""

from tests.money.test_people import *  # noqa: F403
