"""One probe for each switch of the sandbox: it looks through the API alone, and returns the choice that it sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import stripe

from tests.sandbox.account_probes import ACCOUNTS_V2_PROBES
from tests.sandbox.conftest import Platform

URLS: Any = {"type": "account_onboarding", "return_url": "http://a", "refresh_url": "http://a"}


def _refusal(call: Callable[[], Any]) -> stripe.StripeError | None:
    try:
        call()
    except stripe.StripeError as error:
        return error
    return None


def _status(call: Callable[[], Any]) -> int | None:
    error = _refusal(call)
    return error.http_status if error else None


def _unknown_account(platform: Platform) -> Any:
    return _status(lambda: platform.v1.account_links.create(URLS | {"account": "acct_1"}))


def _unready_coach_is_refused(platform: Platform) -> Any:
    payment, coach = platform.paid(), platform.coach(ready=False)
    return _refusal(lambda: platform.transfer(payment, coach, 100)) is not None


def _charge_has_later_metadata(platform: Platform) -> Any:
    payment: Any = platform.paid(metadata={"a": "1"})
    platform.v1.payment_intents.update(payment.id, {"metadata": {"a": "2"}})
    return platform.v1.charges.retrieve(payment.latest_charge.id).metadata.a == "2"


def _product(platform: Platform) -> Any:
    return platform.v1.products.create({"id": "p", "name": "P"})


def _deleted_id(platform: Platform) -> Any:
    _product(platform)
    platform.v1.products.delete("p")
    return "taken" if _refusal(lambda: _product(platform)) else "free"


def _announced(platform: Platform) -> Any:
    coach = platform.coach()
    platform.transfer(platform.paid(), coach, 100)
    options: Any = {"stripe_account": coach}
    kinds = {event.type for event in platform.v1.events.list({}, options).data}
    found = sorted({"payment.created", "charge.succeeded"} & kinds)
    return found[0] if len(found) == 1 else "both"


def _duplicate(platform: Platform) -> Any:
    _product(platform)
    return _status(lambda: _product(platform))


def _excess_code(platform: Platform) -> Any:
    payment, coach = platform.paid(), platform.coach()
    transfer = platform.transfer(payment, coach, 100)
    codes = {
        _refusal(lambda: platform.transfer(payment, coach, 10_000)).code,
        _refusal(lambda: platform.v1.transfers.reversals.create(transfer.id, {"amount": 101})).code,
    }
    (code,) = codes
    return code


def _failed_charge(platform: Platform) -> Any:
    intent = platform.paid(card="pm_card_authenticationRequired")
    platform.control(f"/payment_intents/{intent.id}/authenticate", passed=False)
    after: Any = platform.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert after.last_payment_error.code == "payment_intent_authentication_failure"
    return after.latest_charge is not None and after.latest_charge.status == "failed"


def _key_scope(platform: Platform) -> Any:
    coach = platform.coach()
    for options in ({}, {"stripe_account": coach}):
        given: Any = {**options, "idempotency_key": "k"}
        made = platform.v1.customers.create({}, given)
    return "platform" if "Idempotent-Replayed" in made.last_response.headers else "account"


def _fresh_capability(platform: Platform) -> Any:
    return platform.v1.accounts.retrieve(platform.coach(ready=False)).capabilities.transfers


def _other_group(platform: Platform) -> Any:
    payment, coach = platform.paid(transfer_group="mine"), platform.coach()
    made: list[Any] = []
    error = _refusal(lambda: made.append(platform.transfer(payment, coach, 100, transfer_group="other")))
    assert not made or made[0].transfer_group == "mine"
    return "refused" if error else "ignored"


def _publishable(platform: Platform) -> Any:
    return _status(platform.browser.balance.retrieve)


def _previous(platform: Platform) -> Any:
    platform.v1.refunds.create({"payment_intent": platform.paid().id})
    (event,) = platform.v1.events.list({"type": "charge.refunded"}).data
    return "previous_attributes" in event.data


def _room(platform: Platform) -> Any:
    payment, coach = platform.paid(), platform.coach()
    first = platform.transfer(payment, coach, 10_000)
    platform.v1.transfers.reversals.create(first.id, {"amount": 4_000})
    assert _refusal(lambda: platform.transfer(payment, coach, 4_001))
    return _refusal(lambda: platform.transfer(payment, coach, 4_000)) is None


def _clauses(platform: Platform) -> Any:
    query = " OR ".join(['status:"succeeded"'] * 11)
    return 10 if _refusal(lambda: platform.v1.payment_intents.search({"query": query})) else None


def _unpaid_refund(platform: Platform) -> Any:
    intent = platform.v1.payment_intents.create({"amount": 500, "currency": "cad"})
    error: Any = _refusal(lambda: platform.v1.refunds.create({"payment_intent": intent.id}))
    return error.code


def _appealed(platform: Platform) -> Any:
    dispute = platform.control("/disputes", charge=platform.paid().latest_charge.id)
    platform.control(f"/disputes/{dispute['id']}/win")
    platform.control(f"/disputes/{dispute['id']}/appeal")
    moved = len(platform.v1.disputes.retrieve(dispute["id"]).balance_transactions)
    return {2: "decision", 3: "opening"}[moved]


def _bounced_intent(platform: Platform) -> Any:
    platform.control("/behaviour", debit_bounces_as="failure")
    return _bounced(platform).status == "requires_payment_method"


def _bounced(platform: Platform) -> Any:
    intent = platform.paid(card="pm_acssDebit_success")
    platform.control(f"/payment_intents/{intent.id}/settle")
    platform.control(f"/charges/{intent.latest_charge.id}/bounce")
    return platform.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})


def _booked(platform: Platform) -> Any:
    platform.paid(card="pm_acssDebit_success")
    return "pending" if platform.v1.balance_transactions.list({}).data else "success"


def _bounces_as(platform: Platform) -> Any:
    return {"failed": "failure", "succeeded": "dispute"}[_bounced(platform).latest_charge.status]


def _deletion_tells(platform: Platform) -> Any:
    platform.control("/webhooks", url="http://hook.test", connect=True)
    platform.v1.accounts.delete(platform.coach())
    platform.sandbox.deliver_due()
    return any(b"account.application.deauthorized" in body for _, body, _ in platform.received)


def _failed_refund_lowers(platform: Platform) -> Any:
    payment = platform.paid()
    refund = platform.v1.refunds.create({"payment_intent": payment.id})
    platform.control(f"/refunds/{refund.id}/fail")
    return platform.v1.charges.retrieve(payment.latest_charge.id).amount_refunded == 0


def _gone(platform: Platform) -> Any:
    error: Any = _refusal(lambda: platform.transfer(platform.paid(), "acct_0000000000000000", 100))
    assert error.http_status == (403 if error.error.code == "account_invalid" else 400)
    return error.error.code


def _pending_counts(platform: Platform) -> Any:
    platform.control("/behaviour", refund_waits_for_balance=True)
    payment = platform.paid()
    platform.v1.refunds.create({"payment_intent": payment.id})
    return platform.v1.charges.retrieve(payment.latest_charge.id).amount_refunded > 0


def _prevented_closed(platform: Platform) -> Any:
    platform.control("/disputes", charge=platform.paid().latest_charge.id, case_type="block")
    return len(platform.v1.events.list({"type": "charge.dispute.closed"}).data) == 1


def _dispute_marks(platform: Platform) -> Any:
    charge = platform.paid().latest_charge.id
    platform.control("/disputes", charge=charge)
    return platform.v1.charges.retrieve(charge).disputed


def _prevented_pays(platform: Platform) -> Any:
    platform.control("/disputes", charge=platform.paid().latest_charge.id, case_type="resolution")
    (dispute,), refunds = platform.v1.disputes.list({}).data, platform.v1.refunds.list({}).data
    assert bool(refunds) != bool(dispute.balance_transactions)
    return "refund" if refunds else "dispute"


def _refund_status(platform: Platform) -> Any:
    return platform.v1.refunds.create({"payment_intent": platform.paid().id}).status


def _refund_waits(platform: Platform) -> Any:
    return _refund_status(platform) == "pending"


def _fees(platform: Platform) -> Any:
    payment: Any = platform.paid(card="pm_card_fr", capture_method="automatic")
    fee = platform.v1.balance_transactions.retrieve(payment.latest_charge.balance_transaction).fee
    return "flat" if fee == 320 else "by_country"


def _calls_are_counted(platform: Platform) -> Any:
    return 429 in {platform.raw("GET", "/v1/balance").status_code for _ in range(26)}


def _numbers_from_servers(platform: Platform) -> Any:
    card: Any = {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2040}}
    return _refusal(lambda: platform.v1.payment_methods.create(card)) is None


PROBES: dict[str, Callable[[Platform], Any]] = {
    "account_link_unknown_account": _unknown_account,
    "appeal_moves_funds": _appealed,
    "bounce_reopens_intent": _bounced_intent,
    "capabilities_enforced": _unready_coach_is_refused,
    "charge_follows_metadata": _charge_has_later_metadata,
    "debit_booked": _booked,
    "debit_bounces_as": _bounces_as,
    "deleted_account_tells": _deletion_tells,
    "deleted_product_id": _deleted_id,
    "destination_payment_event": _announced,
    "dispute_marks_charge": _dispute_marks,
    "duplicate_product_status": _duplicate,
    "excess_code": _excess_code,
    "failed_challenge_leaves_charge": _failed_charge,
    "failed_refund_lowers_charge": _failed_refund_lowers,
    "gone_destination_code": _gone,
    "key_scope": _key_scope,
    "new_capability": _fresh_capability,
    "other_transfer_group": _other_group,
    "pending_refund_counts": _pending_counts,
    "prevented_is_closed": _prevented_closed,
    "prevented_pays": _prevented_pays,
    "publishable_key_status": _publishable,
    "fees": _fees,
    "rate_limits": _calls_are_counted,
    "raw_card_numbers": _numbers_from_servers,
    "refund_begins": _refund_status,
    "refund_waits_for_balance": _refund_waits,
    "refunded_tells_previous": _previous,
    "reversals_free_source_room": _room,
    "search_clauses_max": _clauses,
    "unpaid_refund_code": _unpaid_refund,
    **ACCOUNTS_V2_PROBES,
}
