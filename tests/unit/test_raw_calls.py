"""Raw calls of our client: the same bytes go out, and the same answers and errors come back, as with the SDK's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.namespace import UNNAMED
from backend.stripe_client.forms import encode_form
from backend.stripe_client.platform import PlatformClient

BASE = "http://127.0.0.1:1"


@pytest.fixture(scope="module", autouse=True)
def no_telemetry() -> Iterator[None]:
    """As every backend has it: else each call of the SDK tells of the one before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stripe, "enable_telemetry", False)
        yield


class Line(stripe.HTTPClient):
    """Keeps what is sent, and gives the answers in their order, the last one again and again."""

    name = "line"

    def __init__(self, *answers: tuple[Any, int]) -> None:
        super().__init__()
        self.sent: list[Any] = []
        self._answers = answers or (('{"id": "x", "object": "thing"}', 200),)

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **_rest: Any) -> Any:
        """One call."""
        self.sent.append((method, url, dict(headers), post_data))
        body, status = self._answers[min(len(self.sent), len(self._answers)) - 1]
        return body, status, {"request-id": "req_1", "idempotent-replayed": "true"}

    def _sleep_time_seconds(self, *_: Any, **__: Any) -> float:
        return 0.0

    def close(self) -> None:
        """Nothing to close."""


def both(call: Callable[[stripe.StripeClient], Any], *answers: tuple[Any, int]) -> list[tuple[list[Any], Any]]:
    """The requests that were sent and the end of a call, with the SDK's client and with ours."""
    ends = []
    for make in (stripe.StripeClient, lambda *a, **more: PlatformClient(*a, namespace=UNNAMED, **more)):
        line = Line(*answers)
        client = make("sk_test_a1", http_client=line, base_addresses={"api": BASE}, max_network_retries=1)
        try:
            answer = call(client)
            came: Any = (answer.code, dict(answer.headers), answer.data)
        except stripe.StripeError as error:
            came = (type(error), str(error), error.http_status, error.json_body, dict(error.headers or {}))
        ends.append((line.sent, came))
    return ends


# Texts with what a form has to escape, and with what it does not.
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12) | st.sampled_from(["a b&c=d", "[x]", "ä~é", "%5B", "+", ""])
VALUES: Any = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.dictionaries(TEXTS, inner, max_size=4) | st.lists(TEXTS, max_size=3),
    max_leaves=12,
)
NAMES = TEXTS.filter(lambda name: name not in ("base", "usage", "idempotency_key"))


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_every_form_is_written_as_the_sdk_writes_it(values: dict[str, Any]) -> None:
    """Under one idempotency key another form would be another request."""
    (theirs, _), (ours, _) = both(lambda client: client.raw_request("post", "/v1/x", idempotency_key="k", **values))

    assert ours == theirs
    assert encode_form(values) == ours[0][3]


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_every_question_is_asked_as_the_sdk_asks_it(values: dict[str, Any]) -> None:
    """The address, its query and every header."""
    (theirs, _), (ours, _) = both(lambda client: client.raw_request("get", "/v1/x/y", **values))

    assert ours == theirs


UNUSUAL: dict[str, dict[str, Any]] = {
    "a number with a fraction": {"a": 1.5},
    "a list of mappings": {"items": [{"a": 1}, {"b": True}]},
    "a list of numbers": {"items": [1, 2]},
    "another account": {"stripe_account": "acct_1"},
    "a header": {"headers": {"X-Mine": "1"}},
    "another version": {"stripe_version": "2020-08-27"},
}


@pytest.mark.parametrize("params", UNUSUAL.values(), ids=UNUSUAL)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_unusual_is_left_to_the_sdk(method: str, params: dict[str, Any]) -> None:
    """It is sent all the same."""
    (theirs, _), (ours, _) = both(lambda client: client.raw_request(method, "/v1/x", idempotency_key="k", **params))

    assert ours == theirs


def test_a_write_without_a_key_is_given_one_by_the_sdk() -> None:
    """A new one each time: it is nobody's repetition."""
    line = Line()
    client = PlatformClient("sk_test_a1", namespace=UNNAMED, http_client=line, base_addresses={"api": BASE})

    for _ in range(2):
        client.raw_request("post", "/v1/x", a="1")

    assert len({headers["Idempotency-Key"] for _, _, headers, _ in line.sent}) == 2


ERROR = {"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "No such x", "param": "id"}}
ANSWERS: dict[str, list[tuple[Any, int]]] = {
    "an object": [('{"id": "x", "nested": {"a": [1, {"b": null}]}}', 200)],
    "bytes": [('{"id": "é"}'.encode(), 200)],
    "no JSON": [("<html>", 200)],
    "a list": [("[1]", 200)],
    "brackets without end": [("[" * 100_000, 200)],
    "nothing": [("", 200)],
    "a refusal": [(json.dumps(ERROR), 404)],
    "an expired key": [(json.dumps({"error": {"type": "idempotency_error"}}), 400)],
    "a wrong secret": [("{}", 401)],
    "too many": [(json.dumps({"error": {"message": "slow down"}}), 429)],
    "a failure that passes": [("{}", 500), ('{"id": "x"}', 200)],
    "a failure that lasts": [("{}", 503)],
    "a failure that is no JSON": [("<html>", 502)],
}


@pytest.mark.parametrize("answers", ANSWERS.values(), ids=ANSWERS)
def test_every_answer_comes_to_what_it_comes_to_in_the_sdk(answers: list[tuple[Any, int]]) -> None:
    """The same object, or the same error with the same texts, after as many tries."""
    (theirs, their_end), (ours, our_end) = both(lambda client: client.raw_request("get", "/v1/x"), *answers)

    assert our_end == their_end
    assert len(ours) == len(theirs)


def test_an_answer_that_is_no_text_is_an_error_of_stripes() -> None:
    """The SDK, which writes it into a log first, ends in an error of Python's."""
    client = PlatformClient("sk_test_a1", namespace=UNNAMED, http_client=Line((b'{"id": "\xff"}', 200)))

    with pytest.raises(stripe.APIError):
        client.raw_request("get", "/v1/x")
