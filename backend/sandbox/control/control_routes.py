"""The routes of the control path: each with what it is for, and what may be handed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..wire.given import Kinds

TRIGGER: dict[str, Kinds] = {"times": int, "p": (int, float), "seed": int}
FAULT: dict[str, Kinds] = {"match": dict, "stage": str, "effect": (str, dict), **TRIGGER}
RULE: dict[str, Kinds] = {"match": dict, "effect": (str, dict), "nth": int, **TRIGGER}


@dataclass(frozen=True, eq=False)
class ControlRoute:
    """One control endpoint: the name of the method of `Control` behind it, and what it is for.

    `takes` names what its JSON may have, each with its type; None leaves the reading to the method.
    """

    method: str
    path: str
    name: str
    about: str
    takes: Mapping[str, Kinds] | None = field(default_factory=dict)


CONTROL_ROUTES = (
    ControlRoute("GET", "", "overview", "what is supported, and every one of these calls"),
    ControlRoute(
        "POST",
        "settlement",
        "settle_in",
        "{charges_in, settle_in, rate}: convert; settle_in = charges_in ends it",
        {"charges_in": str, "settle_in": str, "rate": (str, int, float)},
    ),
    ControlRoute(
        "POST", "platform", "move_platform", "{country}: where the platform is, for Stripe's fees", {"country": str}
    ),
    ControlRoute("POST", "reset", "reset", "an empty platform; clock and webhook endpoints of the command line stay"),
    ControlRoute("GET", "worlds", "list_worlds", "the worlds apart, by name"),
    ControlRoute(
        "POST",
        "worlds",
        "make_world",
        "{name, seed?}: a world for the keys sk_test_sandbox_{name} and pk_test_sandbox_{name}; its first call makes one too",
        {"name": str, "seed": int},
    ),
    ControlRoute("DELETE", "worlds/<name>", "drop_world", "forget it, with all that is in it"),
    ControlRoute(
        "POST",
        "keys",
        "revoke_key",
        "{revoke}: refuse that API key, as one that was rolled, until the next reset",
        {"revoke": str},
    ),
    ControlRoute("POST", "save", "save", "write the state to the file of --state now"),
    ControlRoute("GET", "clock", "clock", "the sandbox's time"),
    ControlRoute("POST", "clock", "move_clock", "{advance: seconds} or {set: unix}", {"advance": int, "set": int}),
    ControlRoute(
        "POST",
        "accounts/<id>/onboard",
        "onboard",
        "finish onboarding {verification?: verified | pending}",
        {"verification": str},
    ),
    ControlRoute("POST", "accounts/<id>/disable", "disable", "stop an account {reason?}", {"reason": str}),
    ControlRoute("POST", "accounts/<id>/reject", "reject", "the platform turns it away {reason?}", {"reason": str}),
    ControlRoute(
        "POST", "accounts/<id>/disconnect", "disconnect", "its owner parts from the platform: 403 from now on"
    ),
    ControlRoute(
        "POST",
        "accounts/<id>/refuse_transfers",
        "refuse_transfers",
        "refuse transfers, whatever the capability says {code?, message?, country?: true for one out of reach}",
        {"code": str, "message": str, "country": bool},
    ),
    ControlRoute("DELETE", "accounts/<id>/refuse_transfers", "accept_transfers", "lift that refusal"),
    ControlRoute(
        "POST",
        "payment_intents/<id>/pay",
        "pay",
        "pay as a browser would {card?: number or pm_… of a card or bank account, return_url?}",
        {"card": str, "return_url": str},
    ),
    ControlRoute(
        "POST",
        "payment_intents/<id>/authenticate",
        "authenticate",
        "answer a 3-D Secure challenge {passed?: true}",
        {"passed": bool},
    ),
    ControlRoute(
        "POST",
        "setup_intents/<id>/authenticate",
        "authenticate_setup",
        "answer a 3-D Secure challenge of a card that is to be saved {passed?: true}",
        {"passed": bool},
    ),
    ControlRoute(
        "POST",
        "payment_intents/<id>/settle",
        "settle_debit",
        "the bank answers a debit now {succeeded?: true, failure_code?}",
        {"succeeded": bool, "failure_code": str},
    ),
    ControlRoute("POST", "charges/<id>/bounce", "bounce", "the bank takes a debit back that had succeeded"),
    ControlRoute(
        "POST",
        "early_fraud_warnings",
        "warn_of_fraud",
        "the issuer warns {charge, fraud_type?}",
        {"charge": str, "fraud_type": str},
    ),
    ControlRoute(
        "POST",
        "disputes",
        "open_dispute",
        "{charge, reason?, inquiry?, case_type?: chargeback | inquiry | block | resolution, amount?, currency?, taken?}; "
        "as often as wanted; taken: what the balance loses, in the charge's currency",
        {
            "charge": str,
            "reason": str,
            "inquiry": bool,
            "case_type": str,
            "amount": int,
            "currency": str,
            "taken": int,
        },
    ),
    ControlRoute(
        "POST",
        "disputes/<id>/win",
        "win_dispute",
        "the bank decides for the platform {lag?: seconds until the money comes; negative: it comes before}",
        {"lag": int},
    ),
    ControlRoute("POST", "disputes/<id>/lose", "lose_dispute", "the bank decides for the cardholder"),
    ControlRoute(
        "POST",
        "disputes/<id>/appeal",
        "appeal_dispute",
        "a decided dispute is opened again {under_review?}",
        {"under_review": bool},
    ),
    ControlRoute(
        "POST", "refunds/<id>/succeed", "succeed_refund", "one that is pending or requires_action is carried out"
    ),
    ControlRoute(
        "POST",
        "refunds/<id>/fail",
        "fail_refund",
        "the money comes back {failure_reason?, after?: seconds}",
        {"failure_reason": str, "after": int},
    ),
    ControlRoute("POST", "refunds/<id>/cancel", "cancel_refund", "call one back that requires_action"),
    ControlRoute(
        "POST", "payouts/<id>/fail", "fail_payout", "the bank sends it back {failure_code?}", {"failure_code": str}
    ),
    ControlRoute("POST", "events/<id>/resend", "resend_event", "deliver once more"),
    ControlRoute("GET", "events/<id>/deliveries", "event_deliveries", "the record of one event's deliveries"),
    ControlRoute("GET", "deliveries", "deliveries", "the record of all deliveries"),
    ControlRoute(
        "POST",
        "deliveries",
        "deliver",
        "make every delivery that is due {order?: fifo | lifo | shuffle}",
        {"order": str},
    ),
    ControlRoute("GET", "delivery_rules", "delivery_rules", "the rules in force"),
    ControlRoute(
        "POST", "delivery_rules", "add_delivery_rule", "{match: {type}, effect, nth?, times?, p?, seed?}", RULE
    ),
    ControlRoute("DELETE", "delivery_rules", "clear_delivery_rules", "deliver everything, once, in time"),
    ControlRoute(
        "POST",
        "webhook_endpoints/<id>/roll",
        "roll_secret",
        "a new secret {keep_seconds?}; both sign meanwhile",
        {"keep_seconds": int},
    ),
    ControlRoute(
        "POST",
        "webhooks",
        "add_webhook",
        "deliver events to {url, secret?, connect?}; stays when reset",
        {"url": str, "secret": str, "connect": bool},
    ),
    ControlRoute("GET", "behaviour", "behaviour", "what no source settles about Stripe, and how it is chosen here"),
    ControlRoute("POST", "behaviour", "behaviour", "{name: choice, …}; a reset takes all choices back", None),
    ControlRoute("GET", "faults", "faults", "the faults in force"),
    ControlRoute(
        "POST", "faults", "add_fault", "{match: {method, path, nth}, stage, effect, times?, p?, seed?}", FAULT
    ),
    ControlRoute("DELETE", "faults", "clear_faults", "everything works again"),
    ControlRoute("GET", "requests", "requests", "the log of API calls"),
    ControlRoute("DELETE", "requests", "clear_requests", "empty the log"),
    ControlRoute("GET", "state", "state", "all objects and balances, for checks"),
)
