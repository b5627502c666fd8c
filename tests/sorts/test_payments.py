"""The tests of tests/routes/test_payments.py for each further sort of account and event."""

from tests.routes.test_payments import *  # noqa: F403
