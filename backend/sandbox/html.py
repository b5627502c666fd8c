"""How the sandbox's pages are put together. What is not `Markup` is text, and is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_from_directory

STATIC = Path(__file__).with_name("static")
# Nothing but the sandbox's own style and pictures is loaded, and no script runs.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'"
HEAD = Markup(
    "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width, initial-scale=1'><title>{title}</title>"
    "<link rel='icon' href='/static/icon.svg'><link rel='stylesheet' href='/static/sandbox.css'></head><body>"
)


def page(title: str, body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A page that stands alone; `body` is HTML already, `title` is not."""
    main = Markup("<main><span class='badge'>sandbox</span><h1>{title}</h1>{body}</main></body></html>")
    return document(title, main.format(title=title, body=Markup(body)), status, headers)


def document(title: str, body: Markup, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A whole document around the body's own landmarks."""
    # Not "no-referrer": a browser would then hide its own origin from its own forms, and they would be refused.
    fixed = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    return Response(HEAD.format(title=title) + body, status, {**fixed, **(headers or {})}, mimetype="text/html")


def static_file(request: Request) -> Response:
    """A file under `/static/`, or 404."""
    try:
        return send_from_directory(STATIC, request.path.removeprefix("/static/"), request.environ)
    except HTTPException as error:
        return error.get_response(request.environ)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], empty: str = "none yet") -> Markup:
    """A table; a head that begins with a space is over amounts, which stand to the right."""
    kinds = [Markup(" class='amount'") if name.startswith(" ") else "" for name in heads]
    head = _joined(Markup("<th{}>{}</th>").format(kind, name.strip()) for kind, name in zip(kinds, heads, strict=True))
    lines = [
        _joined(Markup("<td{}>{}</td>").format(kind, cell) for kind, cell in zip(kinds, row, strict=True))
        for row in rows
    ]
    body = _joined(Markup("<tr>{}</tr>").format(line) for line in lines)
    nothing = Markup("<tr><td colspan='{}' class='soft'>{}</td></tr>").format(len(heads), empty)
    form = Markup("<div class='scroll'><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>")
    return form.format(head, body or nothing)


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Names and values."""
    lines = _joined(Markup("<tr><th scope='row'>{}</th><td>{}</td></tr>").format(*pair) for pair in pairs)
    return Markup("<table><tbody>{}</tbody></table>").format(lines)


def link(url: str, text: str) -> Markup:
    """A link within the sandbox."""
    return Markup("<a href='{}'>{}</a>").format(url, text)


def button(value: str, label: str, quiet: bool = False) -> Markup:
    """A button that answers a form with `outcome=value`."""
    kind = Markup(" class='quiet'") if quiet else ""
    return Markup("<button name='outcome' value='{}'{}>{}</button>").format(value, kind, label)


def _joined(parts: Iterable[Markup]) -> Markup:
    return Markup().join(parts)
