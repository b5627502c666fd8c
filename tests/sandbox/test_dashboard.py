"""The dashboard: everything in the sandbox can be looked at, and its world changed by plain forms."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.sandbox.conftest import Platform
from tests.sandbox.dashboard_pages import look, platform

__all__ = ["platform"]


def test_every_list_and_every_object_of_it_can_be_looked_at(platform: Platform) -> None:
    """Empty, and with one of everything in it; each says what it is."""
    kinds = re.findall(r"<li><a href='/dashboard/(\w+)'>", look(platform, "/"))
    assert len(kinds) == 9
    for kind in kinds:
        look(platform, f"/dashboard/{kind}")
    coach = platform.coach()
    payment = platform.paid(card="pm_card_bypassPending", customer=platform.v1.customers.create({"email": "a@b.ca"}).id)
    platform.transfer(payment, coach, 100)
    platform.v1.refunds.create({"payment_intent": payment.id, "amount": 10})
    platform.control("/disputes", charge=payment.latest_charge.id)
    platform.sandbox.add_webhook("http://127.0.0.1:1/hook")
    platform.clock.advance(86_400)

    for kind in kinds:
        page = look(platform, f"/dashboard/{kind}")
        for path in set(re.findall(r"href='(/dashboard/\w+/\w+)'", page)):
            assert f"<h1>{path.rsplit('/', 1)[-1]}</h1>" in look(platform, path)


def test_ids_in_an_object_lead_to_theirs(platform: Platform) -> None:
    """From a payment to its charge."""
    payment = platform.paid()
    charge = payment.latest_charge.id

    assert f"href='/dashboard/charges/{charge}'" in look(platform, f"/dashboard/payment_intents/{payment.id}")


def test_what_somebody_wrote_is_text(platform: Platform) -> None:
    """A description is no part of the page."""
    payment = platform.paid(description="<script>alert(1)</script>'\"")

    for path in ("/", "/dashboard/payment_intents", f"/dashboard/payment_intents/{payment.id}"):
        assert "&lt;script&gt;" in look(platform, path)


def test_a_long_list_has_pages(platform: Platform) -> None:
    """Newest first, 25 at a time, each once."""
    made = [platform.v1.customers.create({}).id for _ in range(30)]
    first = look(platform, "/dashboard/customers")
    older = re.findall(r"href='(\?after=[^']+)'", first)
    second = look(platform, f"/dashboard/customers{unescape(older[0])}")

    shown = [re.findall(r"/dashboard/customers/(cus_\w+)'", page) for page in (first, second)]
    assert shown == [made[:4:-1], made[4::-1]]
    assert "?after=" not in second


@pytest.mark.parametrize(
    "path", ["/dashboard/secrets", "/dashboard/charges/ch_none", "/dashboard/customers/acct_1", "/dashboard/find?id=x"]
)
def test_what_is_not_there_is_a_page_that_says_so(platform: Platform, path: str) -> None:
    """404, with the way back."""
    assert "href='/'" in look(platform, path, 404)


def test_an_object_is_found_by_its_id(platform: Platform) -> None:
    """Of whatever kind."""
    payment = platform.paid()
    answer = platform.raw("GET", f"/dashboard/find?id=%20{payment.id}", key=None)

    assert answer.headers["Location"] == f"/dashboard/payment_intents/{payment.id}"


def test_style_and_icon_are_served_and_nothing_beside_them(platform: Platform) -> None:
    """From one folder."""
    for name, kind in (("sandbox.css", "text/css"), ("icon.svg", "image/svg+xml")):
        with platform.raw("GET", f"/static/{name}", key=None) as answer:
            assert (answer.status_code, answer.mimetype) == (200, kind)
    for name in ("../app.py", "none.css"):
        assert platform.raw("GET", f"/static/{name}", key=None).status_code == 404
