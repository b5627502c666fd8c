"""The tests of tests/routes/test_connect.py for each further sort of account and event."""

from tests.routes.test_connect import *  # noqa: F403
