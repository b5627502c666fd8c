"""Stripe's rules about money, and whether this sandbox keeps them: payments, transfers, refunds, disputes."""

from typing import NamedTuple


class Fact(NamedTuple):
    """One rule of Stripe's. `kept` names the test in tests/sandbox that holds it, or the switch, or says `no: why`."""

    rule: str
    kept: str

    @property
    def status(self) -> str:
        """`enforced`, `switchable` or `not`."""
        if self.kept.startswith("no:"):
            return "not"
        return "enforced" if "::" in self.kept else "switchable"


MONEY_FACTS = {
    "Payments": (
        Fact(
            "dynamic payment methods and automatic_async are the defaults",
            "test_payments::test_a_new_intent_waits_for_a_payment_method",
        ),
        Fact("amounts between the currency's minimum and eight digits", "test_answers::test_amounts_have_bounds"),
        Fact(
            "a browser confirms and reads a subset with the client secret",
            "test_payments::test_a_browser_pays_with_the_client_secret",
        ),
        Fact("a wrong client secret is refused", "test_payments::test_a_wrong_client_secret_pays_nothing"),
        Fact("a publishable key may do nothing else", "test_payments::test_the_publishable_key_may_not_do_more"),
        Fact("the status of that refusal", "publishable_key_status"),
        Fact(
            "confirming where redirects are possible needs a return_url",
            "test_strict::test_a_server_that_confirms_names_a_return_url",
        ),
        Fact("return_url, off_session and others need confirm", "test_strict::test_parameters_that_need_another"),
        Fact("card numbers come from browsers only", "test_cards::test_a_server_may_not_send_card_numbers"),
        Fact("unless Stripe has enabled an account for them", "raw_card_numbers"),
        Fact("a token is good for one use", "test_saved_cards::test_a_token_is_good_for_one_use"),
        Fact(
            "a card that is set up pays without its owner", "test_saved_cards::test_a_card_that_was_set_up_pays_alone"
        ),
        Fact(
            "a decline is a 402 that leaves a failed charge",
            "test_payments::test_a_decline_is_a_402_that_leaves_a_failed_charge",
        ),
        Fact(
            "code, decline code, message and param of each test card",
            "test_cards::test_declining_cards_decline_as_documented",
        ),
        Fact(
            "3-D Secure: redirect, and return with the outcome", "test_cards::test_a_challenge_leads_back_to_the_shop"
        ),
        Fact("off session, a card that wants it is declined", "test_cards::test_an_absent_player_cannot_authenticate"),
        Fact("a charge for a failed authentication", "failed_challenge_leaves_charge"),
        Fact(
            "a card may be declined after its challenge", "test_cards::test_a_card_may_be_declined_after_its_challenge"
        ),
        Fact(
            "a paid intent cannot be paid or canceled", "test_payments::test_a_paid_intent_cannot_be_paid_or_canceled"
        ),
        Fact(
            "a used, unattached payment method is of no more use",
            "test_cards::test_a_saved_card_pays_again_and_an_unsaved_one_does_not",
        ),
        Fact("cards whose issuer declines cannot be saved", "test_cards::test_a_declining_card_cannot_be_saved"),
        Fact(
            "the intent's metadata is copied to the charge, once",
            "test_payments::test_metadata_is_copied_to_the_charge_once",
        ),
        Fact("whether later metadata follows", "charge_follows_metadata"),
        Fact(
            "balance_transaction comes two seconds later, by charge.updated",
            "test_payments::test_a_charge_learns_of_its_balance_transaction_later",
        ),
        Fact(
            "a bank debit is processing for days, with a pending charge",
            "test_debits::test_a_debit_is_processing_until_the_bank_answers",
        ),
        Fact("when its balance transaction is made", "debit_booked"),
        Fact("what becomes of a debit that is taken back", "debit_bounces_as"),
        Fact("whether its PaymentIntent waits again then", "bounce_reopens_intent"),
        Fact("each bank debit has its currencies", "test_debit_rules::test_a_debit_has_its_currencies"),
        Fact("mandates, and micro-deposits to verify a bank account", "no: none is asked for"),
        Fact(
            "1,000 updates of a PaymentIntent an hour",
            "test_limits::test_an_intent_is_updated_a_thousand_times_an_hour",
        ),
        Fact(
            "money is held for seven days, and captured once",
            "test_capture::test_held_money_is_free_again_after_a_week",
        ),
        Fact("a captured part is booked, the rest goes back", "test_capture::test_what_is_captured_is_booked"),
        Fact(
            "with manual confirmation the server has the last word", "test_capture::test_the_server_has_the_last_word"
        ),
        Fact("a destination charge sends on the rest of its fee", "test_destinations::test_the_coach_has_the_rest"),
        Fact(
            "a refund reverses neither transfer nor fee unless told to, and then in proportion",
            "test_destinations::test_a_refund_takes_along_what_it_is_told_to",
        ),
        Fact("a direct charge pays the platform's fee", "test_destinations::test_a_direct_charge_pays_its_fee"),
        Fact(
            "amounts in ISK and UGX are multiples of 100, those with three decimals of 10",
            "test_tolerance::test_amounts_that_no_card_network_takes",
        ),
        Fact("multicapture, overcapture and incremental authorization", "no: refused by name"),
    ),
    "Transfers": (
        Fact(
            "source_transaction is a charge, never a PaymentIntent",
            "test_money::test_the_source_is_a_charge_never_an_intent",
        ),
        Fact(
            "the sum of transfers is bounded by the charge",
            "test_money::test_transfers_from_a_charge_are_bounded_by_it",
        ),
        Fact("whether a reversal frees room", "reversals_free_source_room"),
        Fact("the code of that refusal", "excess_code"),
        Fact(
            "with a source, the money is pending until the charge's is available",
            "test_money::test_a_transfer_from_a_charge_waits_for_the_charges_funds",
        ),
        Fact(
            "without one, it needs available balance",
            "test_money::test_a_transfer_without_a_source_needs_available_money",
        ),
        Fact(
            "the destination needs the transfers capability",
            "test_money::test_a_transfer_needs_a_coach_who_can_receive_it",
        ),
        Fact("whether test mode enforces that", "capabilities_enforced"),
        Fact("the code when the destination is not there", "gone_destination_code"),
        Fact(
            "transfers may be refused although the capability is active",
            "test_accounts::test_transfers_may_be_refused_whatever_the_capability_says",
        ),
        Fact(
            "the currency is that of the balance transaction",
            "test_payouts::test_charges_may_settle_in_another_currency",
        ),
        Fact(
            "a group is the charge's, or invented for both",
            "test_money::test_a_group_is_the_charges_or_invented_for_both",
        ),
        Fact("what becomes of another group", "other_transfer_group"),
        Fact(
            "more than 100 charges of a group cannot be listed by it",
            "test_strict::test_a_group_has_at_most_100_charges_in_a_list",
        ),
        Fact(
            "reversals are bounded and need the other side's money",
            "test_money::test_reversals_are_bounded_and_need_the_coachs_money",
        ),
        Fact("which event tells the connected account", "destination_payment_event"),
        Fact("reserves that let a connected balance go below zero", "no: not kept"),
    ),
    "Refunds and disputes": (
        Fact("refunds are bounded, in Stripe's words", "test_money::test_refunds_are_bounded"),
        Fact("a refund does not touch a transfer", "test_money::test_a_refund_does_not_touch_the_transfer"),
        Fact("a disputed charge cannot be refunded", "test_answers::test_a_disputed_charge_cannot_be_refunded"),
        Fact("the events of a refund, in order", "test_answers::test_a_refund_is_told_in_stripes_order"),
        Fact("previous_attributes of charge.refunded", "refunded_tells_previous"),
        Fact("the code when an unpaid PaymentIntent is refunded", "unpaid_refund_code"),
        Fact("refunds may be pending, then succeed", "test_cards::test_a_pending_refund_succeeds_later"),
        Fact(
            "refunds may fail, and the money comes back",
            "test_cards::test_a_failing_refund_gives_the_money_back_to_the_platform",
        ),
        Fact(
            "a dispute takes amount and fee, a won one gives them back",
            "test_money::test_a_dispute_moves_money_and_a_won_one_moves_it_back",
        ),
        Fact(
            "an inquiry moves nothing until it is escalated",
            "test_cards::test_an_inquiry_moves_no_money_until_it_is_escalated",
        ),
        Fact("test evidence wins or loses a dispute", "test_cards::test_a_disputing_card_is_disputed_soon_after"),
        Fact(
            "a charge can be disputed several times, in part, and for more than it was",
            "test_disputes::test_a_charge_is_disputed_as_often_as_wanted",
        ),
        Fact(
            "a dispute's amount need not be what the balance loses",
            "test_disputes::test_what_is_taken_may_differ_from_what_is_shown",
        ),
        Fact("a block moves no money", "test_disputes::test_a_block_moves_no_money"),
        Fact("how a resolution pays", "prevented_pays"),
        Fact("whether a prevented dispute is told as closed", "prevented_is_closed"),
        Fact("a decided dispute can be appealed", "test_disputes::test_a_lost_dispute_can_be_won_on_appeal"),
        Fact("when the money of a won one moves then", "appeal_moves_funds"),
        Fact("whether a charge is marked as disputed at once", "dispute_marks_charge"),
        Fact("whether a refund waits while the balance is too low", "refund_waits_for_balance"),
        Fact("whether a charge counts refunds that wait", "pending_refund_counts"),
        Fact(
            "a refund of a pending charge waits for it",
            "test_debit_rules::test_a_refund_of_a_pending_charge_waits_for_it",
        ),
        Fact("some methods ask the customer where a refund goes", "refund_begins"),
        Fact(
            "only such a refund can be canceled, told by refund.updated",
            "test_refunds::test_a_refund_that_waits_for_the_customer_can_be_canceled",
        ),
        Fact("whether a charge forgets a refund that failed", "failed_refund_lowers_charge"),
        Fact(
            "an early fraud warning lapses with a dispute or a full refund",
            "test_fraud_warnings::test_a_warning_lapses_once_nothing_can_be_done",
        ),
    ),
    "Money": (
        Fact("each movement has its type and category", "test_balance_transactions::test_every_movement_has_its_type"),
        Fact(
            "an automatic payout is the sum of what it is made of",
            "test_balance_transactions::test_an_automatic_payout_is_the_sum_of_what_it_is_made_of",
        ),
        Fact("no money is made or lost", "test_money::test_no_money_is_made_or_lost"),
        Fact("funds mature at the second midnight UTC", "test_cards::test_bypassing_cards_are_available_at_once"),
        Fact("how the fee is rounded", "fee_rounding"),
        Fact("Stripe's fee depends on the countries of platform and card", "fees"),
        Fact("weekends and holidays", "no: see the differences"),
    ),
}
