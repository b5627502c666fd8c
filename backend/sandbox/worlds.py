"""Worlds apart: many platforms in one process, each with its own objects, keys, clock, pages, webhooks and faults.

A key with a suffix opens one: `sk_test_sandbox_w7` and `pk_test_sandbox_w7` are of the world `w7`, which is made when it is
first asked for. Its pages are found by the ids in their addresses, and its dashboard under `w7.localhost`. Any other key opens
the shared world, whatever the path names.
"""

import re
import threading
from typing import Generic, Protocol, Self, TypeVar

from werkzeug import Request

from .state.world import World
from .wire.errors import StripeError, invalid, missing
from .wire.http import api_key
from .wire.keys import world_of

WORLDS_MAX = 1_000
NAME = re.compile(r"[a-z0-9]{1,40}", re.ASCII)
# What is the same in every world, or says itself whose it is.
_SHARED = re.compile(r"/(static|v3|elements)/|/_sandbox/coverage")


class OneWorld(Protocol):
    """A sandbox, as far as it is one world of many."""

    world: World

    def beside(self, name: str, seed: int | None) -> Self:
        """A sandbox of its own, at the same address and with the same receiver."""

    def close(self) -> None:
        """End what runs by itself, at once."""


S = TypeVar("S", bound=OneWorld)


class Worlds(Generic[S]):
    """The worlds beside the one that all other keys share."""

    def __init__(self, shared: S) -> None:
        self._shared = shared
        self._lock = threading.Lock()
        self._worlds: dict[str, S] = {}

    def of(self, request: Request) -> S:
        """The world that a request is for: by its key, by the name of the host, or by an id in the path."""
        key = _key_of(request)
        name = world_of(key)
        if name is not None:
            return self.open(name)
        # A key says all: an id of another world is not there for it.
        if key is not None or not self._worlds:
            return self._shared
        host = request.host.partition(".localhost")
        named = self._worlds.get(host[0]) if host[1] else None
        return named or self._by_path(request.path) or self._shared

    def open(self, name: str, seed: int | None = None) -> S:
        """The world of that name, made if it is not there yet. Equal seeds give equal ids."""
        with self._lock:
            if name not in self._worlds:
                _check(name, len(self._worlds))
                self._worlds[name] = self._shared.beside(name, seed)
            return self._worlds[name]

    def make(self, name: str, seed: int | None = None) -> S:
        """A new world. Raises a 400 if there is one of that name."""
        if name in self._worlds:
            raise invalid(f"There is a world called {name} already.", "name")
        return self.open(name, seed)

    def drop(self, name: str) -> None:
        """Forget a world, with what it was about to deliver. Raises a 404 if there is none of that name."""
        with self._lock:
            world = self._worlds.pop(name, None)
        if world is None:
            raise missing("world", name, "name", 404)
        world.close()

    def names(self) -> list[str]:
        """Those that are there, oldest first."""
        return list(self._worlds)

    def all(self) -> list[S]:
        """The worlds themselves."""
        return list(self._worlds.values())

    def _by_path(self, path: str) -> S | None:
        """The world that knows an id in the path: the shared one first, then the newest."""
        if _SHARED.match(path):
            return None
        words = [word for word in path.split("/") if len(word) > 12]
        worlds = (self._shared, *reversed(self.all()))
        return next((one for one in worlds if any(one.world.knows(word) for word in words)), None)


def _key_of(request: Request) -> str | None:
    """The key of a request; Stripe.js sends its own as a field."""
    key = api_key(request)
    if key is not None or b"pk_test_" not in request.query_string + request.get_data():
        return key
    return str(request.values.get("key", "")) or None


def _check(name: str, count: int) -> None:
    if not NAME.fullmatch(name):
        raise invalid("The name of a world is made of at most 40 small letters and digits.", "name")
    if count >= WORLDS_MAX:
        raise StripeError(f"There are {count} worlds already. DELETE /_sandbox/worlds/{{name}} makes room.", status=429)
