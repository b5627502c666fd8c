"""``/api/connect``: coaches' Stripe accounts, and the manual transfer."""

from __future__ import annotations

from flask import Blueprint, Response

from backend.routes.auth import caller
from backend.routes.bodies import answer, body, path_account_id, query, services
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

connect = Blueprint("connect", __name__, url_prefix="/api/connect")


@connect.post("/create-account")
def create_account() -> Response:
    """A coach's one account, with a link to complete it."""
    return answer(CreateAccountResponse, services().coaches.create(body(CreateAccountRequest), caller()))


@connect.get("/account/<account_id>")
def read_account(account_id: str) -> Response:
    """A coach's account, with what Stripe still asks for."""
    account = services().coaches.account(path_account_id(account_id), caller())
    return answer(AccountResponse, {"account": account})


@connect.put("/account/<account_id>")
def update_account(account_id: str) -> Response:
    """Prefill what the coach's onboarding will ask."""
    known = path_account_id(account_id)
    account = services().coaches.update(known, body(UpdateAccountRequest), caller())
    return answer(UpdateAccountResponse, {"account": account})


@connect.post("/account/<account_id>/login-link")
def create_login_link(account_id: str) -> Response:
    """A single-use link to the coach's Express dashboard."""
    link = services().coaches.login_link(path_account_id(account_id), caller())
    return answer(LoginLinkResponse, {"login_link": link})


@connect.post("/transfer")
def transfer() -> Response:
    """The coach's share of a payment, transferred now if it was not yet."""
    made = services().transfers.transfer(body(TransferRequest))
    return answer(TransferResponse, {"transfer": made})


@connect.get("/account/<account_id>/balance")
def read_balance(account_id: str) -> Response:
    """What the coach holds at Stripe."""
    balance = services().coaches.balance(path_account_id(account_id), caller())
    return answer(BalanceResponse, {"balance": balance})


@connect.get("/account/<account_id>/payouts")
def list_payouts(account_id: str) -> Response:
    """One page of payouts to the coach's bank, newest first."""
    known = path_account_id(account_id)
    page = query(PayoutsQuery)
    payouts = services().coaches.payouts(known, page["limit"], page["starting_after"], caller())
    return answer(PayoutsResponse, payouts)
