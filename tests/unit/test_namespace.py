"""The namespace: without a name every byte is as it was before there were names, and no two names meet."""

from __future__ import annotations

import pytest

from backend.config.env import SettingsError
from backend.config.settings import load_settings
from backend.domain.catalogue import PACKAGE, Offer
from backend.domain.metadata import NotAPurchase, Purchase, read_purchase
from backend.domain.money import FeeRate
from backend.domain.namespace import UNNAMED, Namespace, entry_id

B = Namespace("b")
COACH = "coach_7902699be42c8a8e46fbbb4501726517e8"
PURCHASE = Purchase(
    coach_id="7",
    coach_name="Dana",
    offer=Offer("badminton", PACKAGE, 1, 4725, 5, 3),
    rate=FeeRate.from_percent("10"),
)


def test_without_a_name_the_bytes_are_those_of_before() -> None:
    """Marker, registry ids, Products, keys and groups, as literals."""
    assert UNNAMED.mark == {"app": "coaching-payments"}
    assert UNNAMED.registry_id("7") == COACH
    assert entry_id(UNNAMED.registry_id("7"), 2) == f"{COACH}_2"
    assert UNNAMED.own("sweep_mark") == "sweep_mark"
    assert UNNAMED.own("coaches_adopted") == "coaches_adopted"
    assert UNNAMED.key("purchase:5f") == "purchase:5f"
    assert UNNAMED.group("5f") == "purchase_5f"
    assert UNNAMED.registry_ids("7") == (COACH,)


def test_a_name_is_in_every_byte_that_two_deployments_could_share() -> None:
    """As literals too: they never change once they are in use."""
    assert B.mark == {"app": "coaching-payments:b"}
    assert B.registry_id("7") == COACH.replace("coach_", "coach_b_")
    assert B.own("sweep_mark") == "sweep_mark_b"
    assert B.key("purchase:5f") == "b/purchase:5f"
    assert B.group("5f") == "purchase_b_5f"


def test_a_purchase_is_marked_by_its_deployment() -> None:
    """The marker and the coach's registry id."""
    unnamed = PURCHASE.to_metadata()
    named = Purchase(**{**vars(PURCHASE), "namespace": B}).to_metadata()

    assert (unnamed["app"], unnamed["coachKey"]) == ("coaching-payments", COACH)
    assert {key for key in named if named[key] != unnamed[key]} == {"app", "coachKey"}
    assert read_purchase(named, B).ours


@pytest.mark.parametrize(("reader", "writer"), [(UNNAMED, B), (B, UNNAMED), (B, Namespace("bb"))])
def test_anothers_purchase_is_none(reader: Namespace, writer: Namespace) -> None:
    """Nor is it one of the Node backend, which has no marker and may be adopted."""
    metadata = Purchase(**{**vars(PURCHASE), "namespace": writer}).to_metadata()

    assert reader.is_anothers(metadata)
    with pytest.raises(NotAPurchase):
        read_purchase(metadata, reader)


@pytest.mark.parametrize("metadata", [{}, {"app": "shop"}, {"app": "coaching-payments-2"}])
def test_foreign_objects_are_nobodys(metadata: dict[str, str]) -> None:
    """Neither ours nor another deployment's."""
    for namespace in (UNNAMED, B):
        assert not namespace.is_ours(metadata)
        assert not namespace.is_anothers(metadata)


def test_earlier_names_are_ours_and_looked_up_last() -> None:
    """``default`` is the deployment without a name; the own name among them changes nothing."""
    renamed = Namespace("c", ("default", "b", "c"))

    assert renamed.is_ours(UNNAMED.mark)
    assert renamed.is_ours(B.mark)
    assert renamed.registry_ids("7") == (Namespace("c").registry_id("7"), COACH, B.registry_id("7"))
    assert not B.is_ours(renamed.mark)


def test_what_is_made_for_a_payment_carries_the_payments_own_mark() -> None:
    """So that two instances under two names send equal bytes while one is being renamed."""
    assert Namespace("c", ("b",)).mark_of(B.mark) == B.mark
    assert Namespace("c", ("b",)).mark_of({}) == {"app": "coaching-payments:c"}


def test_the_settings_read_both_variables() -> None:
    """Unset: the deployment without a name."""
    given = {"APP_NAMESPACE": "brand-2", "APP_NAMESPACE_ALSO": "default, old"}

    assert load_settings({}, env_file=None).namespace == UNNAMED
    assert load_settings(given, env_file=None).namespace == Namespace("brand-2", ("default", "old"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_NAMESPACE", "Brand"),
        ("APP_NAMESPACE", "a_b"),
        ("APP_NAMESPACE", "a" * 21),
        ("APP_NAMESPACE", "default"),
        ("APP_NAMESPACE", "a,b"),
        ("APP_NAMESPACE", "é"),
        ("APP_NAMESPACE_ALSO", "ok, Not"),
        ("APP_NAMESPACE_ALSO", "a b"),
    ],
)
def test_any_other_form_is_refused_by_name(name: str, value: str) -> None:
    """The message names the variable."""
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value}, env_file=None)
