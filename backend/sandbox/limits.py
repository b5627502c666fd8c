"""What this sandbox knowingly does not do. It is said on the coverage page, and refused by name when asked for."""

from enum import StrEnum


class Feature(StrEnum):
    """Features of Stripe that lie behind a value of a parameter that is otherwise served."""

    INSTANT_PAYOUTS = "instant payouts"
    MANUAL_CAPTURE = "manual capture"
    MANUAL_CONFIRMATION = "manual confirmation"
    METHOD_OPTIONS = "payment_method_options other than card[request_three_d_secure]"
    OTHER_ACCOUNTS = "accounts other than Express ones"
    OTHER_METHODS = "payment methods other than cards"
    TOKENS = "tokens (tok_…) instead of pm_card_… payment methods"
