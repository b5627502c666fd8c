"""Access to the screens' routes: each cell of the table, with everybody who could ask."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import Marketplace
from tests.conftest import NOW
from tests.routes.sign_in import SECRET, bearer

# A word for each caller: "all" and "some" are 200 with all fields and without the coach's own, "not yours" is the 404 of
# a coach who does not exist, and "forbidden" and "sign in" are 403 and 401.
TABLE = """
| route | development | owner | admin | another coach | player | required | optional | off | off, email | off, other |
| buy | all | all | all | forbidden | all | sign in | all | all | all | all |
| start | all | all | all | forbidden | forbidden | sign in | sign in | taken | all | taken |
| link of account | all | all | all | not yours | forbidden | sign in | sign in | not yours | all | not yours |
| link of coach | all | all | all | not yours | forbidden | sign in | sign in | not yours | all | not yours |
| status | all | all | all | not yours | forbidden | sign in | some | some | some | some |
| transfers | all | all | all | not yours | forbidden | sign in | sign in | not yours | not yours | not yours |
"""
_ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.strip().splitlines()]
CELLS = [(row[0], who, row[1 + n]) for row in _ROWS[1:] for n, who in enumerate(_ROWS[0][1:])]

COACH, EMAIL = "coach-1", "coach-1@example.com"
# mode, token, email
WHO: dict[str, tuple[str | None, dict[str, Any] | None, str | None]] = {
    "development": (None, None, None),
    "owner": ("required", {"sub": COACH, "role": "coach"}, None),
    "admin": ("required", {"sub": "ops", "role": "admin"}, None),
    "another coach": ("required", {"sub": "coach-2", "role": "coach"}, None),
    "player": ("required", {"sub": "player-1", "role": "player"}, None),
    "required": ("required", None, EMAIL),
    "optional": ("optional", None, EMAIL),
    "off": ("off", None, None),
    "off, email": ("off", None, " Coach-1@Example.com "),
    "off, other": ("off", None, "eve@example.com"),
}
PRIVATE = ("stripeAccountId", "email", "businessProfile", "requirements")


class Screens:
    """The routes on what belongs to `coach-1`, or to nobody."""

    def __init__(self, mode: str | None) -> None:
        self.market = Marketplace(now=NOW)
        self.account = self.market.register(COACH)
        self.market.register("coach-2")
        if mode is not None:
            keys = {} if mode == "off" else {"AUTH_JWT_SECRET": SECRET}
            self.market.go_live(AUTH_MODE=mode, RATELIMIT_ENABLED="false", **keys)

    def call(self, route: str, headers: dict[str, str], email: str | None, *, nobody: bool = False) -> Any:
        """One call. ``nobody``: of a coach and an account that do not exist."""
        coach = "nobody" if nobody else COACH
        account = "acct_0000000000000000" if nobody else self.account
        hint = {} if email is None else {"email": email}
        new = {"coachId": coach, "coachName": "Dana", "sport": "golf", "email": email or "x@example.com"}
        player = {"playerId": "player-1"}
        paths: dict[str, tuple[str, str, Any]] = {
            "buy": ("POST", "/api/payments/create-destination-charge", {**self.market.order(coach), **player}),
            "start": ("POST", "/api/connect/start-onboarding", new),
            "link of account": ("POST", f"/api/connect/account/{account}/onboarding-link", hint),
            "link of coach": ("GET", f"/api/connect/coach/{coach}/onboarding-link", None),
            "status": ("GET", f"/api/connect/coach/{coach}/status", None),
            "transfers": ("GET", f"/api/connect/coach/{coach}/transfers", None),
        }
        method, path, body = paths[route]
        query = hint if method == "GET" and route != "transfers" else {}
        return self.market.http.open(path, method=method, json=body, headers=headers, query_string=query)


@pytest.fixture(scope="module")
def towns() -> dict[str | None, Screens]:
    """One for each mode."""
    return {mode: Screens(mode) for mode in (None, "required", "optional", "off")}


@pytest.mark.parametrize(("route", "who", "expected"), CELLS, ids=[f"{route}-{who}" for route, who, _ in CELLS])
def test_a_cell_of_the_table(towns: dict[str | None, Screens], route: str, who: str, expected: str) -> None:
    """The caller gets what the cell says, and a refusal leaves no link behind."""
    mode, claims, email = WHO["player" if (route, who) == ("buy", "owner") else who]
    if route == "start" and email is None:
        email = "eve@example.com" if who == "off" else EMAIL
    screens = towns[mode]
    screens.market.forget_calls()

    answer = screens.call(route, bearer(claims), email)

    statuses = {"all": 200, "some": 200, "not yours": 404, "forbidden": 403, "sign in": 401, "taken": 409}
    assert answer.status_code == statuses[expected], answer.json
    if expected not in ("all", "some"):
        assert "POST /v1/account_links" not in screens.market.calls()
        assert "acct_" not in answer.text
    if route == "status" and expected == "all":
        assert all(answer.json["account"][key] is not None for key in PRIVATE)
    if expected == "some":
        assert {key: answer.json["account"][key] for key in PRIVATE} == dict.fromkeys(PRIVATE)
        assert answer.json["account"]["chargesEnabled"] is False


@pytest.mark.parametrize("who", ["another coach", "off", "off, other", "off, email"])
@pytest.mark.parametrize("route", ["link of account", "link of coach", "status", "transfers"])
def test_anothers_is_told_as_what_does_not_exist(towns: dict[str | None, Screens], route: str, who: str) -> None:
    """Byte for byte: nobody learns which coach ids are taken."""
    mode, claims, email = WHO[who]
    theirs, nobodys = (towns[mode].call(route, bearer(claims), email, nobody=nobody) for nobody in (False, True))

    assert nobodys.status_code == 404
    if theirs.status_code != 200:
        assert (theirs.status_code, theirs.data) == (404, nobodys.data)
    if route == "status":
        assert nobodys.json["account"] is None


def test_a_free_coach_id_may_be_registered_where_nobody_signs_in(towns: dict[str | None, Screens]) -> None:
    """As the screens need it."""
    answer = towns["off"].call("start", {}, "new@example.com", nobody=True)

    assert (answer.status_code, bool(answer.json["onboardingLink"]["url"])) == (200, True)


def test_an_email_opens_nothing_where_tokens_decide(towns: dict[str | None, Screens]) -> None:
    """It is known to every player of the coach's."""
    headers = bearer({"sub": "coach-2", "role": "coach"})

    for route in ("link of account", "link of coach", "status"):
        assert towns["required"].call(route, headers, EMAIL).status_code == 404


def test_an_account_without_an_address_is_opened_to_nobody(towns: dict[str | None, Screens]) -> None:
    """An empty word would otherwise open what has no lock."""
    market = towns["off"].market
    params: Any = {"type": "express", "country": "CA", "metadata": {"coachId": "coach-3"}}
    account = market.stripe.v1.accounts.create(params).id

    for email in ("", " ", "null", "x@example.com"):
        answer = market.post(f"/api/connect/account/{account}/onboarding-link", {"email": email})
        assert answer.status_code == 404


def test_a_coach_whose_registry_entry_is_not_there_is_known_by_the_accounts_own_address(
    towns: dict[str | None, Screens],
) -> None:
    """As one whom the Node backend made an account for."""
    market = towns["off"].market
    params: Any = {"type": "express", "country": "CA", "email": "old@example.com", "metadata": {"coachId": "coach-4"}}
    path = f"/api/connect/account/{market.stripe.v1.accounts.create(params).id}/onboarding-link"

    assert market.post(path, {"email": "eve@example.com"}).status_code == 404
    assert market.post(path, {"email": "OLD@example.com"}).status_code == 200


PROFILE = {"business_profile": {"support_email": "support@example.com"}}


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_stranger_does_not_learn_what_opens_the_onboarding_link(
    towns: dict[str | None, Screens], method: str
) -> None:
    """A payment names the account where nobody signs in; the account must not name the email that proves its coach."""
    off = towns["off"]
    sold = off.market.buy(COACH)
    metadata = off.market.http.get(f"/api/payments/intent/{sold['id']}").json["paymentIntent"]["metadata"]
    assert metadata["coachAccountId"] == off.account

    path = f"/api/connect/account/{metadata['coachAccountId']}"
    answer = off.market.http.open(path, method=method, json=PROFILE if method == "PUT" else None)

    assert (answer.status_code, answer.json["account"]["id"]) == (200, off.account)
    assert (answer.json["account"]["email"], answer.json["account"]["business_profile"]) == (None, {})
    assert EMAIL not in answer.text


@pytest.mark.parametrize("who", ["development", "owner", "admin"])
def test_a_coach_and_an_admin_see_the_whole_account(towns: dict[str | None, Screens], who: str) -> None:
    """The contract's fields, as before."""
    mode, claims, _ = WHO[who]
    screens = towns[mode]

    answer = screens.market.http.get(f"/api/connect/account/{screens.account}", headers=bearer(claims))

    assert answer.json["account"]["email"] == EMAIL
    assert answer.json["account"]["business_profile"]["name"]
