"""Finding the payments that somebody asks about, by whatever they have in hand. It reads a bounded number of pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import stripe

from backend.domain.membership import named_payments
from backend.domain.metadata import COACH_ACCOUNT_ID, COACH_ID, COACH_KEY
from backend.domain.namespace import Namespace
from backend.services.coach.accounts import account_or_none
from backend.services.errors import UnreadablePayment
from backend.services.operators.why_words import plain
from backend.services.reads import PAGE, coach_of, get_or_none, id_of, metadata_of, purchase_of
from backend.stripe_client.platform import namespace_of

# Pages of 100 of the newest charges, payments or transfers, where Stripe can be asked for nothing narrower.
_CHARGE_PAGES = 5
_PAYMENT_PAGES = 3
_MOST_CUSTOMERS = 5

_EXPANDED: Any = ["data.latest_charge"]


@dataclass(frozen=True)
class Found:
    """The payments that a query led to, newest first. ``intents``: those that were read on the way.

    ``looked``: how far the look went. ``remarks``: what else was seen. ``whole``: False if there may be more.
    """

    payment_ids: tuple[str, ...] = ()
    intents: tuple[stripe.PaymentIntent, ...] = ()
    looked: str = ""
    remarks: tuple[str, ...] = ()
    whole: bool = True


class Finder:
    """Finds payments. The kind of a query is told by its form; what has no form that Stripe gives is a coach id."""

    def __init__(self, client: stripe.StripeClient) -> None:
        self._client = client
        self._namespace = namespace_of(client)

    def find(self, query: str) -> Found:
        """The payments that ``query`` is about. At most fifteen calls."""
        query = typed(query)
        for form, look in self._kinds():
            if re.fullmatch(form, query, re.ASCII):
                return look(query)
        if "@" in query:
            return _together(self._of_player(query), self.of_coach(query))
        if re.fullmatch(r"[0-9]{4}", query, re.ASCII):
            return _together(self._of_card(query), self.of_coach(query))
        return self.of_coach(query)

    def _kinds(self) -> Iterable[tuple[str, Callable[[str], Found]]]:
        return (
            (r"pi_\w+", lambda one: Found((one,), looked=f"the payment {one}")),
            (r"session_\w+", lambda one: Found(("pi_" + one.removeprefix("session_"),), looked=f"the session {one}")),
            (r"(?:ch|py)_\w+", self._of_charge),
            (r"tr_\w+", self._of_transfer),
            (r"trr_\w+", self._of_reversal),
            (r"(?:re|pyr)_\w+", lambda one: self._named_by(one, "refund", self._client.v1.refunds.retrieve)),
            (r"(?:dp|du)_\w+", lambda one: self._named_by(one, "dispute", self._client.v1.disputes.retrieve)),
            (r"acct_\w+", self._of_account),
        )

    def _named_by(self, object_id: str, kind: str, retrieve: Callable[[str], Any]) -> Found:
        """A refund or dispute names its payment; one of a charge that had none names only the charge."""
        thing = get_or_none(lambda: retrieve(object_id))
        looked = f"the {kind} {object_id}"
        if thing is None:
            return Found(looked=looked)
        payment_id = id_of(getattr(thing, "payment_intent", None))
        if payment_id is not None:
            return Found((payment_id,), looked=looked)
        return Found(looked=looked, remarks=(f"The {kind} is of a charge that no payment of this backend made.",))

    def _of_charge(self, charge_id: str) -> Found:
        charges = self._client.v1.charges
        seen = self._named_by(charge_id, "charge", charges.retrieve)
        if not seen.payment_ids and not seen.remarks:
            remark = "If it is on a coach's own account (Stripe shows it beside a transfer), ask by the transfer: tr_…"
            return replace(seen, remarks=(remark,))
        return seen

    def _of_transfer(self, transfer_id: str) -> Found:
        params: Any = {"expand": ["source_transaction"]}
        transfer = get_or_none(lambda: self._client.v1.transfers.retrieve(transfer_id, params))
        looked = f"the transfer {transfer_id}"
        if transfer is None:
            return Found(looked=looked)
        source: Any = transfer.source_transaction
        paid_by = id_of(getattr(source, "payment_intent", None))
        named = sorted(named_payments(metadata_of(transfer)))
        payment_ids = (paid_by,) if paid_by is not None else tuple(named)
        if payment_ids:
            return Found(payment_ids, looked=looked)
        remark = (
            f"The transfer {transfer_id} went to {id_of(transfer.destination)} and names no payment. If it paid for one, "
            "write the payment's id into its metadata paymentIntentId; if for none, write none there."
        )
        return Found(looked=looked, remarks=(remark,))

    def _of_reversal(self, reversal_id: str) -> Found:
        """Stripe has no look-up of a reversal by its id alone, but its entry in the books leads to the transfer."""
        params: Any = {"source": reversal_id, "limit": 1, "expand": ["data.source"]}
        booked, refused = _asked(lambda: self._client.v1.balance_transactions.list(params).data)
        transfer_id = next((id_of(getattr(entry.source, "transfer", None)) for entry in booked or ()), None)
        looked = f"the reversal {reversal_id} in the platform's books"
        if refused is not None:
            looked += f" (Stripe refused: {refused})"
        return self._of_transfer(transfer_id) if transfer_id else Found(looked=looked)

    def _of_account(self, account_id: str) -> Found:
        account = account_or_none(self._client, account_id)
        coach_id = coach_of(account, self._namespace) if account is not None else None
        remarks: tuple[str, ...] = ()
        if account is None:
            remarks = (f"The account {account_id} is closed, never existed, or is not the platform's.",)
        elif coach_id is None:
            remarks = (f"The account {account_id} was made for no coach of this backend.",)
        seen = self._by_coach(coach_id, account_id)
        return replace(seen, looked=f"payments to {account_id}: {seen.looked}", remarks=remarks + seen.remarks)

    def of_coach(self, coach_id: str) -> Found:
        """The payments to a coach. At most four calls."""
        seen = self._by_coach(coach_id, None)
        return replace(seen, looked=f'payments to the coach "{plain(coach_id)}": {seen.looked}')

    def _by_coach(self, coach_id: str | None, account_id: str | None) -> Found:
        """Search, and beside it the newest payments: Search lags by a minute, and may be down."""

        def is_theirs(intent: stripe.PaymentIntent) -> bool:
            metadata = metadata_of(intent)
            theirs = account_id is not None and metadata.get(COACH_ACCOUNT_ID) == account_id
            return theirs or (coach_id is not None and metadata.get(COACH_ID) == coach_id)

        query: Any = {"query": _query(self._namespace, coach_id, account_id), "limit": PAGE, "expand": _EXPANDED}
        page, refused = _asked(lambda: self._client.v1.payment_intents.search(query))
        newest, whole = self._newest(1 if page is not None else _PAYMENT_PAGES)
        found_by_search = list(page.data) if page is not None else []
        seen = self._sold([one for one in (*found_by_search, *newest) if is_theirs(one)])
        if page is None:
            looked = f"Search cannot be used now ({refused}); looked at the newest {len(newest)} payments only"
            return replace(seen, looked=looked, whole=whole)
        more = ", of which Search has more" if page.has_more else ""
        looked = f"Search gave {len(found_by_search)}{more}, and the newest {len(newest)} payments were looked through"
        return replace(seen, looked=looked, whole=not page.has_more)

    def _of_player(self, email: str) -> Found:
        """Stripe compares addresses by case: as typed, and in lower case."""
        spellings = list(dict.fromkeys([email, email.lower()]))
        customers = {
            customer.id: customer
            for spelling in spellings
            for customer in self._client.v1.customers.list({"email": spelling, "limit": PAGE}).data
        }
        theirs: list[stripe.PaymentIntent] = []
        whole = len(customers) <= _MOST_CUSTOMERS
        for customer_id in list(customers)[:_MOST_CUSTOMERS]:
            params: Any = {"customer": customer_id, "limit": PAGE, "expand": _EXPANDED}
            page = self._client.v1.payment_intents.list(params)
            theirs += page.data
            whole = whole and not page.has_more
        newest, everything = self._newest(_PAYMENT_PAGES)
        theirs += [one for one in newest if email.lower() in _addresses(one)]
        looked = (
            f"the customers with the address {email} ({len(customers)}), and the receipt addresses of the newest "
            f"{len(newest)} payments"
        )
        return replace(self._sold(theirs), looked=looked, whole=whole and everything)

    def _of_card(self, last4: str) -> Found:
        params: Any = {"limit": PAGE, "expand": ["data.payment_intent"]}
        listed = self._client.v1.charges.list(params).auto_paging_iter()
        charges, whole = _first(listed, _CHARGE_PAGES)
        theirs = [one.payment_intent for one in charges if last4 in _last4s(one) and one.payment_intent]
        looked = f"the newest {len(charges)} charges for a card or account that ends in {last4}"
        return replace(self._sold(theirs), looked=looked, whole=whole)

    def _newest(self, pages: int) -> tuple[list[stripe.PaymentIntent], bool]:
        params: Any = {"limit": PAGE, "expand": _EXPANDED}
        return _first(self._client.v1.payment_intents.list(params).auto_paging_iter(), pages)

    def _sold(self, intents: Iterable[stripe.PaymentIntent]) -> Found:
        """Those that sold coaching, damaged ones too, newest first; the others are only counted."""
        every = {intent.id: intent for intent in intents}
        ours = sorted((one for one in every.values() if self._is_purchase(one)), key=lambda one: -one.created)
        others = len(every) - len(ours)
        remarks = (f"{others} more that match are not purchases of this backend.",) if others else ()
        return Found(tuple(one.id for one in ours), tuple(ours), remarks=remarks)

    def _is_purchase(self, intent: stripe.PaymentIntent) -> bool:
        try:
            return purchase_of(intent, self._namespace) is not None
        except UnreadablePayment:
            return True


def typed(query: str) -> str:
    """The id in what was pasted: an address of the Dashboard ends in it, and a client secret begins with it."""
    text = query.strip()
    if text.startswith("https://dashboard.stripe.com/"):
        text = text.split("?")[0].rstrip("/").rpartition("/")[2]
    return re.sub(r"_secret_\w*", "", text)


def _first(items: Iterator[Any], pages: int) -> tuple[list[Any], bool]:
    """The items of so many pages, and True if the last one was not full: then there are no more."""
    some = list(islice(items, pages * PAGE))
    return some, len(some) < pages * PAGE


def _query(namespace: Namespace, coach_id: str | None, account_id: str | None) -> str:
    parts = []
    if coach_id is not None:
        escaped = coach_id.replace("\\", "\\\\").replace('"', '\\"')
        parts += [f'metadata["{COACH_KEY}"]:"{one}"' for one in namespace.registry_ids(coach_id)]
        parts.append(f'metadata["{COACH_ID}"]:"{escaped}"')
    if account_id is not None:
        parts.append(f'metadata["{COACH_ACCOUNT_ID}"]:"{account_id}"')
    return " OR ".join(parts)


def _asked(read: Callable[[], Any]) -> tuple[Any, str | None]:
    """The answer, or the kind of the failure: a look goes on without it."""
    try:
        return read(), None
    except stripe.StripeError as error:
        return None, type(error).__name__


def _addresses(intent: stripe.PaymentIntent) -> set[str]:
    charge: Any = intent.latest_charge
    billing = getattr(charge, "billing_details", None)
    given = (intent.receipt_email, getattr(charge, "receipt_email", None), getattr(billing, "email", None))
    return {text.lower() for text in given if text}


def _last4s(charge: stripe.Charge) -> set[str]:
    """The digits that a receipt may show: the card's, and those that a phone put in their place."""
    details: Any = charge.payment_method_details
    method = getattr(details, str(getattr(details, "type", "")), None)
    wallet = getattr(method, "wallet", None)
    return {text for text in (getattr(method, "last4", None), getattr(wallet, "dynamic_last4", None)) if text}


def _together(*parts: Found) -> Found:
    """Several looks as one."""
    intents = {one.id: one for part in parts for one in part.intents}
    newest = sorted(intents.values(), key=lambda one: -one.created)
    return Found(
        tuple(one.id for one in newest),
        tuple(newest),
        "; ".join(part.looked for part in parts),
        tuple(remark for part in parts for remark in part.remarks),
        all(part.whole for part in parts),
    )
