"""The sweep's memory, given by hand."""

from __future__ import annotations

from typing import Any

from backend.domain.namespace import Namespace
from backend.stripe_client.platform import PlatformClient
from tests.unit.given import Line, made


def product(product_id: str = "sweep_mark", **metadata: str) -> Any:
    """The Product that holds the memory."""
    return made("product", product_id, metadata=metadata)


def named(line: Line, *also: str) -> PlatformClient:
    """The client of the deployment "blue", which had other names before."""
    return PlatformClient("sk_test_a1", namespace=Namespace("blue", also), http_client=line, max_network_retries=0)
