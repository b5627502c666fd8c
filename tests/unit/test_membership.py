"""The one rule of which transfer belongs to which payment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.domain.membership import Belongs, PaymentFacts, TransferFacts, belongs, named_payments

COACHS = "acct_coach"
PAYMENT = PaymentFacts("pi_1", "ch_1", "cad", lambda account: account == COACHS)
BY_HAND = TransferFacts(None, "cad", COACHS, {"paymentIntentId": "pi_1"})
OURS = {"app": "coaching-payments", "paymentIntentId": "pi_1"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("pi_1", {"pi_1"}),
        ("for pi_1, and (pi_2)", {"pi_1", "pi_2"}),
        ("https://dashboard.stripe.com/payments/pi_3Oz_Ab9", {"pi_3Oz_Ab9"}),
        ("api_1", set()),
        ("pi_", set()),
        ("pi_1é", {"pi_1"}),
        ("none", set()),
        ("", set()),
    ],
)
def test_a_payment_is_named_by_its_id_anywhere_in_a_value(text: str, named: set[str]) -> None:
    """A word that only ends like an id names nothing."""
    assert named_payments({"note": text}) == named


@pytest.mark.parametrize("key", ["coachId", "coachName", "playerId", "playerName"])
def test_texts_that_others_chose_name_no_payment(key: str) -> None:
    """A coach may be called like a payment; the other keys still name theirs."""
    assert named_payments({key: "pi_9", "for": "pi_1"}) == {"pi_1"}


@pytest.mark.parametrize(
    ("transfer", "relation"),
    [
        (BY_HAND, Belongs.MINE),
        (replace(BY_HAND, metadata={"for": "pi_2"}), Belongs.ANOTHERS),
        (replace(BY_HAND, metadata={}), Belongs.ANOTHERS),
        (replace(BY_HAND, metadata={"for": "pi_1 and pi_2"}), Belongs.UNCLEAR),
        (replace(BY_HAND, metadata={"for": "pi_2 and pi_3"}), Belongs.ANOTHERS),
        (replace(BY_HAND, currency="usd"), Belongs.UNCLEAR),
        (replace(BY_HAND, destination="acct_other"), Belongs.UNCLEAR),
        (replace(BY_HAND, source="ch_1", metadata={}), Belongs.MINE),
        (replace(BY_HAND, source="ch_1", metadata={"for": "pi_2"}), Belongs.MINE),
        (replace(BY_HAND, source="ch_1", metadata={"for": "pi_1 and pi_2"}), Belongs.MINE),
        (replace(BY_HAND, source="ch_1", currency="usd"), Belongs.UNCLEAR),
        (replace(BY_HAND, source="ch_1", destination="acct_other"), Belongs.UNCLEAR),
        (replace(BY_HAND, source="ch_2"), Belongs.ANOTHERS),
        (replace(BY_HAND, source="ch_0", source_payment="pi_1", metadata={}), Belongs.MINE),
        (replace(BY_HAND, source="ch_0", source_payment="pi_2"), Belongs.ANOTHERS),
    ],
)
def test_a_transfer_made_by_others_belongs_by_its_source_or_else_by_its_name(
    transfer: TransferFacts, relation: Belongs
) -> None:
    """With the payment's currency, to an account of its coach; else a person has to explain it."""
    assert belongs(transfer, PAYMENT) == relation


@pytest.mark.parametrize(
    ("transfer", "relation"),
    [
        (TransferFacts("ch_1", "cad", COACHS, OURS), Belongs.MINE),
        (TransferFacts(None, "cad", "acct_before_a_release", OURS), Belongs.MINE),
        (TransferFacts("ch_0", "cad", COACHS, OURS), Belongs.MINE),
        (TransferFacts(None, "cad", COACHS, {**OURS, "paymentIntentId": "pi_2"}), Belongs.ANOTHERS),
        (TransferFacts(None, "cad", "acct_other", {**OURS, "app": "another"}), Belongs.UNCLEAR),
    ],
)
def test_what_this_backend_made_belongs_to_the_payment_that_it_was_made_for(
    transfer: TransferFacts, relation: Belongs
) -> None:
    """It went where the payment said at the time; the marker without the payment proves nothing."""
    assert belongs(transfer, PAYMENT) == relation


@pytest.mark.parametrize(
    ("transfer", "unnamed"),
    [
        (TransferFacts(None, "cad", COACHS, {}), True),
        (TransferFacts(None, "cad", COACHS, {"note": "thanks"}), True),
        (TransferFacts(None, "cad", COACHS, {"paymentIntentId": "none"}), False),
        (TransferFacts(None, "cad", COACHS, {"note": "pi_2"}), False),
        (TransferFacts("ch_2", "cad", COACHS, {}), False),
    ],
)
def test_only_a_transfer_that_says_nothing_of_its_purpose_is_unnamed(transfer: TransferFacts, unnamed: bool) -> None:
    """A person who writes ``none`` has said that it is a gift."""
    assert transfer.is_unnamed is unnamed
