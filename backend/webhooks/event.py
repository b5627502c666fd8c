"""A verified event, as the handlers see it: of the shape that they read, or refused before any of them runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from backend.domain.membership import named_before, named_payments

# Of everything at Stripe: an event, an object, an account. It is put into an address.
_ID = re.compile(r"[A-Za-z0-9_-]{1,255}", re.ASCII)
_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{1,64}", re.ASCII)
_LONGEST_TEXT = 500
_YEAR_2286 = 10**10


class NotAnEvent(ValueError):
    """Signed, but not a snapshot event as Stripe sends it. ``str()`` names the field."""


@dataclass(frozen=True)
class Event:
    """A verified event. ``object`` is a snapshot of the past; ``account`` is set for a coach's account.

    Of a thin one, ``object`` has the id alone, until ``webhooks/thin.py`` has read it.

    ``created``: unix seconds, as far as the event says. ``previous``: the fields that changed, with their old values.
    """

    id: str
    type: str
    account: str | None
    livemode: bool
    created: int | None
    object: Mapping[str, Any]
    previous: Mapping[str, Any] | None = None
    is_thin: bool = False

    @property
    def metadata(self) -> Mapping[str, str]:
        """The metadata of the object, as it was."""
        return self.object.get("metadata") or {}

    @property
    def named_payments(self) -> frozenset[str]:
        """The payments that the object's metadata names."""
        return named_payments(self.metadata)

    @property
    def payments_named_before(self) -> frozenset[str]:
        """The payments that its metadata named before the change."""
        return named_before(self.previous)


def read_event(document: Any, handled: Iterable[str]) -> Event:
    """The event in a JSON document. Raises ``NotAnEvent``.

    ``handled``: the types that somebody reads. Of the objects of other types nothing is asked but to be objects.
    """
    fields = _mapping(document, "body")
    data = _mapping(fields.get("data"), "data")
    kind = check_field(fields, "type", is_word)
    event = Event(
        id=check_field(fields, "id", is_word),
        type=kind,
        account=check_field(fields, "account", or_none(is_account)),
        livemode=check_field(fields, "livemode", or_none(is_boolean)) or False,
        created=check_field(fields, "created", or_none(_is_time)),
        object=_mapping(data.get("object"), "data.object"),
        previous=check_field(data, "previous_attributes", or_none(is_previous)),
    )
    return check_object(event) if kind in handled else event


def check_object(event: Event) -> Event:
    """The event, once all that is read of its object was checked: with the ids of what was expanded."""
    whole = event.object
    needed = {"id": is_id} | _NEEDED.get(event.type.partition(".")[0], {})
    for name, is_sound in (_OPTIONAL | needed).items():
        check_field(whole, name, is_sound)
    ids = {name: _id_of(whole.get(name)) for name in _REFERENCES}
    return Event(**{**vars(event), "object": {**whole, **ids}})


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise NotAnEvent(name)
    return value


def check_field(fields: Mapping[str, Any], name: str, is_sound: Callable[[Any], bool]) -> Any:
    """The value of a field that ``is_sound`` takes. Raises ``NotAnEvent`` with the field's name."""
    value = fields.get(name)
    if not is_sound(value):
        raise NotAnEvent(name)
    return value


def or_none(is_sound: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """A check that takes None too."""
    return lambda value: value is None or is_sound(value)


def is_word(value: Any) -> bool:
    """True for a short text that is not empty."""
    return isinstance(value, str) and 1 <= len(value) <= 255


def is_text(value: Any) -> bool:
    """True for a text of bounded length."""
    return isinstance(value, str) and len(value) <= _LONGEST_TEXT


def is_id(value: Any) -> bool:
    """True for the id of an object."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_account(value: Any) -> bool:
    """True for the id of an account."""
    return isinstance(value, str) and _ACCOUNT.fullmatch(value) is not None


def is_mapping(value: Any) -> bool:
    """True for a JSON object."""
    return isinstance(value, dict)


def is_boolean(value: Any) -> bool:
    """True for a boolean."""
    return isinstance(value, bool)


def _is_time(value: Any) -> bool:
    return type(value) is int and 0 <= value < _YEAR_2286


def _is_amount(value: Any) -> bool:
    return type(value) is int and 0 <= value < 10**12


def _is_metadata(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def is_previous(value: Any) -> bool:
    """Of the fields that changed only the metadata is read; a key that was not there before is null."""
    before = value.get("metadata") if isinstance(value, dict) else None
    known = [text for text in before.values() if text is not None] if isinstance(before, dict) else before or []
    return isinstance(value, dict) and isinstance(known, list) and all(isinstance(text, str) for text in known)


def _is_reference(value: Any) -> bool:
    return is_id(value) or (isinstance(value, dict) and is_id(value.get("id")))


def _id_of(reference: str | dict[str, Any] | None) -> str | None:
    return str(reference["id"]) if isinstance(reference, dict) else reference


def _is_error(value: Any) -> bool:
    parts = [value.get(name) for name in ("code", "decline_code", "charge")] if isinstance(value, dict) else [0]
    return all(part is None or is_text(part) for part in parts)


def _is_list_of_reversals(value: Any) -> bool:
    data = value.get("data") if isinstance(value, dict) else 0
    return data is None or (
        isinstance(data, list) and all(isinstance(one, dict) and _OWN_METADATA(one.get("metadata")) for one in data)
    )


_OWN_METADATA = or_none(_is_metadata)
_REFERENCES = ("payment_intent", "charge", "source_transaction", "destination", "failure_balance_transaction")
# The fields that handlers read. Stripe leaves out or nulls what does not apply.
_OPTIONAL: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_REFERENCES, or_none(_is_reference)),
    **dict.fromkeys(("status", "currency", "fraud_type", "failure_code", "transfer_group"), or_none(is_text)),
    "amount": or_none(_is_amount),
    "metadata": _OWN_METADATA,
    "actionable": or_none(is_boolean),
    "last_payment_error": or_none(_is_error),
    "reversals": or_none(_is_list_of_reversals),
}
# And those that are told on, so that they have to be there, by the kind of the object.
_MONEY: dict[str, Callable[[Any], bool]] = {"amount": _is_amount, "currency": is_text}
_NEEDED = {"transfer": _MONEY, "payout": _MONEY}
