"""The sandbox's dashboard as the tests use it: a page is looked at, and a button is pressed."""

from __future__ import annotations

import re
from html import unescape

import pytest
from werkzeug.test import TestResponse

from tests.sandbox.conftest import Platform


@pytest.fixture
def platform() -> Platform:
    """The pages are the same whatever SDK made what they show."""
    return Platform()


def look(platform: Platform, path: str, status: int = 200) -> str:
    """A page's HTML, after seeing that nothing foreign is loaded and no script runs."""
    answer = platform.raw("GET", path, key=None)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    # With "no-referrer" a browser sends "Origin: null" with the page's own forms, which are then refused.
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "<script" not in answer.text
    assert re.findall(r"(?:src|href)='(?:https?:)?//", answer.text) == []
    return answer.text


def press(platform: Platform, page: str, label: str) -> TestResponse:
    """Press a button of a page."""
    forms = [
        form for form in re.findall(r"<form method='post' action='[^']+'>.*?</form>", page) if f">{label}<" in form
    ]
    assert len(forms) == 1, (label, page)
    fields = {name: unescape(value) for name, value in re.findall(r"name='(\w+)' value='([^']*)'", forms[0])}
    return platform.raw("POST", "/dashboard/do", key=None, data=fields, headers={"Origin": "http://localhost"})
