"""Identifiers of Stripe's shape, from a seeded source so that a run can be repeated exactly."""

import random
import string
from typing import Any

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
# Characters after the prefix; every other kind of object has 24.
LENGTHS = {"cus": 14, "acct": 16, "req": 14, "prod": 14, "whsec": 32}
# A PaymentIntent, its charge, refunds, balance transactions and source-linked transfers begin alike.
SHARED_LEAD = 17


class Ids:
    """Makes ids. Not thread-safe: call it under the world's lock."""

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(seed)
        self._reserved: dict[str, list[str]] = {}

    def dump(self) -> Any:
        """The position of the source of ids, to be saved."""
        return self.random.getstate()

    def load(self, saved: Any) -> None:
        """Go on from what was saved: no id is made twice."""
        self.random.setstate(saved)

    def text(self, length: int) -> str:
        """`length` random letters and digits."""
        return "".join(self.random.choices(ALPHABET, k=length))

    def reserve(self, **ids: str) -> None:
        """Give these ids, each under its prefix, to the next objects instead of fresh ones."""
        for prefix, one in ids.items():
            self._reserved.setdefault(prefix, []).append(one)

    def _given(self, prefix: str) -> str | None:
        return self._reserved[prefix].pop(0) if self._reserved.get(prefix) else None

    def new(self, prefix: str) -> str:
        """A fresh id: `new("cus")` is `cus_` and 14 characters."""
        given = self._given(prefix)
        if given is not None:
            return given
        return f"{prefix}_{self.text(LENGTHS.get(prefix, 24))}"

    def sibling(self, prefix: str, of: str) -> str:
        """An id that shares its first 17 characters with `of`, as those of one payment do."""
        given = self._given(prefix)
        if given is not None:
            return given
        lead = of.partition("_")[2][:SHARED_LEAD]
        return f"{prefix}_{lead}{self.text(24 - len(lead))}"
