"""The bugs that ``tests/planted.py`` plants: each is a mistake that payment systems really make.

The numbers are those of the rules in the design; the first bugs are older than the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bug:
    """A mistake: in ``path``, ``right`` becomes ``wrong``. ``tests``: the files that should see it, tried first."""

    name: str
    path: str
    right: str
    wrong: str
    tests: tuple[str, ...] = ()


_ACCOUNT_EVENTS = "backend/account_events.py"
_EVENTS = "backend/events.py"
_HOLDS = "backend/services/holds.py"
_JUDGE = "backend/domain/settlement.py"
_MANUAL = "backend/services/manual_transfers.py"
_MEMBERSHIP = "backend/domain/membership.py"
_NEWS = "backend/news.py"
_POSITIONS = "backend/services/positions.py"
_READS = "backend/services/reads.py"
_REFUNDS = "backend/services/refunds.py"
_SESSIONS = "backend/services/sessions.py"
_SETTLER = "backend/services/settlement.py"
_STEPS = "backend/services/steps.py"
_TRANSFERS = "backend/services/transfers.py"

_ANSWERS_TESTS = ("tests/money/test_answers.py",)
_CALLS_TESTS = ("tests/money/test_calls.py",)
_HOLDS_TESTS = ("tests/money/test_holds.py",)
_REFUND_TESTS = ("tests/money/test_refunds.py", "tests/money/test_refund_keys.py")
_SETTLE_TESTS = ("tests/money/test_settle.py",)
_SLOW_TESTS = ("tests/money/test_slow_money.py",)
_WEBHOOK_TESTS = ("tests/routes/test_webhooks.py",)
_WORLD_TESTS = ("tests/money/test_world.py",)

OF_ALWAYS = [
    Bug(
        "a random key for every attempt",
        _STEPS,
        'return f"{slot}:g{generation}" if generation else slot',
        'return slot + __import__("secrets").token_hex(8)',
        _ANSWERS_TESTS,
    ),
    Bug(
        "a key without a look at the list",
        _SETTLER,
        "and payment.at - charge.created < FRESH_PAYMENT",
        "",
        _SETTLE_TESTS,
    ),
    Bug(
        "a session id from the clock",
        "backend/domain/sessions.py",
        "return f\"session_{payment_id.removeprefix('pi_')}\"",
        'return f"session_{datetime.now(UTC).timestamp()}"',
        ("tests/unit/test_metadata_and_sessions.py",),
    ),
    Bug(
        "failures swallowed with a 200",
        "backend/routes/errors.py",
        "    response.status_code = failure.http_status\n",
        "    response.status_code = 200 if request.path.startswith('/api/webhooks') else failure.http_status\n",
        _WEBHOOK_TESTS,
    ),
    Bug(
        "a decision on the first page",
        _READS,
        "return list(page.auto_paging_iter())",
        "return list(page.data)",
        ("tests/money/test_long_lists.py",),
    ),
    Bug(
        "events told apart by their id alone",
        _EVENTS,
        '    handler(services, event)\n    return "handled"',
        "    seen = services.__dict__.setdefault('seen', set())\n    if event.id in seen:\n        return 'seen'\n"
        '    seen.add(event.id)\n    handler(services, event)\n    return "handled"',
        _ANSWERS_TESTS,
    ),
    Bug(
        "the PaymentIntent as source",
        _TRANSFERS,
        'params["source_transaction"] = _charge(payment).id',
        'params["source_transaction"] = payment.intent.id',
        _SETTLE_TESTS,
    ),
    Bug(
        "a fee in floating point, rounded half to even",
        "backend/domain/money.py",
        "fee = round_half_up(self.fraction * amount_minor)",
        "fee = round(float(self.fraction) * amount_minor)",
        ("tests/unit/test_money.py",),
    ),
    Bug(
        "acting on the payload",
        "backend/routes/payments.py",
        'return answer(ConfirmResponse(), {"session": session})',
        "object.__setattr__(session, 'sport', asked['session_data'].sport)\n"
        '    return answer(ConfirmResponse(), {"session": session})',
        ("tests/routes/test_payments.py",),
    ),
    Bug(
        "obeying the body's amount",
        _MANUAL,
        "if claim.amount != payment.intent.amount:",
        "if False:",
        ("tests/routes/test_connect.py",),
    ),
    Bug(
        "obeying the body's account",
        _MANUAL,
        "if claim.coach_account_id != payee:",
        "if False:",
        ("tests/routes/test_connect.py",),
    ),
    Bug(
        "today's percentage for an old payment",
        "backend/domain/metadata.py",
        "return FeeRate.from_percent(metadata[FEE_PERCENT])",
        'return FeeRate.from_percent("50")',
        _SETTLE_TESTS,
    ),
    Bug(
        "no transfer group at purchase",
        "backend/services/payments.py",
        '"transfer_group": f"purchase_{purchase_id}",',
        "",
        ("tests/routes/test_payments.py",),
    ),
    Bug(
        "ending before a read that is later than the write",
        _STEPS,
        "if not step.from_charge or _changed(cast(stripe.Charge, view.payment.charge), result.source_transaction):",
        "if False:",
        _SETTLE_TESTS,
    ),
    Bug(
        "stepping past a stored 500 at once",
        "backend/domain/notes.py",
        "return self.kind == UNKNOWN and (now is None or now - self.at <= UNKNOWN_SETTLES_AFTER)",
        "return False",
        ("tests/unit/test_settlement.py",),
    ),
    Bug(
        "a refund that waits for the coach's balance",
        _REFUNDS,
        "        except (stripe.StripeError, PaymentsError) as error:\n",
        "        except ZeroDivisionError as error:\n",
        _SETTLE_TESTS,
    ),
    Bug(
        "4: a hold that vouches for a stored 500",
        _JUDGE,
        "return self.note.kind == UNKNOWN and replayed",
        "return replayed",
        ("tests/unit/test_settlement.py",),
    ),
    Bug(
        "4: a refusal that was never seen to be pinned, taken for proof",
        _JUDGE,
        "return self.note.kind == UNKNOWN or self.note.pinned",
        "return True",
        ("tests/unit/test_settlement.py",),
    ),
    Bug(
        "4: the note of an open outcome cleared",
        _STEPS,
        "if note is not None and not open_still:",
        "if note is not None:",
        ("tests/money/test_notes.py",),
    ),
    Bug(
        "4: another slot paid while an earlier write may still come true",
        _STEPS,
        "if stands_in_the_way(payment.note, step, view.position, now):",
        "if False:",
        _WORLD_TESTS,
    ),
    Bug(
        "5: no look after the note that a coach is not ready",
        _STEPS,
        "if looked_already or not self._holds.lifted_meanwhile(view.payment, note, view.destination):",
        "if True:",
        _HOLDS_TESTS,
    ),
    Bug(
        "8: more from the charge than it brought",
        _JUDGE,
        "used + difference <= position.captured",
        "True",
        ("tests/unit/test_settlement.py",),
    ),
    Bug(
        "9: another's payment settled",
        _SETTLER,
        "if not (payment.purchase.ours or activation.adopt):",
        "if False:",
        ("tests/money/test_settlements.py",),
    ),
]

OF_THE_WIDER_WORLD = [
    Bug(
        "10: the names in a transfer's metadata ignored",
        _MEMBERSHIP,
        "named = transfer.source is None and payment.payment_id in transfer.named",
        "named = False",
        _WORLD_TESTS,
    ),
    Bug(
        "10: only our own key names a payment",
        _MEMBERSHIP,
        "texts = [value for key, value in metadata.items() if key not in _FREE_TEXTS]",
        'texts = [metadata.get(PAYMENT, "")]',
        _WORLD_TESTS,
    ),
    Bug(
        "10: only the group looked at",
        _TRANSFERS,
        "wide = {t.id: t for account in accounts for t in reversed(self._to(account, charge.created))}",
        "wide: dict[str, stripe.Transfer] = {}",
        _WORLD_TESTS,
    ),
    Bug(
        "10: an unclear transfer counted as none",
        _MEMBERSHIP,
        "return Belongs.UNCLEAR",
        "return Belongs.ANOTHERS",
        _WORLD_TESTS,
    ),
    Bug(
        "10: a hand-made transfer that an event told of, forgotten",
        "backend/services/hand_transfers.py",
        'client.v1.payment_intents.update(payment_id, {"metadata": {ALSO_PAID_BY: text}})',
        "pass",
        _WORLD_TESTS,
    ),
    Bug(
        "10: a transfer to anybody counted as the coach's",
        _MEMBERSHIP,
        " or not payment.is_payee(transfer.destination)",
        "",
        _WORLD_TESTS,
    ),
    Bug(
        "11: no marker on a payment that was adopted",
        _SETTLER,
        "        if adopting:\n",
        "        if False:\n",
        ("tests/money/test_adoption.py",),
    ),
    Bug(
        "12: the session told only once the money is settled",
        _EVENTS,
        "        teller.attempt(lambda: teller.session(payment, happened_at))\n"
        "    except UnreadablePayment:\n"
        '        log.warning("payment.unreadable", payment=payment_id)  # settling holds it, by name\n'
        "    settlement = services.settler.settle(payment_id, seen=payment, **how)\n",
        "    except UnreadablePayment:\n"
        "        pass\n"
        "    settlement = services.settler.settle(payment_id, seen=payment, **how)\n"
        "    teller.attempt(lambda: teller.session(payment, happened_at))\n",
        _WORLD_TESTS,
    ),
    Bug(
        "12: a subscriber's failure keeps the money back",
        _EVENTS,
        "        teller.attempt(lambda: teller.session(payment, happened_at))\n",
        "        teller.session(payment, happened_at)\n        teller.finish()\n",
        _WORLD_TESTS,
    ),
    Bug(
        "12: a subscriber's failure acknowledged",
        _NEWS,
        "        if self.failure is not None:\n            raise self.failure",
        "        pass",
        _WEBHOOK_TESTS,
    ),
    Bug(
        "14: one failure ends a coach's waiting payments",
        _ACCOUNT_EVENTS,
        "            unfinished = unfinished or error\n",
        "            raise\n",
        _WORLD_TESTS,
    ),
    Bug(
        "14: Search down ends the look for waiting payments",
        "backend/services/candidates.py",
        "        failure = error\n",
        "        raise\n",
        _WORLD_TESTS,
    ),
    Bug(
        "15: marker and unreadable taken for another's",
        _READS,
        "        if is_ours(metadata):\n            raise UnreadablePayment",
        "        if False:\n            raise UnreadablePayment",
        _WORLD_TESTS,
    ),
    Bug(
        "16: a reversal's key counted from a second answer",
        _TRANSFERS,
        "    if count is None or bool(count) != bool(amount):\n",
        "    count = len(every(client.v1.transfers.reversals.list(transfer.id)))\n    if count is None:\n",
        ("tests/money/test_snapshots.py",),
    ),
    Bug(
        "16: the charge read before the transfers",
        _POSITIONS,
        "found = self._transfers.of(payment, destination, adopting) if listed else Found(charge=payment.charge)",
        "found = self._transfers.of(payment, destination, adopting) if listed else Found()\n"
        "        found = replace(found, charge=payment.charge)",
        _WORLD_TESTS,
    ),
    Bug(
        "16: the machine's own clock decides",
        _READS,
        "return Payment(intent, purchase, charge if paid else None, answered_at(intent))",
        'return Payment(intent, purchase, charge if paid else None, int(__import__("time").time()))',
        _WORLD_TESTS,
    ),
    Bug(
        "17: the first transfer found is the answer",
        _MANUAL,
        "        if holding and nothing_waits:\n            return holding[0]",
        "        if settlement.transfers:\n            return settlement.transfers[0]",
        _WORLD_TESTS,
    ),
    Bug(
        "20: an equal refund a minute later made again",
        _REFUNDS,
        "        _check_repeat(request, look)\n",
        "",
        _REFUND_TESTS,
    ),
    Bug(
        "20: a caller's key is one per payment",
        _REFUNDS,
        'f"refund:{name}"',
        'f"refund:{request.payment_id}:{name}"',
        _REFUND_TESTS,
    ),
    Bug(
        "20: an earlier refund given as the answer",
        _REFUNDS,
        "lambda refund_id: None if refund_id in known else self._standing(refund_id)",
        "self._client.v1.refunds.retrieve",
        _REFUND_TESTS,
    ),
    Bug(
        "22: a debit's session counts from its charge",
        _SESSIONS,
        "if details is None or details.type in INSTANT_METHODS:",
        "if True:",
        _SLOW_TESTS,
    ),
    Bug(
        "22: the money's arrival written anew by whoever sees it",
        _SESSIONS,
        "known = _known(payment.metadata.get(PAID_AT), charge)",
        "known = None",
        _SLOW_TESTS,
    ),
    Bug(
        "23: a charge in another currency tried again at every look",
        _HOLDS,
        'Reason.SETTLEMENT_CURRENCY: float("inf")',
        'Reason.SETTLEMENT_CURRENCY: float("-inf")',
        _WORLD_TESTS,
    ),
    Bug(
        "23: a charge in another currency answered as an outage",
        _HOLDS,
        "return Reason.SETTLEMENT_CURRENCY if self._arrived_in_another_currency(payment) else Reason.REFUSED",
        "return Reason.MANY_TRANSFERS",
        _WORLD_TESTS,
    ),
    Bug(
        "24: a dispute's amount by its status",
        _READS,
        'booked = list(getattr(dispute, "balance_transactions", None) or [])',
        "booked: list[Any] = []",
        _SLOW_TESTS,
    ),
    Bug(
        "25: a debt taken whole or not at all",
        _STEPS,
        "part = self._part(view, step) if verdict == Next.HOLD else None",
        "part = None",
        _HOLDS_TESTS,
    ),
    Bug(
        "25: a part of a debt taken at every look",
        _JUDGE,
        "if taken_lately or not 0 < available",
        "if not 0 < available",
        _HOLDS_TESTS,
    ),
    Bug(
        "26: our own transfers looked at",
        _EVENTS,
        "if is_ours(ours) and SLOT in ours and PAYMENT in ours:",
        "if False:",
        _CALLS_TESTS,
    ),
    Bug(
        "26: transfers by hand taken for our own",
        _EVENTS,
        "if is_ours(ours) and SLOT in ours and PAYMENT in ours:",
        "if PAYMENT in ours:",
        _WORLD_TESTS,
    ),
    Bug(
        "26: reversals by hand taken for our own",
        _EVENTS,
        'if event.type == "transfer.reversed" and is_ours(newest) and SLOT in newest:',
        'if event.type == "transfer.reversed":',
        _SETTLE_TESTS,
    ),
]

# Changes by hand that once lived.
THAT_LIVED = [
    Bug(
        "a failed refund taken as standing",
        _READS,
        'NOT_REFUNDED = frozenset(["failed", "canceled"])',
        'NOT_REFUNDED = frozenset(["canceled"])',
        _SLOW_TESTS,
    ),
    Bug(
        "disputes left out of the sweep's candidates",
        "backend/services/candidates.py",
        "(*self._refunds, *self._disputes, *self._by_payment)",
        "(*self._refunds, *self._by_payment)",
    ),
    Bug(
        "a session told for a refunded payment",
        _NEWS,
        "if not payment.purchase.ours or not is_open(self._services.client, payment):",
        "if not payment.purchase.ours:",
        _WORLD_TESTS,
    ),
    Bug(
        "registry entries remembered for ever",
        "backend/services/registry.py",
        "return entry if time.monotonic() < until else None",
        "return entry",
    ),
    Bug(
        "a transfer in another currency counted",
        _MEMBERSHIP,
        " or transfer.currency != payment.currency",
        "",
        _WORLD_TESTS,
    ),
    Bug(
        "the account that lost the race kept open",
        "backend/services/coaches.py",
        "        found(lambda: self._client.v1.accounts.delete(account.id))\n",
        "",
        ("tests/routes/test_connect.py",),
    ),
]

BUGS = [*OF_ALWAYS, *OF_THE_WIDER_WORLD, *THAT_LIVED]
