"""Early fraud warnings: the issuer tells of fraud before the cardholder disputes. No money moves."""

from ..wire.errors import invalid, refused
from .core import Core
from .store import Row

FRAUD_TYPES = (
    "card_never_received fraudulent_card_application made_with_counterfeit_card made_with_lost_card "
    "made_with_stolen_card misc unauthorized_use_of_card"
).split()


class FraudWarnings:
    """Opens warnings, and lets them lapse once a charge is disputed or fully refunded."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def open(self, charge: Row, fraud_type: str = "unauthorized_use_of_card") -> Row:
        """The issuer has heard of fraud with this charge's card."""
        core = self._core
        if fraud_type not in FRAUD_TYPES:
            raise invalid(f"Invalid fraud_type: must be one of {', '.join(FRAUD_TYPES)}", "fraud_type")
        if charge["status"] != "succeeded":
            raise refused(f"Charge {charge['id']} has not succeeded: nobody warns of it.")
        fields = {
            "id": core.ids.sibling("issfr", of=charge["id"]),
            "object": "radar.early_fraud_warning",
            "actionable": not (charge["disputed"] or charge["refunded"]),
            "charge": charge["id"],
            "created": core.now(),
            "fraud_type": fraud_type,
            "livemode": False,
            "payment_intent": charge["payment_intent"],
        }
        row = core.add("early_fraud_warnings", charge.account, fields)
        core.emit("radar.early_fraud_warning.created", row)
        return row

    def lapse(self, charge: Row) -> None:
        """There is nothing left that could be done: disputed, or given back in full."""
        warnings = self._core.store.of(charge.account, "early_fraud_warnings").find(charge=charge["id"])
        for row in (warning for warning in warnings if warning["actionable"]):
            row["actionable"] = False
            self._core.changed(row)
            self._core.emit("radar.early_fraud_warning.updated", row, {"actionable": True})
