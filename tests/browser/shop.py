"""A shop of somebody else's: pages on an origin of their own, under a policy as strict as Stripe asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from werkzeug import Request, Response

from backend import sandbox
from tests.processes import served

_FILES = Path(__file__).parent / "shop"
_NPM = Path(__file__).parents[1] / "node/node_modules/@stripe/stripe-js/dist/pure.mjs"
_README = Path(sandbox.__file__).with_name("README.md")
_ELSEWHERE = "<!doctype html><title>Elsewhere</title><link rel='icon' href='data:,'>"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".mjs": "text/javascript"}


@contextmanager
def shop_of(stripe: str) -> Iterator[str]:
    """Its address, while it is open. `stripe` is the origin that its policy trusts."""
    # No connect-src: the script calls the API from a frame of its own.
    policy = f"default-src 'none'; script-src 'self' {stripe}; frame-src {stripe}; style-src 'self'; img-src data:"

    def serve(environ, start_response):
        path = Request(environ).path
        if path == "/readme":
            return Response(_example(stripe), mimetype="text/html")(environ, start_response)
        file = _NPM if path == "/pure.mjs" else _FILES / (path.strip("/") or "shop.html")
        if not file.is_file():
            return Response(_ELSEWHERE, mimetype="text/html")(environ, start_response)
        text = file.read_text(encoding="utf-8").replace("STRIPE_ORIGIN", stripe)
        response = Response(text, mimetype=_TYPES[file.suffix], headers={"Content-Security-Policy": policy})
        return response(environ, start_response)

    with served(serve) as port:
        yield f"http://127.0.0.1:{port}"


def _example(stripe: str) -> str:
    """The page in the sandbox's README, with the payment's secret from the address."""
    example = _README.read_text(encoding="utf-8").partition("```html\n")[2].partition("```")[0]
    secret = "<script>const clientSecret = new URLSearchParams(location.search).get('secret')</script>"
    head = f"<!doctype html><link rel='icon' href='data:,'>{secret}"
    return head + example.replace("http://127.0.0.1:3002", stripe)
