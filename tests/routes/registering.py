"""The request that registers a coach."""

from __future__ import annotations

BODY = {"coachId": "coach-1", "coachName": "Dana", "email": "dana@example.com", "sport": "golf"}
