"""``/api/connect``: coaches' Stripe accounts, and the manual transfer."""

from __future__ import annotations

from flask import Blueprint, Response

from backend.domain.access import ADMINS, COACHES, COACHES_AND_GUESTS
from backend.domain.paths import CONNECT
from backend.http.auth import caller
from backend.http.operations import operation
from backend.http.requests import body, optional_body, path_account_id, path_coach_id, query, respond, services
from backend.routes import examples
from backend.schemas.connect import (
    AccountResponse,
    BalanceResponse,
    CreateAccountRequest,
    CreateAccountResponse,
    LoginLinkResponse,
    PayoutsQuery,
    PayoutsResponse,
    TransferRequest,
    TransferResponse,
    UpdateAccountRequest,
    UpdateAccountResponse,
)
from backend.schemas.screens import (
    CoachOnboardingLinkResponse,
    OnboardingLinkRequest,
    OnboardingLinkResponse,
    StatusQuery,
    StatusResponse,
    TransfersQuery,
    TransfersResponse,
)

connect = Blueprint("connect", __name__, url_prefix=CONNECT)

# Two addresses at which the same account is asked for.
_registration = operation(
    COACHES, CreateAccountResponse, body=CreateAccountRequest, failures=(400, 404, 409), example=examples.COACH
)


@connect.post("/create-account")
@_registration
def create_account() -> Response:
    """A coach's one account, with a link to complete it."""
    return respond(CreateAccountResponse, services().coaches.create(body(CreateAccountRequest), caller()))


@connect.post("/start-onboarding")
@_registration
def start_onboarding() -> Response:
    """A coach's one account, with a link to complete it: what the screens call for the same."""
    return respond(CreateAccountResponse, services().coaches.create(body(CreateAccountRequest), caller()))


@connect.get("/account/<account_id>")
@operation(COACHES, AccountResponse, failures=(404,))
def read_account(account_id: str) -> Response:
    """A coach's account, with what Stripe still asks for."""
    account = services().coaches.account(path_account_id(account_id), caller())
    return respond(AccountResponse, {"account": account})


@connect.put("/account/<account_id>")
@operation(
    COACHES,
    UpdateAccountResponse,
    body=UpdateAccountRequest,
    failures=(400, 404, 409),
    example=examples.PROFILE,
)
def update_account(account_id: str) -> Response:
    """Prefill what the coach's onboarding will ask."""
    known = path_account_id(account_id)
    account = services().coaches.update(known, body(UpdateAccountRequest), caller())
    return respond(UpdateAccountResponse, {"account": account})


@connect.post("/account/<account_id>/login-link")
@operation(COACHES, LoginLinkResponse, failures=(404, 409))
def create_login_link(account_id: str) -> Response:
    """A single-use link to the coach's Express dashboard."""
    link = services().coaches.login_link(path_account_id(account_id), caller())
    return respond(LoginLinkResponse, {"login_link": link})


@connect.post("/account/<account_id>/onboarding-link")
@operation(
    COACHES,
    OnboardingLinkResponse,
    body=OnboardingLinkRequest,
    failures=(400, 404, 409),
    body_required=False,
    example=examples.ONBOARDING,
)
def create_onboarding_link(account_id: str) -> Response:
    """A fresh single-use link to complete an account."""
    known = path_account_id(account_id)
    made = services().onboarding.of_account(known, optional_body(OnboardingLinkRequest), caller())
    return respond(OnboardingLinkResponse, made)


@connect.get("/coach/<coach_id>/onboarding-link")
@operation(COACHES, CoachOnboardingLinkResponse, query=OnboardingLinkRequest, failures=(400, 404, 409))
def read_onboarding_link(coach_id: str) -> Response:
    """A fresh single-use link to complete a coach's account."""
    known = path_coach_id(coach_id)
    made = services().onboarding.of_coach(known, query(OnboardingLinkRequest), caller())
    return respond(CoachOnboardingLinkResponse, made)


@connect.get("/coach/<coach_id>/status")
@operation(COACHES_AND_GUESTS, StatusResponse, query=StatusQuery, failures=(400, 404))
def read_status(coach_id: str) -> Response:
    """The state of a coach: can be paid or not, and what is still to be done. Who is not signed in learns only the first."""
    known = path_coach_id(coach_id)
    query(StatusQuery)
    return respond(StatusResponse, {"account": services().coach_statuses.read(known, caller())})


@connect.get("/coach/<coach_id>/transfers")
@operation(COACHES, TransfersResponse, query=TransfersQuery, failures=(400, 404))
def list_transfers(coach_id: str) -> Response:
    """The transfers to a coach, newest first, with the totals of all of them."""
    known, asked = path_coach_id(coach_id), query(TransfersQuery)
    earnings = services().coach_transfers.read(known, caller())
    listed = earnings.transfers[: asked["limit"]]
    return respond(TransfersResponse, {"transfers": listed, "summary": earnings.summary})


@connect.post("/transfer")
@operation(ADMINS, TransferResponse, body=TransferRequest, failures=(400, 404, 409), example=examples.CLAIM)
def transfer() -> Response:
    """The coach's share of a payment, transferred now if it was not yet."""
    made = services().transfers.transfer(body(TransferRequest))
    return respond(TransferResponse, {"transfer": made})


@connect.get("/account/<account_id>/balance")
@operation(COACHES, BalanceResponse, failures=(404,))
def read_balance(account_id: str) -> Response:
    """The balance that the coach holds at Stripe."""
    balance = services().coaches.balance(path_account_id(account_id), caller())
    return respond(BalanceResponse, {"balance": balance})


@connect.get("/account/<account_id>/payouts")
@operation(COACHES, PayoutsResponse, query=PayoutsQuery, failures=(400, 404))
def list_payouts(account_id: str) -> Response:
    """One page of payouts to the coach's bank, newest first."""
    known = path_account_id(account_id)
    page = query(PayoutsQuery)
    payouts = services().coaches.payouts(known, page["limit"], page["starting_after"], caller())
    return respond(PayoutsResponse, payouts)
