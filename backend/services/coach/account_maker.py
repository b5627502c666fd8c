"""Making and closing coaches' accounts, by whichever of Stripe's two ways the platform has."""

from __future__ import annotations

from functools import partial
from typing import Any

import stripe
import structlog

from backend.domain import idempotency_keys
from backend.domain.account_requests import (
    AccountRequest,
    AccountTerms,
    account_request,
    is_platforms_matter,
)
from backend.domain.requests import NewCoach
from backend.services.coach.accounts import account_or_none, is_v2
from backend.services.creation import GENERATIONS, create_once
from backend.services.errors import Conflict, InvalidRequest, PaymentsError, PlatformNotReady, Undecided
from backend.services.reads import get_or_none
from backend.services.write_outcome import Done, InFlight, KeyTaken, Refused, Unknown, WriteOutcome, classify_write
from backend.stripe_client.platform import namespace_of

log = structlog.get_logger(__name__)


class AccountMaker:
    """Asks for the least that pays a coach, and for more, or by the other way, where Stripe's refusal says so.

    Nothing of that is remembered: what a platform may do changes in Stripe's Dashboard, and Stripe says it each time.
    """

    def __init__(self, client: stripe.StripeClient, terms: AccountTerms) -> None:
        self._client = client
        self._namespace = namespace_of(client)
        self._terms = terms

    def make(self, coach: NewCoach) -> stripe.Account:
        """Make the coach's account. One call for v1, two for v2, and one for each refusal before it.

        Raises ``InvalidRequest`` for details that Stripe refuses, ``PlatformNotReady`` for a platform that may not make
        accounts yet, ``Conflict`` while the same account is being made, and ``Undecided``.
        """
        make, capabilities = self._terms.first()
        while True:
            request = account_request(coach, make, capabilities, self._namespace)
            answer = self._ask(request)
            following = (
                self._terms.after(make, capabilities, answer.code, answer.message)
                if isinstance(answer, Refused)
                else None
            )
            if following is None:
                return _account(answer, coach, capabilities)
            make, capabilities = following
            log.info("account.asked_again", coach=coach.coach_id, make=make, capabilities=sorted(capabilities))

    def close(self, account: stripe.Account) -> None:
        """Close an account that was made for nothing. One that is closed already is no error."""
        if not is_v2(account):
            get_or_none(lambda: self._client.v1.accounts.delete(account.id))
            return
        made = get_or_none(lambda: self._client.v2.core.accounts.retrieve(account.id))
        if made is not None and not made.closed:
            named: Any = {"applied_configurations": list(made.applied_configurations)}
            self._client.v2.core.accounts.close(account.id, named)

    def _ask(self, request: AccountRequest) -> WriteOutcome[Any]:
        key, params = request.key_in(self._namespace), request.params
        if request.make == "v2":
            return self._ask_v2(key, params)
        return create_once(
            key,
            lambda one: self._client.v1.accounts.create(params, {"idempotency_key": one}),  # type: ignore[arg-type]
            self._client.v1.accounts.retrieve,
        )

    def _ask_v2(self, key: str, params: dict[str, Any]) -> WriteOutcome[Any]:
        """A v2 key lives for thirty days and keeps no refusal; what it made may have been closed since.

        Only then the next generation of the key is used. An account that v1 does not show yet is there: another would be
        the coach's second.
        https://docs.stripe.com/api-v2-overview#idempotency
        """
        for generation in range(GENERATIONS):
            answer = classify_write(partial(self._create_v2, params, idempotency_keys.creation(key, generation)))
            if not isinstance(answer, Done):
                return answer
            if answer.replayed and self._is_closed(answer.result.id):
                continue
            account = account_or_none(self._client, answer.result.id)
            return Unknown(answer.replayed) if account is None else Done(account, answer.replayed)
        return Unknown(replayed=True)

    def _is_closed(self, account_id: str) -> bool:
        made = get_or_none(lambda: self._client.v2.core.accounts.retrieve(account_id))
        return made is None or bool(made.closed)

    def _create_v2(self, params: Any, key: str) -> Any:
        return self._client.v2.core.accounts.create(params, {"idempotency_key": key})


def _account(answer: WriteOutcome[Any], coach: NewCoach, capabilities: frozenset[str]) -> stripe.Account:
    match answer:
        case Done(account):
            made: stripe.Account = account
            return made
        case Refused() as refusal:
            raise _refused(refusal, coach, capabilities)
        case InFlight() | KeyTaken():
            raise Conflict("This account is already being created. Please try again in a moment.")
        case Unknown():
            raise Undecided("The account could not be created now. Please try again in a moment.")


def _refused(refusal: Refused, coach: NewCoach, capabilities: frozenset[str]) -> PaymentsError:
    if not is_platforms_matter(capabilities, refusal.code, refusal.message):
        return InvalidRequest("Stripe cannot open an account with these details.", field="country")
    log.error("account.platform_refused", coach=coach.coach_id, code=refusal.code, remedy="flask doctor")
    return PlatformNotReady()
