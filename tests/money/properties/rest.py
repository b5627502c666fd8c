"""The state at rest: the coach holds exactly the target, or waits for a reason that is true of the world."""

from __future__ import annotations

import re
from typing import Any

from backend.domain.namespace import UNNAMED, entry_id
from tests.money.properties.books import Facts, Sale
from tests.money.properties.stage import COACHES, DAY, HOUR
from tests.money.properties.work import Work

# Hours apart, as cron runs it; long enough for a bank debit to be answered and a part to be taken back.
_SWEEPS_AFTER = [4 * HOUR, 22 * HOUR, 26 * HOUR, 26 * HOUR]
_FORM = re.compile(
    r"held:[a-z_]+:[0-9]+(r[0-9]+)?\.[0-9]+:[0-9]{10}p?(:[0-9]+)?|unknown:[0-9]+(r[0-9]+)?\.[0-9]+:[0-9]{10}p?"
)
_OWN_MARK = "POST /v1/products/sweep_mark"


class Rest(Work):
    """The end of a history."""

    def come_to_rest(self) -> None:
        """Everything works again, time passes, events that still exist are delivered, and the default sweep runs."""
        self.host.broken = False
        self.mend_stripe()
        self.find_events()
        self.market.restart()
        for seconds in _SWEEPS_AFTER:
            self.market.clock.advance(seconds)
            self.market.deliver()
            self.market.sweep()
        # Money that the last one took back, it may have needed before it had it.
        self.market.deliver()
        self.market.sweep()

    def check_always(self) -> None:
        """At every moment: no write that must not be, no answer that is not true, no news told in two ways."""
        wrong = [*self.market.watch.wrong, *self.host.wrong, *self.wrong]
        wrong += [
            f"no note has this form: {sale} {note!r}"
            for sale, note in self._notes()
            if note and not _FORM.fullmatch(note)
        ]
        wrong += [f"two accounts of {coach}" for coach in COACHES if self._made_for(coach) > 1]
        emails = [row["email"] for row in self.books.rows("customers")]
        wrong += ["two customers of one address"] if len(emails) != len(set(emails)) else []
        assert not wrong, "\n".join(wrong)

    def _notes(self) -> list[tuple[Sale, str]]:
        return [(sale, self.books.note(sale.payment_id)) for sale in self.sales.values()]

    def _made_for(self, coach: str) -> int:
        """The number of a coach's accounts that the backend made; those that a person made lack its second marker."""
        return sum(row["metadata"].get("platform") == "coaching-payments" for row in self.books.accounts(coach))

    def check_rest(self) -> None:
        """Every sale, what the host app was told, and that a further sweep has nothing to do."""
        wrong = [text for sale in self.sales.values() for text in self._check(sale)]
        wrong += [text for sale in self.sales.values() for text in self._check_session(sale)]
        self.market.forget_calls()
        self.market.sweep()
        writes = [call for call in self.market.calls() if not call.startswith("GET")]
        wrong += [f"still writes: {call}" for call in writes if call != _OWN_MARK and not self._is_excused(call)]
        assert not wrong, "\n".join(wrong)

    def _is_excused(self, call: str) -> bool:
        """Stripe refuses the id of a binding that was deleted, and each sweep asks again."""
        return call == "POST /v1/products" and self.market.sandbox.world.switches["deleted_product_id"] == "taken"

    def _check(self, sale: Sale) -> list[str]:
        facts, note = self.books.facts(sale), self.books.note(sale.payment_id)
        about = f"{sale} {facts} target {facts.target} held {facts.held} note {note!r}"
        if not self.books.is_ours(sale.payment_id):
            return [f"not ours, and paid: {about}"] if facts.sent else []
        if "settlementMode" in self.books.metadata(sale.payment_id) and not sale.touched:
            return [f"nobody said that: {about}"]
        if sale.manual or self.books.charge(sale.payment_id) is None:
            return []
        problem = self._problem(sale, facts, note)
        return [f"{problem}: {about}"] if problem else []

    def _problem(self, sale: Sale, facts: Facts, note: str) -> str:
        """Name the fault in the money and the note of a payment that settles by itself; empty where all is right."""
        kind, _, rest = note.partition(":")
        if kind == "unknown":
            return "unknown at rest"
        if facts.held == facts.target:
            return "a note, and nothing waits" if note and not self._may_stay(sale, note) else ""
        check = getattr(self, f"_is_{rest.partition(':')[0]}", None)
        if kind != "held" or check is None:
            return "no reason"
        return "" if check(sale, facts, note) else "the reason is not true"

    def _may_stay(self, sale: Sale, note: str) -> bool:
        """A person has to look first, or the record cannot be read, so the note stays while the money is right."""
        reason = note.split(":")[1]
        return reason in ("unclear_transfers", "unclear_dispute", "unreadable") and getattr(self, f"_is_{reason}")(
            sale, self.books.facts(sale), note
        )

    def _check_session(self, sale: Sale) -> list[str]:
        told, charge = self.host.sessions[sale.payment_id], self.books.charge(sale.payment_id)
        if charge is None:
            return [f"told of a session of what was never paid: {sale}"] if told else []
        facts = self.books.facts(sale)
        owed = facts.captured > facts.refunded and not sale.by_node and sale.damaged is None
        return [f"the host app never heard of the session: {sale} {facts}"] if owed and not told else []

    # The reasons, each against the world.

    def _destination(self, sale: Sale) -> str | None:
        return self.books.metadata(sale.payment_id).get("coachAccountId") or self._bound(sale.coach)

    def _bound(self, coach: str) -> str | None:
        """The account that the coach is bound to, by the chain of entries as a person would read it."""
        entry, number = self.books.row(UNNAMED.registry_id(coach)), 1
        while entry is not None and "next" in entry["metadata"]:
            number += 1
            newer = self.books.row(entry_id(UNNAMED.registry_id(coach), number))
            if newer is None:
                break
            entry = newer
        return entry["metadata"].get("account") if entry is not None else None

    def _is_no_account(self, sale: Sale, facts: Facts, note: str) -> bool:
        if self._destination(sale):
            return False
        entry = self.books.row(UNNAMED.registry_id(sale.coach))
        claimants = self.books.accounts(sale.coach)
        payable = [row for row in claimants if row["capabilities"].get("transfers") == "active"]
        one = len(claimants) == 1 or len(payable) == 1
        taken = self.market.sandbox.world.switches["deleted_product_id"] == "taken"
        return entry is not None or not claimants or not one or taken

    def _is_coach_not_ready(self, sale: Sale, facts: Facts, note: str) -> bool:
        account = self.books.row(self._destination(sale))
        return account is not None and account["capabilities"].get("transfers") != "active"

    def _is_account_gone(self, sale: Sale, facts: Facts, note: str) -> bool:
        return self.books.row(self._destination(sale)) is None

    def _refusal(self, sale: Sale) -> Any:
        account = self.books.row(self._destination(sale))
        return account.hidden.get("transfers_refused") if account is not None else None

    def _is_transfers_not_allowed(self, sale: Sale, facts: Facts, note: str) -> bool:
        refusal = self._refusal(sale)
        return refusal is not None and refusal["code"] == "transfers_not_allowed"

    def _is_refused(self, sale: Sale, facts: Facts, note: str) -> bool:
        refusal = self._refusal(sale)
        return refusal is not None and refusal["code"] == "something_else"

    def _is_platform_balance(self, sale: Sale, facts: Facts, note: str) -> bool:
        assert facts.target is not None
        return self.books.available() < facts.target - facts.held

    def _is_settlement_currency(self, sale: Sale, facts: Facts, note: str) -> bool:
        entry = self.books.row(self.books.charge(sale.payment_id).hidden["entry"])
        return bool(entry["currency"] != "cad")

    def _is_clawback_pending(self, sale: Sale, facts: Facts, note: str) -> bool:
        """To the cent, and only where the coach's balance does not cover it; a part was taken a day ago at most."""
        assert facts.target is not None
        excess = facts.held - facts.target
        holding = [row for row in self.books.transfers_of(sale.payment_id) if row["amount"] > row["amount_reversed"]]
        account = holding[-1]["destination"]
        if excess <= 0 or int(note.rsplit(":", maxsplit=1)[-1]) != excess:
            return False
        if self.books.row(account) is None:
            return True
        there = self.books.available(account)
        now = self.market.clock.now()
        lately = [row for row in self.books.rows("reversals") if row["transfer"] == holding[-1]["id"]]
        return there < min(excess, holding[-1]["amount"] - holding[-1]["amount_reversed"]) and (
            there <= 0 or any(now - row["created"] < DAY for row in lately)
        )

    def _is_unclear_transfers(self, sale: Sale, facts: Facts, note: str) -> bool:
        return bool(self.books.unclear(sale, self._destination(sale)))

    def _is_unclear_dispute(self, sale: Sale, facts: Facts, note: str) -> bool:
        return facts.disputed is None

    def _is_undelivered(self, sale: Sale, facts: Facts, note: str) -> bool:
        """To the cent, and only before its release, or while a dispute is open."""
        assert facts.target is not None
        kept = self.books.is_unreleased(sale, self.market.clock.now()) or self.books.is_asked_about(sale)
        return sale.kept is not None and kept and int(note.rsplit(":", maxsplit=1)[-1]) == facts.target - facts.held

    def _is_unreadable(self, sale: Sale, facts: Facts, note: str) -> bool:
        return sale.damaged is not None
