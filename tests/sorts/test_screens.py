"""The tests of tests/routes/test_screens.py for each further sort of account and event."""

from tests.routes.test_screens import *  # noqa: F403
