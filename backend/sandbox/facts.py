"""What is known of Stripe's behaviour, and whether this sandbox behaves so. Enforced means that a test holds it there."""

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


FACTS = {
    "Parameters": (
        Fact("unknown parameters are refused by name", "test_params::test_an_unknown_parameter_is_named_by_its_path"),
        Fact("required parameters are demanded", "test_params::test_a_missing_parameter_is_named_by_its_path"),
        Fact("integers are digits", "test_params::test_an_integer_is_digits_and_nothing_else"),
        Fact(
            "values outside an enumeration are refused",
            "test_params::test_a_value_of_the_wrong_kind_is_refused_without_a_code",
        ),
        Fact(
            "payment_method_types cannot be written", "test_params::test_payment_method_types_has_an_error_of_its_own"
        ),
        Fact(
            "allowed_payment_method_types goes with no other choice of methods",
            "test_strict::test_parameters_that_exclude_each_other",
        ),
        Fact("metadata: 50 keys of 40 characters, values of 500", "test_params::test_metadata_has_limits"),
        Fact(
            "an id in a path is a 404, one in a parameter a 400",
            "test_payments::test_an_id_in_a_path_is_a_404_and_in_a_body_a_400",
        ),
        Fact("what cannot be expanded is refused", "test_payments::test_what_cannot_be_expanded_is_refused"),
        Fact("the order of complaints and undocumented wording", "no: our own, see the differences"),
    ),
    "Objects": (
        Fact("every declared field is there, no other", "test_objects::test_objects_have_the_declared_fields"),
        Fact("with the declared type", "test_objects::test_fields_have_the_declared_types"),
        Fact(
            "objects of one payment share the first 17 characters of their ids",
            "test_objects::test_one_payments_objects_share_the_beginning_of_their_ids",
        ),
        Fact("shapes of older API versions", "no: one version only"),
    ),
    "Payments": (
        Fact(
            "dynamic payment methods and automatic_async are the defaults",
            "test_payments::test_a_new_intent_waits_for_a_payment_method",
        ),
        Fact("amounts between the currency's minimum and eight digits", "test_connect::test_amounts_have_bounds"),
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
        Fact("1,000 updates of a PaymentIntent an hour", "no: not counted"),
        Fact("manual capture, manual confirmation, destination and direct-charge fees", "no: refused by name"),
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
        Fact(
            "the currency is that of the balance transaction",
            "test_connect::test_charges_may_settle_in_another_currency",
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
        Fact("a disputed charge cannot be refunded", "test_connect::test_a_disputed_charge_cannot_be_refunded"),
        Fact("the events of a refund, in order", "test_connect::test_a_refund_is_told_in_stripes_order"),
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
        Fact("several disputes of one charge, appeals", "no: one dispute a charge"),
        Fact("live refunds wait while the balance is too low", "no: the balance goes below zero"),
    ),
    "Connect": (
        Fact(
            "a fresh account can do nothing, and says what is due",
            "test_connect::test_a_fresh_account_can_do_nothing_yet",
        ),
        Fact("the first status of a capability", "new_capability"),
        Fact("verification may be pending", "test_connect::test_onboarding_may_take_stripe_a_while"),
        Fact(
            "identity cannot be written once a link exists",
            "test_connect::test_identity_is_stripes_business_once_a_link_exists",
        ),
        Fact(
            "unknown, foreign and deleted accounts: 403 account_invalid",
            "test_money::test_accounts_that_are_not_ours_look_as_if_they_did_not_exist",
        ),
        Fact(
            "account links live five minutes and open once",
            "test_pages::test_an_onboarding_link_is_single_use_and_lives_five_minutes",
        ),
        Fact(
            "the only link for Express is account_onboarding",
            "test_strict::test_express_accounts_have_one_kind_of_link",
        ),
        Fact("the status for a link to an unknown account", "account_link_unknown_account"),
        Fact("login links need onboarding", "test_pages::test_a_login_link_needs_onboarding"),
        Fact("Stripe-Account acts as an account, and is echoed", "test_connect::test_acting_as_an_account_is_echoed"),
        Fact("daily payouts: pending, in transit, paid", "test_connect::test_a_payout_goes_from_pending_to_paid"),
        Fact("a paid payout may fail", "test_connect::test_a_paid_payout_may_still_fail"),
        Fact(
            "a payout is bounded by the balance", "test_connect::test_a_manual_payout_is_bounded_and_can_be_called_back"
        ),
        Fact("standard and custom accounts, persons, external accounts, Accounts v2", "no: refused by name"),
    ),
    "Idempotency": (
        Fact("a replay is the same answer, and says so", "test_wire::test_a_replay_is_the_same_answer_and_says_so"),
        Fact(
            "other parameters, or another endpoint: 400 idempotency_error",
            "test_wire::test_a_key_with_other_parameters_is_refused",
        ),
        Fact("concurrent use: 409 idempotency_key_in_use", "test_wire::test_a_key_in_use_is_a_409"),
        Fact(
            "402 and executed 400 are pinned, validation errors are not",
            "test_wire::test_a_decline_is_pinned_and_a_validation_error_is_not",
        ),
        Fact("500s are pinned", "test_wire::test_a_500_is_pinned_whether_or_not_the_work_was_done"),
        Fact("429 is not pinned", "test_faults::test_a_rate_limit_is_not_pinned"),
        Fact("keys are forgotten after 24 hours", "test_faults::test_keys_are_forgotten_after_a_day"),
        Fact("keys belong to an account", "key_scope"),
        Fact("keys mean nothing to a DELETE", "test_faults::test_a_key_means_nothing_to_a_delete"),
        Fact(
            "Stripe-Should-Retry: false on what is pinned, absent otherwise",
            "test_faults::test_headers_tell_what_is_pinned",
        ),
        Fact("a key has at most 255 characters", "test_faults::test_a_key_has_at_most_255_characters"),
    ),
    "Ids, search, lists": (
        Fact("a custom Product id is unique", "test_money::test_an_own_product_id_is_unique"),
        Fact("the status of that refusal", "duplicate_product_status"),
        Fact("whether a deleted id is free", "deleted_product_id"),
        Fact("lists are immediate, search lags", "test_payments::test_lists_are_immediate_and_search_lags"),
        Fact("search: fields, operators, AND or OR", "test_reading::test_the_query_language"),
        Fact("how many clauses a query may have", "search_clauses_max"),
        Fact("pages of 1 to 100, both ways, exclusive cursors", "test_payments::test_lists_page_in_both_directions"),
        Fact("the email filter is exact", "test_reading::test_the_email_filter_is_exact"),
        Fact("search of charges and products", "no: refused by name"),
    ),
    "Webhooks": (
        Fact(
            "signed; each scope with its own secret; account only on connected ones",
            "test_wire::test_webhooks_are_signed_and_each_scope_has_its_own",
        ),
        Fact("two secrets sign while one is rolled", "test_webhooks::test_a_rolled_secret_signs_along_for_a_while"),
        Fact(
            "retried with a fresh signature until 2xx, for three days",
            "test_webhooks::test_stripe_gives_up_after_three_days",
        ),
        Fact("a redirect is a failure", "test_webhooks::test_a_redirect_is_not_an_acceptance"),
        Fact(
            "doubled, delayed, lost, told twice, out of order, on request",
            "test_webhooks::test_deliveries_can_be_turned_round",
        ),
        Fact("events are snapshots", "test_webhooks::test_events_are_snapshots"),
        Fact(
            "at most 16 endpoints; the secret is shown once", "test_strict::test_there_are_at_most_16_webhook_endpoints"
        ),
        Fact("how long a receiver may take", "webhook_timeout_seconds"),
        Fact("thin events, and events of another API version", "no: one version only"),
    ),
    "Errors and limits": (
        Fact("code, doc_url, param, request_log_url", "test_connect::test_errors_have_stripes_shape"),
        Fact("401 with its challenge, and live keys refused by name", "test_wire::test_a_wrong_key_is_a_401"),
        Fact("lock_timeout asks to be retried", "test_faults::test_a_lock_timeout_asks_to_be_retried"),
        Fact(
            "endpoints that are not served are named",
            "test_coverage::test_an_endpoint_of_stripes_that_is_not_served_is_named",
        ),
        Fact("rate limits per second", "no: not counted; the fault rate_limit answers as they do"),
    ),
    "Money": (
        Fact("no money is made or lost", "test_money::test_no_money_is_made_or_lost"),
        Fact("funds mature at the second midnight UTC", "test_cards::test_bypassing_cards_are_available_at_once"),
        Fact("how the fee is rounded", "fee_rounding"),
        Fact("weekends, holidays, other countries' fees", "no: see the differences"),
    ),
    "Subscriptions, invoices, Checkout": (Fact("all of it", "no: refused by name"),),
}
