"""Settings and paths that the tests of a request's edges share."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.builders import PRODUCTION_ENVIRONMENT

ACCOUNT = "/api/connect/account/x"  # answered by the backend itself, with a 404


PRODUCTION = {
    **PRODUCTION_ENVIRONMENT,
    "ALLOWED_ORIGINS": "https://app.example.com,https://admin.example.com",
    "FORCE_HTTPS": "false",
}


def use_up(client: FlaskClient, limit: int, **environ: str) -> None:
    """Ask so often that the limit is reached."""
    for _ in range(limit):
        assert client.get(ACCOUNT, environ_overrides=environ).status_code == 404
