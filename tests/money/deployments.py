"""Two deployments on one Stripe account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.commands.sweep import SweepOptions, Swept, run_sweep
from backend.domain.namespace import UNNAMED, Namespace
from backend.services import Services
from tests.builders import Marketplace
from tests.conftest import NOW

DAY = 86_400


A, B = UNNAMED, Namespace("b")


SHARE = 4252


ADDRESS = "https://api.example.com"


class Deployments(Marketplace):
    """Two deployments on one sandbox. Every webhook goes to both; requests go to the one in ``use``."""

    def __init__(self, first: Namespace, second: Namespace) -> None:
        self.apps: dict[str, Any] = {}
        super().__init__(now=NOW, namespace=first)
        for namespace in (first, second):
            self.start(namespace)
        self.use(first)

    def start(self, namespace: Namespace) -> None:
        """Start a deployment, or start it again."""
        self.apps[namespace.name] = self.another_backend(replace(self.settings, namespace=namespace))

    def use(self, namespace: Namespace) -> None:
        """From now on requests and commands are this deployment's."""
        self.settings = replace(self.settings, namespace=namespace)
        self.app = self.apps[namespace.name]
        self.http = self.app.test_client()

    def _post(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        path = "/" + url.split("/", 3)[3]
        statuses: list[int] = [
            app.test_client().post(path, data=body, headers=headers).status_code for app in self.apps.values()
        ]
        return max(statuses)

    @property
    def services(self) -> Services:
        """The use cases of the deployment in use."""
        services: Services = self.app.extensions["payments"]
        return services

    def sweep(self) -> Swept:
        """The default sweep of the deployment in use."""
        return run_sweep(self.services, SweepOptions(calls_per_second=1_000_000))

    def holds(self, account_id: str) -> int:
        """The amount that an account was sent and still has, in minor units."""
        sent = self.stripe.v1.transfers.list({"destination": account_id, "limit": 100}).data
        return sum(one.amount - one.amount_reversed for one in sent)
