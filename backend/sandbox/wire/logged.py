"""The record of a call that was answered, for whoever asks what a program has sent."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class LoggedCall:
    """One API call, as the log keeps it."""

    method: str
    path: str
    request_id: str
    status: int | None = None
    idempotency_key: str | None = None
    replayed: bool = False
    params: dict[str, Any] = field(default_factory=dict)
    account: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The record; `status` is null when the line was cut."""
        return asdict(self)
