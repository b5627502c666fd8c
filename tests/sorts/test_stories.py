"""The tests of tests/money/test_stories.py for each further sort of account and event."""

from tests.money.test_stories import *  # noqa: F403
