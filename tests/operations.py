"""The operations and the rules of access of a backend as it is served, by endpoint."""

from __future__ import annotations

from backend.http.operations import operations
from tests.builders import Marketplace
from tests.conftest import NOW

OPERATIONS = operations(Marketplace(now=NOW).app.view_functions)
RULES = {endpoint: one.rule for endpoint, one in OPERATIONS.items() if one.rule is not None}
