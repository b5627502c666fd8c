"""Stripe's test bank accounts: what each `pm_…` name of a bank debit does when it is debited."""

from dataclasses import dataclass
from typing import Any

# The currencies that each method can be debited in.
CURRENCIES = {"acss_debit": ("cad", "usd"), "sepa_debit": ("eur",), "us_bank_account": ("usd",)}
# Stripe's codes; the words are our own.
FAILURES = {
    "account_closed": "The customer's bank account has been closed.",
    "bank_account_restricted": "The customer's bank account does not allow debits.",
    "charge_canceled": "The payment was canceled before the bank was asked.",
    "debit_not_authorized": "The customer has told the bank that this debit was not authorized.",
    "insufficient_funds": "The customer's account has too little money to cover this payment.",
    "no_account": "The customer's bank account could not be found.",
}


@dataclass(frozen=True, slots=True)
class Bank:
    """One bank account and its habits."""

    method: str
    token: str
    last4: str
    # Why the bank will refuse, some days after it was asked.
    failure: str | None = None
    disputed: bool = False
    # Whether the bank ever answers.
    answers: bool = True


BANKS = (
    Bank("acss_debit", "pm_acssDebit_success", "6789"),
    Bank("acss_debit", "pm_acssDebit_noAccount", "1116", "no_account"),
    Bank("acss_debit", "pm_acssDebit_accountClosed", "1113", "account_closed"),
    Bank("acss_debit", "pm_acssDebit_insufficientFunds", "2227", "insufficient_funds"),
    Bank("acss_debit", "pm_acssDebit_debitNotAuthorized", "3335", "debit_not_authorized"),
    Bank("acss_debit", "pm_acssDebit_dispute", "5559", disputed=True),
    Bank("us_bank_account", "pm_usBankAccount_success", "6789"),
    Bank("us_bank_account", "pm_usBankAccount_noAccount", "1116", "no_account"),
    Bank("us_bank_account", "pm_usBankAccount_accountClosed", "1113", "account_closed"),
    Bank("us_bank_account", "pm_usBankAccount_insufficientFunds", "2227", "insufficient_funds"),
    Bank("us_bank_account", "pm_usBankAccount_debitNotAuthorized", "3335", "debit_not_authorized"),
    Bank("us_bank_account", "pm_usBankAccount_dispute", "5559", disputed=True),
    Bank("us_bank_account", "pm_usBankAccount_processing", "0009", answers=False),
    Bank("sepa_debit", "pm_success_de", "3000"),
    Bank("sepa_debit", "pm_failed_de", "3001", "insufficient_funds"),
    Bank("sepa_debit", "pm_disputed_de", "3002", disputed=True),
)
BY_TOKEN = {bank.token: bank for bank in BANKS}
# What a PaymentMethod shows of an account, and a charge leaves out.
_UNSHOWN = frozenset({"financial_connections_account", "generated_from", "networks", "status_details"})


def debited_in(currency: str) -> list[str]:
    """The methods that can be paid with in a currency."""
    return [method for method, currencies in CURRENCIES.items() if currency in currencies]


def bank_details(bank: Bank) -> dict[str, Any]:
    """The hash of a PaymentMethod that is named after its type."""
    common = {"fingerprint": f"{bank.method[:4]}{bank.last4:0>12}", "last4": bank.last4}
    if bank.method == "acss_debit":
        numbers = {"institution_number": "000", "transit_number": "11000"}
        return {"bank_name": "STRIPE TEST BANK", **common, **numbers}
    if bank.method == "sepa_debit":
        codes = {"bank_code": "37040044", "branch_code": "", "country": "DE"}
        return codes | common | {"generated_from": {"charge": None, "setup_attempt": None}}
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "STRIPE TEST BANK",
        "financial_connections_account": None,
        **common,
        "networks": {"preferred": "ach", "supported": ["ach"]},
        "routing_number": "110000000",
        "status_details": {},
    }


def debited(details: dict[str, Any]) -> dict[str, Any]:
    """The same hash as a charge shows it."""
    shown = {field: value for field, value in details.items() if field not in _UNSHOWN}
    return shown | {"expected_debit_date": None, "mandate": None}
