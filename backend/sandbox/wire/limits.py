"""The limits of this sandbox: said on the coverage page, and refused by name when asked for."""

from enum import StrEnum


class Feature(StrEnum):
    """Features of Stripe that lie behind a value of a parameter that is otherwise served."""

    V1_ACCOUNTS_UPDATED_AS_V2 = "updates under /v2 of accounts that were made under /v1"
    INSTANT_PAYOUTS = "instant payouts"
    METHOD_OPTIONS = "payment_method_options other than card[request_three_d_secure]"
    OTHER_ACCOUNTS = "accounts other than Express ones"
    OTHER_CONFIGURATIONS = (
        "configurations and capabilities of v2 accounts other than stripe_transfers and card_payments"
    )
    OTHER_COUNTRIES = "accounts in this country"
    OTHER_DESTINATIONS = "event destinations other than webhook endpoints"
    OTHER_METHODS = "payment methods other than cards, but for the names of test bank accounts"
    OTHER_SCOPES = "events of organizations"
    OTHER_TEST_CARDS = "this test card or bank account: those of risk levels, failing checks and limits"
    TOKENS = "tokens of anything but the number of a card"


# Where the sandbox is known to differ from Stripe although it serves the call.
DIFFERENCES = (
    "Nothing is kept when the process ends, unless --state names a file.",
    "Any test key of Stripe's shape opens the platform, unless one was named at the start. A restricted key may do all that "
    "a secret one may. There is no live mode.",
    "Objects are shaped as in the API version of the SDK it was written for, whatever Stripe-Version asks for. What older "
    "versions allowed in requests is taken from them: payment_method_types, confirming without a return_url, expanding "
    "charges and invoice. The api_version of a webhook endpoint is kept and shown, and changes nothing.",
    "Webhooks are retried over three days, as live mode does it; Stripe's own sandboxes try three times in some hours.",
    "Payments are cards and bank debits; link is offered in dollars as Stripe would, and cannot be paid with.",
    "A bank debit is made from the name of a test account only, needs neither mandate nor verification, and is answered "
    "after four days; weekends count.",
    "The only payment method options are card[request_three_d_secure]. Held money is captured once, not in parts, and is let "
    "go after seven days with every card.",
    "What a connected account gets back of an application fee is an adjustment in its books; Stripe's name for it there is "
    "not documented. Parts of transfers and fees that go back with a refund are rounded half a cent up.",
    "No Radar: no rules, no reviews, and every risk score is the same.",
    "Onboarding asks for nothing that has to be true. Requirements are either all due or none.",
    "Payouts ignore weekends and holidays. Stripe's platform account here is paid out only by hand.",
    "Stripe's fee is 2.9% and 30 minor units in every currency and country, unless the switch fees asks for the public "
    "prices by country. Those know cards alone: no surcharge for conversion, no tax, no other methods.",
    "A refund is paid from the balance even below zero, unless told to wait as in live mode (refund_waits_for_balance).",
    "A reversal needs the connected account's balance; reserves for what a platform is liable for are not kept.",
    "Limits of calls per second, and of updates per PaymentIntent and hour, are counted when the switch rate_limits says so; "
    "limits of calls at the same time are not.",
    "A Product id may hold letters, digits and _-.: only; which characters Stripe takes is not documented.",
    "An empty string is taken where the SDK's types say so, and for texts that are descriptions, names and addresses; "
    "elsewhere it is refused. Of plain texts Stripe's specification does not say which can be unset.",
    "The order in which several wrong parameters are complained about, and the wording of refusals that no source "
    "quotes, are our own. Programs should look at code and param.",
    "Search sees what was true sixty seconds ago, exactly; Stripe's lag varies.",
    "Under /v2 a number or a boolean is taken as text too, and an error has the shape of v1's.",
    "Events of one call keep their order unless told otherwise; Stripe gives no such promise.",
)
