"""The memory of the sweep, kept in Stripe: up to when the books were read, and what has to be tried again.

One inactive Product holds it. Stripe merges metadata key by key, so each sweep writes under keys of its own and clears
only the keys that it has read: of several sweeps at once none loses what another wrote, and the mark, which is the
latest time among all keys, only moves forward.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import stripe
import structlog

from backend.domain.metadata import MOST_CHARACTERS, SWEEP, SWEEP_MARK_ID
from backend.domain.stripe_time import stripes_time
from backend.services.reads import metadata_of
from backend.services.write_outcome import answered_at, error_code
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

# Stripe documents that lists are consistent, and not how late a line of the books may appear.
OVERLAP_SECONDS = 3 * 3_600
# With no mark: longer than Stripe keeps events.
LOOK_BACK_SECONDS = 35 * 86_400

# Of the 50 metadata keys an object may have: three sweeps at once fit.
_MOST_CARRY_KEYS = 15
_HEAD = re.compile(r"([0-9]{1,12})(?::([0-9]{1,12}))?", re.ASCII)
_ID = re.compile(r"[a-z]+_[A-Za-z0-9_]+", re.ASCII)


@dataclass(frozen=True)
class Mark:
    """The memory as it was read. Times are Stripe's, in unix seconds.

    ``until``: the latest time up to which a sweep has read all; None where no sweep has, or it cannot be read.
    ``again``: the time from which to look again, because more had to be carried than fits. ``at``: the time of
    reading. ``keys``: the metadata keys that were read, each with its value.
    """

    until: int | None = None
    again: int | None = None
    carried: tuple[str, ...] = ()
    at: int | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    exists: bool = True

    @property
    def start(self) -> int | None:
        """The time from which the next sweep reads the books; None where there is no time to reckon from."""
        if self.until is None:
            return None if self.at is None else self.at - LOOK_BACK_SECONDS
        start = self.until - OVERLAP_SECONDS
        return start if self.again is None else min(start, self.again)


def read_mark(client: stripe.StripeClient) -> Mark:
    """The memory of the sweeps so far, those under an earlier name of the deployment where there is none under this.

    Raises what Stripe raises, save that there is none yet.
    """
    own, *earlier = (partial(mark_of, client, product_id) for product_id in namespace_of(client).owns(SWEEP_MARK_ID))
    mark = own()
    if mark.exists or not earlier:
        return mark
    marks = [read() for read in earlier]
    untils = [one.until for one in marks if one.until is not None]
    agains = [one.again for one in marks if one.again is not None]
    carried = dict.fromkeys(one for mark in marks for one in mark.carried)
    # The keys are the other Product's, and stay there.
    return replace(
        mark,
        until=min(untils) if len(untils) == len(marks) else None,
        again=min(agains, default=None),
        carried=tuple(carried),
    )


def mark_of(client: stripe.StripeClient, product_id: str) -> Mark:
    """The memory that one Product holds. Raises as ``read_mark`` does."""
    try:
        product = client.v1.products.retrieve(product_id)
    except stripe.InvalidRequestError as error:
        if error.http_status != 404 and error_code(error) != "resource_missing":
            raise
        return Mark(at=stripes_time(error.headers), exists=False)
    at = answered_at(product)
    if getattr(product, "deleted", False):
        return Mark(at=at, exists=False)
    keys = {key: value for key, value in metadata_of(product).items() if key.startswith(SWEEP)}
    return _mark_of(keys, at)


def _mark_of(keys: Mapping[str, str], at: int | None) -> Mark:
    heads = [match for match in map(_HEAD.fullmatch, keys.values()) if match]
    untils = [int(head[1]) for head in heads]
    # A time that has not come yet is damage: from it on nothing would ever be looked at.
    believed = [until for until in untils if until and (at is None or until <= at + OVERLAP_SECONDS)]
    agains = [int(head[2]) for head in heads if head[2]]
    lists = [value for value in keys.values() if not _HEAD.fullmatch(value)]
    carried = [word for text in lists for word in text.split(",") if _ID.fullmatch(word)]
    return Mark(
        until=max(believed, default=None),
        again=min(agains, default=None),
        carried=tuple(dict.fromkeys(carried)),
        at=at,
        keys=keys,
    )


def write_mark(
    client: stripe.StripeClient, mark: Mark, until: int | None, carried: Collection[str], again: int | None, start: int
) -> None:
    """Leave the memory for the next sweep. Raises what Stripe raises.

    ``carried``: the ids to try again, the most urgent first. Those beyond the room there is are dropped, and the next
    sweep starts at ``start`` again, the time from which this one has looked: they are found there, as they were now.
    ``again``: look again from there in any case.
    """
    lists, left_out = _packed(carried)
    again = start if left_out else again
    if _says_the_same(mark, until, set(carried), again):
        return
    own = f"{SWEEP}{secrets.token_hex(4)}"
    head = str(until or 0) if again is None else f"{until or 0}:{again}"
    written = {own: head, **{f"{own}_{number}": text for number, text in enumerate(lists)}}
    _write(client, mark, {**dict.fromkeys(mark.keys, ""), **written})
    if left_out:
        log.warning("sweep.carries_too_much", left_out=left_out, again=again)


def _says_the_same(mark: Mark, until: int | None, carried: set[str], again: int | None) -> bool:
    heads = [value for value in mark.keys.values() if _HEAD.fullmatch(value)]
    same = (mark.until, mark.again, set(mark.carried)) == (until, again, carried)
    return same and len(heads) == (1 if until or carried else 0)


def _packed(carried: Collection[str]) -> tuple[list[str], int]:
    """The ids in as few values as hold them, and the number of those that found no room."""
    lists: list[str] = []
    for position, one in enumerate(carried):
        if lists and len(lists[-1]) + 1 + len(one) <= MOST_CHARACTERS:
            lists[-1] = f"{lists[-1]},{one}"
        elif len(lists) < _MOST_CARRY_KEYS:
            lists.append(one)
        else:
            return lists, len(carried) - position
    return lists, 0


def _write(client: stripe.StripeClient, mark: Mark, metadata: dict[str, str]) -> None:
    """No idempotency key: a sweep's keys are its own, and the same values twice are the same."""
    writes = [_update, _create] if mark.exists else [_create, _update]
    try:
        writes[0](client, metadata)
    except stripe.InvalidRequestError:
        # It is there after all, or is not: another sweep, or a person, was quicker, or it could not be read.
        writes[1](client, metadata)


def _update(client: stripe.StripeClient, metadata: dict[str, str]) -> None:
    changes: Any = {"metadata": metadata}
    client.v1.products.update(namespace_of(client).own(SWEEP_MARK_ID), changes)


def _create(client: stripe.StripeClient, metadata: dict[str, str]) -> None:
    client.v1.products.create(
        {
            "id": namespace_of(client).own(SWEEP_MARK_ID),
            "name": "The mark of the sweep: do not delete",
            "active": False,
            "metadata": {**namespace_of(client).mark, **{key: value for key, value in metadata.items() if value}},
        }
    )
