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
    Card("2223003122003222", brand="mastercard"),
    Card("371449635398431", brand="amex"),
    Card("6011000990139424", brand="discover"),
    Card("6011981111111113", brand="discover", funding="debit"),
    Card("36227206271667", brand="diners"),
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
    Card("4000000000003063", ("pm_card_threeDSecureRequired",), authenticate="always"),
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
# A card of each country where Stripe has one, `pm_card_fr` and so on.
_OF_COUNTRIES = (
    "AE:4000007840000001 AR:4000000320000021 AT:4000000400000008 AU:4000000360000006 BE:4000000560000004 "
    "BG:4000001000000000 BR:4000000760000002 BY:4000001120000005 CH:4000007560000009 CL:4000001520000001 "
    "CN:4000001560000002 CO:4000001700000003 CR:4000001880000005 CY:4000001960000008 CZ:4000002030000002 "
    "DE:4000002760000016 DK:4000002080000001 EC:4000002180000000 EE:4000002330000009 ES:4000007240000007 "
    "FI:4000002460000001 FR:4000002500000003 GI:4000002920000005 GR:4000003000000030 HK:4000003440000004 "
    "HR:4000001910000009 HU:4000003480000005 IE:4000003720000005 IN:4000003560000008 IT:4000003800000008 "
    "JP:4000003920000003 LI:4000004380000004 LT:4000004400000000 LU:4000004420000006 LV:4000004280000005 "
    "MT:4000004700000007 MX:4000004840008001 MY:4000004580000002 NL:4000005280000002 NO:4000005780000007 "
    "NZ:4000005540000008 PA:4000005910000000 PE:4000006040000068 PL:4000006160000005 PT:4000006200000007 "
    "PY:4000006000000066 RO:4000006420000001 SA:4000006820000007 SE:4000007520000008 SG:4000007020000003 "
    "SI:4000007050000006 SK:4000007030000001 TH:4000007640000003 TW:4000001580000008 UY:4000008580000003 "
)
CARDS += tuple(
    Card(number, (f"pm_card_{country.lower()}",), country=country)
    for country, _, number in (one.partition(":") for one in _OF_COUNTRIES.split())
)
# Test cards of Stripe's whose habits are not imitated: failing checks, levels of risk, and unusual answers of 3-D Secure.
NOT_IMITATED = frozenset(
    "4000000000000010 4000000000000028 4000000000000036 4000000000000044 4000000000000093 4000000000000101 "
    "4000000000004954 4000000000009235 4000000000003097 4000000000003238 4000000000005332 4000003800000446 "
    "4000008400001280".split()
)
BY_NUMBER = {card.number: card for card in CARDS}
BY_TOKEN = {token: card for card in CARDS for token in card.tokens}
# `tok_visa` is the card of `pm_card_visa`. The declining ones have names without the brand, too.
BY_TEST_TOKEN = {f"tok_{token.removeprefix('pm_card_')}": card for token, card in BY_TOKEN.items()} | {
    f"tok_{token.removeprefix('pm_card_visa_')}": card
    for token, card in BY_TOKEN.items()
    if token.startswith("pm_card_visa_charge")
}
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
