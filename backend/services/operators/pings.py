"""Pings of our own: every machine of the backend has to answer one under a new secret before the old endpoint goes.

Stripe keeps no record of which machine took a delivery, and this backend keeps none at all. So the proof is an answer: a
signed ping that a machine took names that machine. The number of machines is the operator's word (MACHINES).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import platform
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass

PING = "v2.core.event_destination.ping"
# For each machine: enough for a balancer that chooses at random to reach each of a few, and for a worker left over to show.
PINGS_PER_MACHINE = 20

# Posts a body with a signature to an address, and answers with the status and the name of the machine.
Send = Callable[[str, bytes, str], tuple[int, str | None]]


@dataclass(frozen=True)
class Pinged:
    """The answers to the pings: how many were sent and taken, and the machines that took them."""

    sent: int
    taken: int
    machines: frozenset[str]

    def is_enough(self, machines: int) -> bool:
        """True if no ping was refused and as many machines answered as there are."""
        return self.taken == self.sent > 0 and len(self.machines) >= machines


def machine_name() -> str:
    """The name under which this machine answers: not its host name, which is nobody's business."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:12]


def ping_machines(
    url: str, known_secrets: Collection[str], machines: int, now: Callable[[], int], send: Send
) -> Pinged:
    """Ping the address under each secret, twenty times for each machine."""
    answers = [
        send(url, body, _signed(body, secret, now()))
        for secret in known_secrets
        for body in (_ping(now()) for _ in range(PINGS_PER_MACHINE * machines))
    ]
    taken = [machine for status, machine in answers if status == 200]
    return Pinged(len(answers), len(taken), frozenset(machine for machine in taken if machine))


def _ping(now: int) -> bytes:
    event = {"id": f"evt_ping_{secrets.token_hex(8)}", "object": "v2.core.event", "type": PING, "livemode": False}
    return json.dumps(event).encode()


def _signed(body: bytes, secret: str, now: int) -> str:
    digest = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={now},v1={digest}"
