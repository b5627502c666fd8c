"""Switches: one for each open question about Stripe, so that a caller can be tried both ways.

The first choice is the default: our best reading. `POST /_sandbox/behaviour {"name": choice}` takes another, and a
reset takes them all back.
"""

from typing import Any, NamedTuple

from ..wire.errors import invalid


class Switch(NamedTuple):
    """One open question about Stripe: what is decided, and the answers that are possible."""

    name: str
    choices: tuple[Any, ...]
    decides: str


SWITCHES = (
    Switch(
        "accounts_v1", ("allowed", "refused"), "whether the platform may make v1 accounts; one opened in 2026 may not"
    ),
    Switch("accounts_v2", ("allowed", "refused"), "whether the platform may make v2 accounts"),
    Switch("account_link_unknown_account", (400, 403), "the status when an account link names an unknown account"),
    Switch(
        "appeal_moves_funds",
        ("decision", "opening"),
        "when the money of a won dispute that is appealed is taken again: when that is lost, or at once",
    ),
    Switch(
        "bounce_reopens_intent",
        (False, True),
        "whether a bank debit that fails after success takes its PaymentIntent back to requires_payment_method",
    ),
    Switch("capabilities_enforced", (True, False), "whether a transfer needs the destination's transfers capability"),
    Switch(
        "card_payments_after_onboarding",
        ("active", "inactive"),
        "the status of card_payments when onboarding is finished; inactive keeps transfers beside it inactive too",
    ),
    Switch("charge_follows_metadata", (False, True), "whether later metadata of a PaymentIntent reaches its charge"),
    Switch(
        "debit_booked",
        ("success", "pending"),
        "whether the balance transaction of a bank debit is made when it succeeds or when it begins",
    ),
    Switch(
        "debit_bounces_as",
        ("dispute", "failure"),
        "whether a bank debit that is taken back is disputed, or its charge fails after all",
    ),
    Switch(
        "deleted_account_tells",
        (False, True),
        "whether account.application.deauthorized tells of a deleted account, as it does of a disconnected one",
    ),
    Switch("deleted_product_id", ("free", "taken"), "whether the id of a deleted Product can be used again"),
    Switch(
        "destination_payment_event",
        ("payment.created", "charge.succeeded", "both"),
        "which event tells a connected account that a transfer has come",
    ),
    Switch(
        "dispute_marks_charge",
        (True, False),
        "whether a charge is read as disputed as soon as its dispute is in the books",
    ),
    Switch("duplicate_product_status", (400, 409), "the status when a Product id is taken already"),
    Switch(
        "excess_code",
        (None, "amount_too_large"),
        "the error code when a transfer exceeds its source, or a reversal its transfer",
    ),
    Switch("failed_challenge_leaves_charge", (False, True), "whether a failed 3-D Secure makes a failed charge"),
    Switch(
        "failed_refund_lowers_charge",
        (True, False),
        "whether amount_refunded of a charge drops again when a refund fails or is canceled",
    ),
    Switch(
        "fees", ("flat", "by_country"), "Stripe's fee: 2.9% and 30 everywhere, or by the countries of platform and card"
    ),
    Switch("fee_rounding", ("half_up", "down", "up"), "how Stripe's own fee of 2.9% is rounded"),
    Switch(
        "gone_destination_code",
        ("resource_missing", "account_invalid"),
        "the code when a transfer names an account that is not there: with 400, or with 403",
    ),
    Switch("key_scope", ("account", "platform"), "whether idempotency keys are kept per account acted as"),
    Switch("new_capability", ("inactive", "pending"), "the status of a capability that was just requested"),
    Switch(
        "other_transfer_group",
        ("refused", "ignored"),
        "what becomes of a transfer_group that is not that of the source_transaction",
    ),
    Switch("pending_refund_counts", (True, False), "whether amount_refunded of a charge counts refunds that wait"),
    Switch(
        "platform_profile",
        ("complete", "not_signed_up", "liability_unacknowledged"),
        "what the platform itself has not finished: then it makes no accounts",
    ),
    Switch("prevented_is_closed", (False, True), "whether charge.dispute.closed tells of a dispute that was prevented"),
    Switch(
        "prevented_pays",
        ("refund", "dispute"),
        "how a resolution pays the cardholder: by a refund, or by a balance transaction of the dispute",
    ),
    Switch("publishable_key_status", (403, 401), "the status when a publishable key asks for what needs a secret one"),
    Switch(
        "refund_begins",
        ("succeeded", "requires_action"),
        "the first status of a refund; the second as of methods whose customers must say where to send it",
    ),
    Switch(
        "refund_waits_for_balance",
        (False, True),
        "whether a refund waits while the available balance is too low, as in live mode",
    ),
    Switch("rate_limits", (False, True), "whether calls per second are counted, and refused above Stripe's limits"),
    Switch("raw_card_numbers", (False, True), "whether a server may send card numbers, as on accounts enabled for it"),
    Switch("refunded_tells_previous", (True, False), "whether charge.refunded carries previous_attributes"),
    Switch(
        "reversals_free_source_room",
        (False, True),
        "whether what was reversed may be transferred from the same charge again",
    ),
    Switch("search_clauses_max", (10, None), "how many conditions a search query may combine; null: any number"),
    Switch(
        "transfers_alone",
        ("allowed", "refused", "refused_in_some_countries"),
        "whether transfers may be asked for without card_payments; the countries are AU, CA, DE, GB and SG",
    ),
    Switch(
        "transfers_enable_charges",
        (False, True),
        "whether charges_enabled of an account made under /v2 is true when only its transfers are active",
    ),
    Switch(
        "unpaid_refund_code",
        (None, "payment_intent_unexpected_state"),
        "the error code when a PaymentIntent that was not paid is refunded",
    ),
    Switch(
        "v1_deletes_v2_accounts", (False, True), "whether DELETE /v1/accounts/{id} closes an account made under /v2"
    ),
    Switch("v1_lists_v2_accounts", (True, False), "whether GET /v1/accounts lists accounts made under /v2"),
    Switch(
        "v1_shows_v2_metadata", (True, False), "whether the v1 object of an account made under /v2 has its metadata"
    ),
    Switch("v1_tells_of_v2_accounts", (True, False), "whether account.updated tells of an account made under /v2"),
    Switch(
        "v2_account_events_from",
        ("@self", "@accounts", "both"),
        "the scope of a destination that hears of accounts made under /v2",
    ),
    Switch("webhook_timeout_seconds", (30, 10, 1), "how long the receiver of a webhook may take to answer"),
)
BY_NAME = {behaviour.name: behaviour for behaviour in SWITCHES}


class Switches:
    """The choices in force."""

    def __init__(self) -> None:
        self._chosen = _first_choices()

    def dump(self) -> dict[str, Any]:
        """The choices that are not the first ones, to be saved."""
        return {name: choice for name, choice in self._chosen.items() if choice != BY_NAME[name].choices[0]}

    def load(self, saved: dict[str, Any]) -> None:
        """Take these choices, and the first ones elsewhere. Raises StripeError for one that is not known."""
        self._chosen = _first_choices()
        self.choose(saved)

    def __getitem__(self, name: str) -> Any:
        return self._chosen[name]

    def choose(self, given: dict[str, Any]) -> None:
        """Take these choices, all or none of them."""
        for name, choice in given.items():
            if name not in BY_NAME:
                raise invalid(f"There is no behaviour {name}; there are {', '.join(BY_NAME)}.", name)
            # 1 is not true here, though Python holds them equal.
            if not any(choice == one and type(choice) is type(one) for one in BY_NAME[name].choices):
                choices = ", ".join(map(str, BY_NAME[name].choices))
                raise invalid(f"{name} must be one of {choices}.", name)
        self._chosen |= given

    def to_json(self) -> dict[str, Any]:
        """Each with its present choice, the choices there are, and what it decides."""
        return {
            name: {"chosen": self._chosen[name], "choices": list(one.choices), "decides": one.decides}
            for name, one in BY_NAME.items()
        }


def _first_choices() -> dict[str, Any]:
    return {behaviour.name: behaviour.choices[0] for behaviour in SWITCHES}
