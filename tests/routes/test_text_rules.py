"""Typed and pasted text, through the routes: bounded before it is worked on, clean, and never a card number."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.builders import Marketplace
from tests.routes.conftest import make_backend
from tests.routes.good_requests import ACCOUNT, GOOD, PAYMENT, SESSION, WHOLE, CutOff, places, put, refused

VISA = "4242424242424242"
# Those whose text is taken as it comes; the others (ids of Stripe's, choices, countries) have a form of their own.
FREE = [
    (path, way)
    for path, (_, body) in WHOLE.items()
    for way in places(body)
    if way[-1] not in ("sessionData", "business_profile", "individual", "address", "dob", "day", "month", "year")
    and way[-1] not in ("packageId", "packageType", "amount", "reason", "businessType", "country")
    and way[-1] not in ("paymentIntentId", "coachAccountId")
]


@pytest.fixture(scope="module")
def alone() -> FlaskClient:
    """A backend without Stripe; one for all: what is refused leaves nothing behind."""
    return make_backend(ratelimit_enabled=False)


@pytest.fixture(scope="module")
def cut_off() -> CutOff:
    """A backend whose line to Stripe is dead; one for all."""
    return CutOff()


@pytest.mark.parametrize(("path", "way"), FREE, ids=lambda part: part[-1] if isinstance(part, tuple) else "")
def test_a_body_of_marks_is_refused_before_it_is_normalised(
    alone: FlaskClient, path: str, way: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """64 kB of combining marks in any field: three seconds of processor, each."""
    normalised: list[int] = []
    normalise = unicodedata.normalize

    def watch(form: Any, text: str) -> str:
        normalised.append(len(text))
        return normalise(form, text)

    monkeypatch.setattr(unicodedata, "normalize", watch)

    refused(alone, path, json.dumps(put(WHOLE[path][1], way, "\u0301" * 31_000), ensure_ascii=False).encode())

    assert max(normalised, default=0) <= 320


@pytest.mark.parametrize(
    "number", [VISA, "4242.4242.4242.4242", "４２４２－４２４２－４２４２－４２４２", "4242\u00a04242 4242–4242"]
)
@pytest.mark.parametrize(("path", "way"), FREE, ids=lambda part: part[-1] if isinstance(part, tuple) else "")
def test_a_card_number_in_any_field_is_refused_and_not_repeated(
    cut_off: CutOff, path: str, way: tuple[str, ...], number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither in the answer nor in the log, nor sent on to Stripe."""
    method, body = WHOLE[path]
    value = {"email": f"{number}@example.com", "url": f"https://a.example/{number}"}.get(way[-1].split("_")[-1], number)
    before = cut_off.line.calls

    answer = cut_off.http.open(path, method=method, json=put(body, way, value))

    assert (answer.status_code, cut_off.line.calls) == (400, before)
    _says_nothing_of(number, answer.text, capsys.readouterr().err)


def _says_nothing_of(number: str, *texts: str) -> None:
    for text in texts:
        digits = [str(digit) for char in text if (digit := unicodedata.digit(char, None)) is not None]
        assert VISA not in "".join(digits)
        assert number not in text


@pytest.mark.parametrize(
    "number", [VISA, "4242 4242 4242 4242", "4242.4242.4242.4242", "４２４２４２４２４２４２４２４２"]
)
def test_a_card_number_as_the_name_of_a_field_is_not_repeated(
    alone: FlaskClient, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the unknown field otherwise."""
    for body in ({"paymentIntentId": PAYMENT, number: 1}, {"paymentIntentId": PAYMENT, "x" * 95 + number: 1}):
        answer = alone.post("/api/payments/refund", json=body)

        assert answer.status_code == 400
        _says_nothing_of(number, answer.text, capsys.readouterr().err)


@pytest.mark.parametrize(
    "address",
    [
        f"/api/payments/intent/{VISA}",
        "/api/payments/intent/4242-4242-4242-4242",
        "/api/payments/intent/4242%204242%204242%204242",
        "/api/payments/intent/4242.4242.4242.4242",
        "/4242/4242/4242/4242",
        "/api/payments/intent/%EF%BC%94%EF%BC%92" + "42" * 7,
        f"/api/connect/account/{ACCOUNT}/payouts?limit={VISA}",
        f"/api/connect/account/{ACCOUNT}/payouts?{VISA}=1",
        f"/api/connect/account/{ACCOUNT}/payouts?x=4242+4242+4242+4242",
        f"/test?card={VISA}",
        f"/payment-success?payment_intent={VISA}",
        f"/nowhere/{VISA}",
    ],
)
def test_a_card_number_in_an_address_is_refused_and_not_repeated(
    alone: FlaskClient, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On every route, those that are not there included."""
    answer = alone.get(address)

    assert answer.status_code == 400
    assert "must not contain a card number" in answer.text
    _says_nothing_of(VISA, answer.text, capsys.readouterr().err)


@pytest.mark.parametrize("name", ["Idempotency-Key", "X-Request-Id"])
@pytest.mark.parametrize("number", [VISA, "4242-4242-4242-4242", "4242.4242.4242.4242"])
def test_a_card_number_in_a_header_is_not_repeated(
    cut_off: CutOff, name: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key is refused, a request's id replaced by one of ours."""
    path = "/api/payments/refund"

    answer = cut_off.http.post(path, json=GOOD[path][1], headers={name: number})

    assert answer.status_code == (400 if name == "Idempotency-Key" else 503)
    _says_nothing_of(number, answer.text, str(answer.headers), capsys.readouterr().err)


@pytest.mark.parametrize(
    "key", ["order-1234567890123456783", "3f2a8c1e-4111-4111-8111-111111111111", "order-175928847299117063"]
)
def test_an_ordinary_key_is_taken(cut_off: CutOff, key: str) -> None:
    """Long numbers and UUIDs are ids."""
    path = "/api/payments/refund"

    assert cut_off.asked("POST", path, json=GOOD[path][1], headers={"Idempotency-Key": key}) == (503, True)


@pytest.mark.parametrize(
    "coach_id", ["1234567890123456783", "175928847299117063", "תמר", "coach\u200cعلی" + "\u200c" + "رضا"]
)
def test_ids_of_digits_and_of_any_script_are_taken(market: Marketplace, coach_id: str) -> None:
    """With every byte; one that holds a joiner where no script needs it is refused."""
    if "coach\u200c" in coach_id:
        answer = market.post("/api/payments/create-intent", market.order(coach_id))
        assert (answer.status_code, answer.json["details"].split()[0]) == (400, "coachId")
        coach_id = coach_id.replace("coach\u200c", "")
    market.register(coach_id, email="a@example.com")
    intent = market.buy(coach_id)

    assert _metadata(market, intent)["coachId"] == coach_id


def test_what_was_pasted_along_is_taken_out_of_a_name(market: Marketplace) -> None:
    """A zero-width space, a soft hyphen, a line break at the end."""
    intent = market.buy(coachName="\ufeffDa\u00adna\u200b\n", playerName=" Pat\r\n", playerId="pat-7\n")

    metadata = _metadata(market, intent)
    assert (metadata["coachName"], metadata["playerName"], metadata["playerId"]) == ("Dana", "Pat", "pat-7")


@pytest.mark.parametrize("name", ["דוד \u200f(כהן)", "محمد\u200e 2", "👩🏽\u200d🚀", "می\u200cخواهم", "葛\U000e0100城"])
def test_a_name_keeps_what_its_script_needs(market: Marketplace, name: str) -> None:
    """Marks of Hebrew and Arabic, joiners, variations: as they were sent."""
    assert _metadata(market, market.buy(coachName=name))["coachName"] == name


@pytest.mark.parametrize("name", ["\u3164", "\u2800", "\u200b", "\U000e0041", "\u0301", "a\u202eb", "a\u2067b"])
def test_a_name_that_nobody_can_read_is_refused(alone: FlaskClient, name: str) -> None:
    """Nothing is left of it, or it turns others around."""
    refused(alone, "/api/payments/create-intent", {**SESSION, "coachName": name}, "coachName")


@pytest.mark.parametrize(
    "character", ["\u200b", "\u00ad", "\ufeff", "\u3164", "\u2060", "\u180e", "\U000e0041", "\ufe0f"]
)
@pytest.mark.parametrize("field", ["coachId", "playerId"])
def test_an_id_has_nothing_invisible(alone: FlaskClient, field: str, character: str) -> None:
    """Two coaches must not look the same."""
    for text in (f"{character}coach-1", f"coach{character}-1", f"coach-1{character}"):
        refused(alone, "/api/payments/create-intent", {**SESSION, field: text}, field)


def test_an_id_with_white_space_around_it_is_the_same_id(market: Marketplace) -> None:
    """One coach, one account, in composed letters and in parts."""
    first = market.register("coach-é", email="a@example.com")

    assert market.register(" coach-e\u0301\n", email="a@example.com") == first


def _metadata(market: Marketplace, intent: dict[str, Any]) -> dict[str, str]:
    metadata: dict[str, str] = market.stripe.v1.payment_intents.retrieve(intent["id"]).metadata.to_dict()
    return metadata
