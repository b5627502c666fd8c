"""The transfers of one payment: all of them, and nobody else's; and the two writes that move money."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

import stripe
import structlog

from backend.domain.membership import Belongs, PaymentFacts, TransferFacts, belongs
from backend.domain.metadata import COACH_ID, PAYMENT, SLOT
from backend.domain.namespace import is_marked
from backend.domain.settlement import Pay, TakeBack, TransferRecord
from backend.services import objects
from backend.services.coach.account_lists import v2_accounts
from backend.services.coach.accounts import account_or_none
from backend.services.coach.registry import Registry
from backend.services.reads import PAGE, Payment, coach_of, get_or_none, id_of, list_all, metadata_of
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)

# How much of a coach's newer transfers one look goes through; the sweep has no such limit.
_MOST_PAGES = 3
_MOST_ACCOUNT_PAGES = 10


class UnclearTransfers(Exception):
    """A transfer to the coach names this payment in a way that a person has to explain, or names none at all where a
    person paid by hand: perhaps this payment was paid already.
    """


class ManyTransfers(Exception):
    """The coach was sent so much since the payment that looking through it is left to the sweep."""


@dataclass
class CoachLists:
    """Transfers by payee, and accounts by coach, to the last page. The sweep shares one, so that each is listed once."""

    _known: dict[str, tuple[int, list[stripe.Transfer]]] = field(default_factory=dict)
    _accounts: list[stripe.Account] | None = None

    def since(self, client: stripe.StripeClient, account_id: str, moment: int) -> list[stripe.Transfer]:
        """Every transfer to the account since a unix second, newest first."""
        known = self._known.get(account_id)
        if known is None or known[0] > moment:
            params: Any = {"destination": account_id, "created": {"gte": moment}, "limit": PAGE}
            known = self._known[account_id] = (moment, list_all(client.v1.transfers.list(params)))
        return [transfer for transfer in known[1] if transfer.created >= moment]

    def accounts(self, client: stripe.StripeClient) -> list[stripe.Account]:
        """Every connected account."""
        if self._accounts is None:
            self._accounts = [*list_all(client.v1.accounts.list({"limit": PAGE})), *v2_accounts(client)]
        return self._accounts


@dataclass(frozen=True)
class Found:
    """The transfers of a payment, oldest first, and its charge as Stripe had it while listing them (None: unknown)."""

    transfers: tuple[stripe.Transfer, ...] = ()
    charge: stripe.Charge | None = None


class TransferReader:
    """Finds the transfers of a payment. ``lists``: shared by a sweep; without, a look is bounded."""

    def __init__(self, client: stripe.StripeClient, registry: Registry, lists: CoachLists | None = None) -> None:
        self._client = client
        self._registry = registry
        self._lists = lists

    def of(self, payment: Payment, payee: str | None, adopting: bool = False) -> Found:
        """Every transfer that belongs to the payment, as wide as ``domain/membership.py`` says.

        Looked at are those to the payee since the charge, those that the payment names, and last the charge's own
        group, with the charge as it is then. Transfers of the group that are not the payment's are reported and
        left alone. ``adopting``: those to every account of the coach. Raises ``UnclearTransfers``, ``ManyTransfers``.
        """
        charge = _charge(payment)
        accounts = self._accounts(payment, payee, adopting)
        wide = {t.id: t for account in accounts for t in reversed(self._to(account, charge.created))}
        if self._lists is not None:
            # The list may be older than what this very sweep has taken back of them.
            wide |= {t.id: self._client.v1.transfers.retrieve(t.id) for t in wide.values() if _is_by_hand(t, payment)}
        if (adopting or payment.person_was_here) and any(facts_of(t).is_unnamed for t in wide.values()):
            raise UnclearTransfers
        group = {t.id: t for t in reversed(self._group(payment.group))}
        named = {t.id: t for t in self._named(payment, {*wide, *group})}
        # Stripe lists the newest first; of one second, too, the older ones come first here.
        listed = sorted((wide | named | group).values(), key=lambda one: one.created)
        mine = self._mine(payment, payee, listed, set(group))
        return Found(tuple(mine), _charge_among(mine, charge.id))

    def _accounts(self, payment: Payment, payee: str | None, adopting: bool) -> list[str]:
        accounts = [payee] if payee else []
        if adopting:
            accounts += [
                one.id
                for one in self._all_accounts()
                if coach_of(one, namespace_of(self._client)) == payment.purchase.coach_id
            ]
        return list(dict.fromkeys(accounts))

    def _all_accounts(self) -> list[stripe.Account]:
        if self._lists is not None:
            return self._lists.accounts(self._client)
        listed = self._client.v1.accounts.list({"limit": PAGE}).auto_paging_iter()
        return [*_bounded(listed, _MOST_ACCOUNT_PAGES), *_bounded(v2_accounts(self._client), _MOST_ACCOUNT_PAGES)]

    def _to(self, account_id: str, moment: int) -> list[stripe.Transfer]:
        if self._lists is not None:
            return self._lists.since(self._client, account_id, moment)
        params: Any = {"destination": account_id, "created": {"gte": moment}, "limit": PAGE}
        return _bounded(self._client.v1.transfers.list(params).auto_paging_iter(), _MOST_PAGES)

    def _group(self, group: str) -> list[stripe.Transfer]:
        params: Any = {"transfer_group": group, "limit": PAGE, "expand": ["data.source_transaction"]}
        return list_all(self._client.v1.transfers.list(params))

    def _named(self, payment: Payment, known: set[str]) -> Iterator[stripe.Transfer]:
        for transfer_id in payment.also_paid_by:
            if transfer_id in known:
                continue
            transfer = get_or_none(lambda one=transfer_id: self._client.v1.transfers.retrieve(one))  # type: ignore[misc]
            if transfer is not None:
                yield transfer

    def _mine(
        self, payment: Payment, payee: str | None, listed: list[stripe.Transfer], group: set[str]
    ) -> list[stripe.Transfer]:
        facts = PaymentFacts(
            payment.id,
            _charge(payment).id,
            payment.intent.currency,
            lambda one: self._is_payee(payment, payee, one),
            namespace_of(self._client),
        )
        mine = []
        for transfer in listed:
            match belongs(facts_of(transfer), facts):
                case Belongs.MINE:
                    mine.append(transfer)
                case Belongs.UNCLEAR:
                    log.warning("transfer.unclear", payment=payment.id, transfer=transfer.id)
                    raise UnclearTransfers
                case _ if transfer.id in group:
                    log.warning("transfer.stranger", payment=payment.id, transfer=transfer.id)
        return mine

    def _is_payee(self, payment: Payment, payee: str | None, account_id: str) -> bool:
        """True for the payee, those that it was before a release, and any account that was made for the coach."""
        if account_id == payee or account_id in payment.former_payees:
            return True
        account, coach_id = account_or_none(self._client, account_id), payment.purchase.coach_id
        if account is None:
            return self._registry.was_bound(coach_id, account_id)
        return coach_of(account, namespace_of(self._client)) == coach_id


def facts_of(transfer: stripe.Transfer) -> TransferFacts:
    """The parts of a transfer that say whose it is."""
    source = transfer.source_transaction
    expanded = None if source is None or isinstance(source, str) else source
    return TransferFacts(
        source=id_of(source),
        currency=transfer.currency,
        destination=str(id_of(transfer.destination)),
        metadata=metadata_of(transfer),
        source_payment=id_of(expanded.payment_intent) if expanded is not None else None,
        undone=transfer.amount_reversed >= transfer.amount,
    )


def _is_by_hand(transfer: stripe.Transfer, payment: Payment) -> bool:
    """True if the transfer may be the payment's and is not one that its group leads to."""
    facts = facts_of(transfer)
    return not is_marked(facts.metadata) and (payment.id in facts.named or facts.source == _charge(payment).id)


def _charge_among(mine: list[stripe.Transfer], charge_id: str) -> stripe.Charge | None:
    """The payment's charge, where one of its transfers was listed with its source."""
    for transfer in mine:
        source = transfer.source_transaction
        if source is not None and not isinstance(source, str) and source.id == charge_id:
            return source
    return None


def _bounded(items: Iterator[Any], pages: int) -> list[Any]:
    """The items of so many pages. Raises ``ManyTransfers`` if there are more."""
    some = list(islice(items, pages * PAGE + 1))
    if len(some) > pages * PAGE:
        raise ManyTransfers
    return some


def record_of(client: stripe.StripeClient, transfer: stripe.Transfer) -> TransferRecord:
    """The part of a transfer that settlement needs. Amount and number of reversals come from one answer."""
    reversals = list(getattr(transfer.reversals, "data", None) or [])
    count, amount = getattr(transfer.reversals, "total_count", None), transfer.amount_reversed
    if count is None or bool(count) != bool(amount):
        reversals = list_all(client.v1.transfers.reversals.list(transfer.id, {"limit": PAGE})) if amount else []
        count, amount = len(reversals), sum(one.amount for one in reversals)
    slots = (metadata_of(one).get(SLOT) for one in (transfer, *reversals))
    return TransferRecord(
        id=transfer.id,
        amount=transfer.amount,
        amount_reversed=amount,
        reversal_count=count,
        reversed_at=max((one.created for one in reversals), default=0),
        filled=frozenset(slot for slot in slots if slot is not None),
    )


def create_transfer(
    client: stripe.StripeClient, payment: Payment, step: Pay, destination: str, key: str
) -> stripe.Transfer:
    """Send the coach money. Everything in the request is derived, so equal views send equal bytes."""
    params: stripe.params.TransferCreateParams = {
        "amount": step.amount,
        "currency": payment.intent.currency,
        "destination": destination,
        "metadata": {
            **namespace_of(client).mark_of(payment.metadata),
            PAYMENT: payment.id,
            COACH_ID: payment.purchase.coach_id,
            SLOT: step.slot,
        },
    }
    if step.from_charge:
        # The charge, never the PaymentIntent: Stripe then sends even money that is still pending. The
        # group is the charge's by itself. The answer brings the charge as it is at that moment.
        params["source_transaction"] = _charge(payment).id
        params["expand"] = ["source_transaction"]
    else:
        params["transfer_group"] = payment.group
    transfer: stripe.Transfer = objects.create(client, "transfers", params, key)
    return transfer


def create_reversal(client: stripe.StripeClient, payment: Payment, step: TakeBack, key: str) -> stripe.TransferReversal:
    """Take money back from the coach. A refund never does this by itself."""
    metadata = {**namespace_of(client).mark_of(payment.metadata), PAYMENT: payment.id, SLOT: step.slot}
    return client.v1.transfers.reversals.create(
        step.transfer_id, {"amount": step.amount, "metadata": metadata}, {"idempotency_key": key}
    )


def _charge(payment: Payment) -> stripe.Charge:
    return cast("stripe.Charge", payment.charge)
