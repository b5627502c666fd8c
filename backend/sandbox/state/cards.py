"""Stripe's test cards: what each number, and each `pm_card_*` name, does when charged."""

from dataclasses import dataclass

DECLINED = "Your card was declined."


@dataclass(frozen=True, slots=True)
class Decline:
    """A card_error, in the words of the wire."""

    code: str
    decline_code: str | None
    message: str = DECLINED
    param: str | None = None
    reason: str | None = None
    blocked: bool = False

    @property
    def outcome_reason(self) -> str:
        """The value of `charge.outcome.reason`."""
        return self.reason or self.decline_code or self.code


@dataclass(frozen=True, slots=True)
class Card:
    """One card and its habits."""

    number: str
    tokens: tuple[str, ...] = ()
    brand: str = "visa"
    decline: Decline | None = None
    # always: every charge is challenged; setup: unless the card was set up for off-session use.
    authenticate: str | None = None
    # Issuers that decline also refuse to be saved; this one is saved and declines later.
    attaches: bool = True
    # What the cardholder complains of; in how many disputes, and whether the bank only asks.
    dispute: str | None = None
    disputes: int = 1
    inquiry: bool = False
    # Whether the issuer warns of fraud.
    warned: bool = False
    refund: str | None = None
    instant: bool = False
    country: str = "US"
    funding: str = "credit"

    @property
    def last4(self) -> str:
        """The last four digits."""
        return self.number[-4:]


def _declined(number: str, token: str, decline: Decline, attaches: bool = False, brand: str = "visa") -> Card:
    return Card(number, (token,), brand=brand, decline=decline, attaches=attaches)


def _issuer(decline_code: str, message: str = DECLINED) -> Decline:
    return Decline("card_declined", decline_code, message)


CARDS: tuple[Card, ...] = (
    Card("4242424242424242", ("pm_card_visa", "pm_card_us")),
    Card("4000056655665556", ("pm_card_visa_debit",), funding="debit"),
    Card("5555555555554444", ("pm_card_mastercard",), brand="mastercard"),
    Card("5200828282828210", ("pm_card_mastercard_debit",), brand="mastercard", funding="debit"),
    Card("5105105105105100", ("pm_card_mastercard_prepaid",), brand="mastercard", funding="prepaid"),
    Card("378282246310005", ("pm_card_amex", "pm_card_amex_threeDSecureNotSupported"), brand="amex"),
    Card("6011111111111117", ("pm_card_discover",), brand="discover"),
    Card("3056930009020004", ("pm_card_diners",), brand="diners"),
    Card("3566002020360505", ("pm_card_jcb",), brand="jcb"),
    Card("6200000000000005", ("pm_card_unionpay",), brand="unionpay"),
    Card("4000001240000000", ("pm_card_ca",), country="CA"),
    Card("4000008260000000", ("pm_card_gb",), country="GB"),
    _declined("4000000000000002", "pm_card_visa_chargeDeclined", _issuer("generic_decline")),
    _declined(
        "4000000000009995",
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        _issuer("insufficient_funds", "Your card has insufficient funds."),
    ),
    _declined("4000000000009987", "pm_card_visa_chargeDeclinedLostCard", _issuer("lost_card")),
    _declined("4000000000009979", "pm_card_visa_chargeDeclinedStolenCard", _issuer("stolen_card")),
    _declined(
        "4000000000000069",
        "pm_card_chargeDeclinedExpiredCard",
        Decline("expired_card", None, "Your card has expired.", "exp_month"),
    ),
    _declined(
        "4000000000000127",
        "pm_card_chargeDeclinedIncorrectCvc",
        Decline("incorrect_cvc", None, "Your card's security code is incorrect.", "cvc"),
    ),
    _declined(
        "4000000000000119",
        "pm_card_chargeDeclinedProcessingError",
        Decline(
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
    _declined(
        "4000000000006975",
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        _issuer(
            "card_velocity_exceeded",
            "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
        ),
    ),
    _declined("4000000000000341", "pm_card_chargeCustomerFail", _issuer("generic_decline"), attaches=True),
    _declined(
        "4100000000000019",
        "pm_card_radarBlock",
        Decline("card_declined", "fraudulent", reason="highest_risk_level", blocked=True),
        attaches=True,
    ),
    Card("4000002500003155", ("pm_card_authenticationRequiredOnSetup",), authenticate="setup"),
    Card("4000002760003184", ("pm_card_authenticationRequired",), authenticate="always"),
    Card("4000000000003220", ("pm_card_threeDSecure2Required",), authenticate="always"),
    Card("4000000000003055", ("pm_card_threeDSecureOptional",)),
    Card(
        "4000008400001629",
        ("pm_card_threeDSecureRequiredChargeDeclined",),
        authenticate="always",
        decline=_issuer("generic_decline"),
    ),
    Card(
        "4000008260003178",
        ("pm_card_authenticationRequiredChargeDeclinedInsufficientFunds",),
        authenticate="always",
        decline=_issuer("insufficient_funds", "Your card has insufficient funds."),
    ),
    Card("4000000000000259", ("pm_card_createDispute",), dispute="fraudulent"),
    Card("4000000000002685", ("pm_card_createDisputeProductNotReceived",), dispute="product_not_received"),
    Card("4000000000001976", ("pm_card_createDisputeInquiry",), dispute="fraudulent", inquiry=True),
    Card("4000000404000079", ("pm_card_createMultipleDisputes",), dispute="fraudulent", disputes=2),
    Card("4000000000005423", ("pm_card_createIssuerFraudRecord",), warned=True),
    Card("4000000000007726", ("pm_card_pendingRefund",), refund="pending"),
    Card("4000000000005126", ("pm_card_refundFail",), refund="failed"),
    Card("4000000000000077", ("pm_card_bypassPending",), instant=True),
    Card("4000003720000278", ("pm_card_bypassPendingInternational",), instant=True, country="IE"),
)
BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {token: card for card in CARDS for token in card.tokens}
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "test_mode_live_card",
    "Your card was declined. Your request was in test mode, but used a non test (live) card. For a list of valid test "
    "cards, visit: https://stripe.com/docs/testing.",
)


def luhn(number: str) -> bool:
    """True if the check digit is right."""
    digits = [int(digit) for digit in reversed(number)]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def card_of(number: str) -> Card:
    """The test card of a number; any other valid number is declined for not being one."""
    return BY_NUMBER.get(number) or Card(number, brand="unknown", decline=NOT_A_TEST_CARD, attaches=False)
