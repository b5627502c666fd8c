"""Examples of requests, as the reference shows them. A test sends each one."""

from __future__ import annotations

# In examples, the address of this very backend.
APP_URL = "https://app.example.com"
_PAYMENT, _ACCOUNT = "pi_3PxExample0000001", "acct_1PxExample0000001"

ORDER = {"coachId": "coach-7", "coachName": "Dana", "sport": "badminton", "packageType": "package", "packageId": 1}
PURCHASE = {**ORDER, "customerEmail": "pat@example.com"}
CONFIRMATION = {"paymentIntentId": _PAYMENT, "sessionData": ORDER}
REFUND = {"paymentIntentId": _PAYMENT, "reason": "requested_by_customer", "amount": 1000}
DELIVERY = {"paymentIntentId": _PAYMENT}
COACH = {"coachId": "coach-7", "coachName": "Dana", "email": "dana@example.com", "sport": "badminton"}
PROFILE = {"business_profile": {"url": "https://dana.example.com"}}
ONBOARDING = {"return_url": f"{APP_URL}/coach/earnings"}
CLAIM = {"paymentIntentId": _PAYMENT, "coachAccountId": _ACCOUNT, "amount": 4725}
