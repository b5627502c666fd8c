"""Load by wrk: what is sent, and what came back. wrk is Debian's package of that name (``apt-get install wrk``)."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.servers import cpu_seconds
from tests.bench.shapes import COACH, Shapes, signed

FLOWS = ("purchases", "first", "webhooks", "health", "coaches")
# What a flow does at Stripe, by the name of the call in the upstream's counts.
WORK = {
    "purchases": "payment_intents.create",
    "first": "payment_intents.create",
    "coaches": "payment_intents.create",
    "webhooks": "payments",
}
PLAYERS, COACHES = 1_000, 10_000
# Webhooks that are ready for a second of load: more than any server here does.
_WEBHOOKS_A_SECOND = 3_000


def order(player: str, coach: str = COACH) -> dict[str, Any]:
    """The body of a purchase."""
    return {
        "coachId": coach,
        "coachName": "Dana",
        "sport": "badminton",
        "packageType": "package",
        "packageId": 1,
        "playerName": "Ann",
        "playerId": player,
        "customerEmail": f"{player}@example.com",
    }


@dataclass(frozen=True)
class Loaded:
    """The result of one load. Latencies are in milliseconds, of all answers; ``cpu`` is wrk's own, in seconds."""

    seconds: float
    answers: int
    not_ok: int
    errors: int
    timeouts: int
    p50: float
    p99: float
    cpu: float


def _number_of_a_payment(load: int, number: int) -> str:
    """The 24 characters after ``pi_``: letters and digits in turn, as in Stripe's. A row of digits could be a card number's."""
    digits = f"{load % 1000:03d}{number:07d}"
    return f"3Pd{''.join(map(str.__add__, 'QxMtwBLdkI', digits))}y"


def wrk() -> str:
    """The path of wrk."""
    found = shutil.which("wrk")
    assert found, "The load is made by wrk, which is missing. On Debian: apt-get install wrk"
    return found


class Load:
    """Makes the scripts of a server's load in a folder, and runs them."""

    def __init__(self, shapes: Shapes, folder: Path) -> None:
        self._shapes = shapes
        self._folder = folder
        self._made = 0

    def run(self, flow: str, url: str, connections: int, seconds: int) -> Loaded:
        """Load a server with a flow, each connection asking again as soon as it is answered."""
        self._made += 1
        script = self._folder / f"{flow}-{self._made}.lua"
        script.write_text(getattr(self, f"_{flow}")(seconds) + _DONE)
        words = [wrk(), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), url]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        time.sleep(max(0, seconds - 0.5))
        cpu = cpu_seconds(process.pid)
        output, _ = process.communicate(timeout=60)
        script.unlink()
        told: dict[str, Any] = json.loads(output.rpartition("BENCH ")[2])
        return Loaded(**told, cpu=cpu)

    def _health(self, seconds: int) -> str:
        return 'request = function() return "GET /health HTTP/1.1\\r\\nHost: bench\\r\\n\\r\\n" end\n'

    def _purchases(self, seconds: int) -> str:
        return self._order(f'"player" .. n % {PLAYERS}')

    def _first(self, seconds: int) -> str:
        return self._order(f'"first-{self._made}-" .. n')

    def _coaches(self, seconds: int) -> str:
        return self._order(f'"player" .. n % {PLAYERS}', f'"coach-" .. n % {COACHES}')

    def _order(self, player: str, coach: str = f'"{COACH}"') -> str:
        body = json.dumps(order("@player@", "@coach@"))
        body = body.replace("@player@", "' .. player .. '").replace("@coach@", f"' .. {coach} .. '")
        return f"""
            local n = 0
            request = function()
                n = n + 1
                local player = {player}
                local body = '{body}'
                return "POST /api/payments/create-intent HTTP/1.1\\r\\nHost: bench\\r\\nContent-Type: application/json" ..
                    "\\r\\nContent-Length: " .. #body .. "\\r\\n\\r\\n" .. body
            end
        """

    def _webhooks(self, seconds: int) -> str:
        """Signed now, and each payment once; where they run out, Lua fails and wrk ends."""
        stamp = int(time.time())
        event = self._shapes.event.replace("@created@", str(stamp - 2))
        lines = []
        for number in range((seconds + 1) * _WEBHOOKS_A_SECOND):
            n = _number_of_a_payment(self._made, number)
            lines.append(f"{n} {signed(event.replace('@n@', n), stamp)}\n")
        events = self._folder / "events.txt"
        events.write_text("".join(lines))
        parts = event.split("@n@")
        length = len(event) + (len(parts) - 1) * (24 - len("@n@"))
        pieces = ", ".join(f"[==[{part}]==]" for part in parts)
        return f"""
            local file, parts = assert(io.open("{events}")), {{{pieces}}}
            request = function()
                local line = file:read()
                local head = "POST /api/webhooks/stripe HTTP/1.1\\r\\nHost: bench\\r\\nContent-Type: application/json" ..
                    "\\r\\nContent-Length: {length}\\r\\nStripe-Signature: " .. line:sub(26) .. "\\r\\n\\r\\n"
                return head .. table.concat(parts, line:sub(1, 24))
            end
        """


_DONE = """
done = function(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        'BENCH {"seconds": %.4f, "answers": %d, "not_ok": %d, "errors": %d, "timeouts": %d, "p50": %.2f, "p99": %.2f}',
        summary.duration / 1e6, summary.requests, errors.status, errors.connect + errors.read + errors.write,
        errors.timeout, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
"""
