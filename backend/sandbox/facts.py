"""Facts of Stripe's behaviour, each with its state in this sandbox. Enforced means that a test holds it there."""

from .money_facts import MONEY_FACTS, Fact

__all__ = ["FACTS", "Fact"]

FACTS = {
    "Parameters": (
        Fact("unknown parameters are refused by name", "test_params::test_an_unknown_parameter_is_named_by_its_path"),
        Fact("required parameters are demanded", "test_params::test_a_missing_parameter_is_named_by_its_path"),
        Fact("integers are digits", "test_params::test_an_integer_is_digits_and_nothing_else"),
        Fact(
            "values outside an enumeration are refused",
            "test_param_values::test_a_value_of_the_wrong_kind_is_refused_without_a_code",
        ),
        Fact(
            "payment_method_types cannot be written",
            "test_param_values::test_payment_method_types_has_an_error_of_its_own",
        ),
        Fact(
            "allowed_payment_method_types goes with no other choice of methods",
            "test_strict::test_parameters_that_exclude_each_other",
        ),
        Fact("metadata: 50 keys of 40 characters, values of 500", "test_param_values::test_metadata_has_limits"),
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
    **MONEY_FACTS,
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
        Fact("a rejected account says so", "test_accounts::test_a_rejected_account_can_do_nothing"),
        Fact(
            "a disconnected account is told of, and gone",
            "test_accounts::test_a_disconnected_account_is_told_of_and_gone",
        ),
        Fact("whether a deleted account is told of", "deleted_account_tells"),
        Fact("login links need onboarding", "test_pages::test_a_login_link_needs_onboarding"),
        Fact("Stripe-Account acts as an account, and is echoed", "test_connect::test_acting_as_an_account_is_echoed"),
        Fact("daily payouts: pending, in transit, paid", "test_payouts::test_a_payout_goes_from_pending_to_paid"),
        Fact("a paid payout may fail", "test_payouts::test_a_paid_payout_may_still_fail"),
        Fact(
            "a payout is bounded by the balance", "test_payouts::test_a_manual_payout_is_bounded_and_can_be_called_back"
        ),
        Fact("standard and custom accounts, persons, external accounts", "no: refused by name"),
    ),
    "Accounts v2": (
        Fact(
            "a fresh recipient is restricted, and says what is due",
            "test_accounts_v2::test_a_fresh_recipient_can_receive_nothing_yet",
        ),
        Fact("what is not included is null", "test_accounts_v2::test_what_is_not_included_is_null"),
        Fact(
            "/v1/accounts shows the same account, with type none",
            "test_accounts_v2::test_v1_shows_the_same_account_in_its_own_shape",
        ),
        Fact("/v2 shows v1 accounts", "test_accounts_v2::test_a_v1_account_is_read_under_v2"),
        Fact("transfers take a v2 account's id", "test_accounts_v2::test_a_transfer_takes_the_id_as_it_is"),
        Fact(
            "keys live thirty days and keep no refusal",
            "test_accounts_v2::test_a_key_keeps_what_was_made_for_thirty_days",
        ),
        Fact(
            "closing names every configuration",
            "test_accounts_v2::test_an_account_is_closed_with_all_of_its_configurations",
        ),
        Fact(
            "onboarding links have no configurations",
            "test_accounts_v2::test_a_link_leads_into_onboarding_for_five_minutes",
        ),
        Fact("whether the platform may make v1 accounts", "accounts_v1"),
        Fact(
            "the refusal of v1 stays under its key for a day",
            "test_accounts_v2::test_the_refusal_of_v1_stays_under_its_key_for_a_day",
        ),
        Fact("whether the platform may make v2 accounts", "accounts_v2"),
        Fact("a platform that is not set up makes no accounts", "platform_profile"),
        Fact("whether transfers may be asked for alone", "transfers_alone"),
        Fact(
            "card_payments and transfers are active together or not at all",
            "test_accounts_v2::test_card_payments_that_stall_keep_transfers_back",
        ),
        Fact("the status of card_payments after onboarding", "card_payments_after_onboarding"),
        Fact("charges_enabled of a v2 account with transfers alone", "transfers_enable_charges"),
        Fact("whether DELETE under /v1 closes a v2 account", "v1_deletes_v2_accounts"),
        Fact("whether /v1/accounts lists v2 accounts", "v1_lists_v2_accounts"),
        Fact("whether the v1 object has a v2 account's metadata", "v1_shows_v2_metadata"),
        Fact("persons, tokens, other configurations", "no: refused by name"),
    ),
    "Thin events": (
        Fact(
            "a notification has the id and no data",
            "test_thin_events::test_a_payment_is_told_by_its_id_alone",
        ),
        Fact(
            "the fetched event names its snapshot twin and what changed",
            "test_thin_events::test_the_fetched_event_names_its_twin_and_what_changed",
        ),
        Fact("the context is the connected account", "test_thin_events::test_an_event_of_a_coach_names_the_account"),
        Fact("thin and snapshot names do not mix", "test_thin_events::test_names_of_the_other_payload_are_refused"),
        Fact("the secret is told once", "test_thin_events::test_the_secret_is_given_once_to_who_asks_for_it"),
        Fact("a ping is thin", "test_thin_events::test_a_ping_is_for_one_destination"),
        Fact(
            "v1 endpoints are listed as destinations",
            "test_thin_events::test_endpoints_of_v1_are_among_the_destinations",
        ),
        Fact("whether account.updated tells of v2 accounts", "v1_tells_of_v2_accounts"),
        Fact("the scope that hears of v2 accounts", "v2_account_events_from"),
        Fact("EventBridge, Event Grid, organizations", "no: refused by name"),
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
        Fact("Date is Stripe's time", "test_wire::test_date_tells_the_sandboxs_time"),
        Fact("a restricted key: 403 without a code", "test_faults::test_a_key_may_lack_a_permission"),
        Fact("code, doc_url, param, request_log_url", "test_answers::test_errors_have_stripes_shape"),
        Fact("401 with its challenge, and live keys refused by name", "test_wire::test_a_wrong_key_is_a_401"),
        Fact("lock_timeout asks to be retried", "test_faults::test_a_lock_timeout_asks_to_be_retried"),
        Fact(
            "endpoints that are not served are named",
            "test_coverage::test_an_endpoint_of_stripes_that_is_not_served_is_named",
        ),
        Fact("rate limits per second", "rate_limits"),
    ),
    "Subscriptions, invoices, Checkout": (Fact("all of it", "no: refused by name"),),
}
