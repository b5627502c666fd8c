"""Disputes: read and answered here; opened by a test card or under /_sandbox, decided there or by test evidence."""

from typing import Any

from ..calls import lists
from ..calls.routing import Call, Route
from ..state.disputes import OPEN
from ..state.store import Row
from ..wire import errors
from . import common

# Words in evidence[uncategorized_text] that decide a test dispute.
VERDICTS = {"winning_evidence": True, "losing_evidence": False, "escalate_inquiry_evidence": False}


def retrieve(call: Call) -> Row:
    """GET /v1/disputes/{id}"""
    return call.in_path("disputes", "dispute")


def update(call: Call) -> Row:
    """POST /v1/disputes/{id}: evidence is submitted unless `submit` says otherwise."""
    row, params = call.in_path("disputes", "dispute"), call.params
    evidence = params.get("evidence") or {}
    if evidence and row["status"] not in OPEN:
        raise errors.refused("This dispute is already closed.")
    before = common.amend(row, params)
    if evidence:
        before["evidence"] = dict(row["evidence"])
        row["evidence"] = {**row["evidence"], **{key: value or None for key, value in evidence.items()}}
        row["evidence_details"] = {**row["evidence_details"], "has_evidence": True}
    if evidence and params.get("submit", True):
        _submit(row, before)
    call.world.changed(row)
    call.world.emit("charge.dispute.updated", row, before)
    verdict = VERDICTS.get(evidence.get("uncategorized_text") or "")
    if verdict is not None and params.get("submit", True):
        call.world.disputes.close(row, verdict)
    return row


def _submit(row: Row, before: dict[str, Any]) -> None:
    details = row["evidence_details"]
    count = details["submission_count"] + 1
    row["evidence_details"] = {**details, "submission_count": count, "submission_method": "manual"}
    before["status"] = row["status"]
    # As warning_under_review and appeal_under_review too.
    row["status"] = row["status"].replace("needs_response", "under_review")


def close(call: Call) -> Row:
    """POST /v1/disputes/{id}/close: give in."""
    row = call.in_path("disputes", "dispute")
    if row["status"] not in OPEN or row["status"].startswith("warning"):
        raise errors.refused(f"This dispute cannot be closed: its status is {row['status']}.")
    call.world.disputes.close(row, won=False)
    return row


def list_(call: Call) -> dict[str, Any]:
    """GET /v1/disputes"""
    params = call.params
    filters = {field: params.get(field) for field in ("charge", "payment_intent")}
    return lists.page(call.rows("disputes"), params, call.path, "dispute", **filters)


ROUTES = (
    Route("GET", "/v1/disputes", "disputes.list", list_, "dispute", "list"),
    Route("GET", "/v1/disputes/<id>", "disputes.retrieve", retrieve, "dispute"),
    Route("POST", "/v1/disputes/<id>", "disputes.update", update, "dispute", refuses=("intended_submission_method",)),
    Route("POST", "/v1/disputes/<id>/close", "disputes.close", close, "dispute"),
)
