"""The building blocks of the sandbox's pages. What is not `Markup` is text, and is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.utils import send_from_directory

STATIC = Path(__file__).parents[1] / "static"
# Nothing but the sandbox's own files is loaded, and nobody frames its pages. No form-action: a form's answer may lead
# back to the platform.
POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
# What stands inside another's page: it runs a script of ours, and speaks with the API.
FRAMED = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'"
SHEET = "sandbox.css"
HEAD = Markup(
    "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width, initial-scale=1'><title>{title}</title>"
    "<link rel='icon' href='/static/icon.svg'><link rel='stylesheet' href='/static/{sheet}'></head><body>"
)


def page(title: str, body: Markup, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A page that stands alone."""
    main = Markup("<main><span class='badge'>sandbox</span><h1>{title}</h1>{body}</main></body></html>")
    return document(title, main.format(title=title, body=body), status, headers)


def document(
    title: str, body: Markup, status: int = 200, headers: Mapping[str, str] | None = None, sheet: str = SHEET
) -> Response:
    """A whole document around the body's own landmarks."""
    # Not "no-referrer": a browser would then hide its own origin from its own forms, and they would be refused.
    fixed = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
    return Response(
        HEAD.format(title=title, sheet=sheet) + body, status, {**fixed, **(headers or {})}, mimetype="text/html"
    )


def not_there(title: str, why: str) -> Response:
    """404, with the reason."""
    return page(title, Markup("<p>{}</p>").format(why), 404)


def redirect(url: str) -> Response:
    """On to another page; the body is for who does not follow."""
    body = Markup("<p>Continue to <a href='{0}'>{0}</a>.</p>").format(url)
    return page("Moving on", body, 303, {"Location": url})


def framed(title: str, body: Markup, script: str, status: int = 200, sheet: str = SHEET) -> Response:
    """A page for a frame in another's page, with one of our scripts."""
    run = Markup("<script type='module' src='/static/{}'></script></body></html>").format(script)
    return document(title, body + run, status, {"Content-Security-Policy": FRAMED}, sheet)


def static_file(request: Request) -> Response:
    """A file under `/static/`, or 404."""
    try:
        return send_from_directory(STATIC, request.path.removeprefix("/static/"), request.environ)
    except HTTPException:
        return not_there("Nothing here", "The sandbox has no such file.")


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
    form = Markup("<div class='scroll' tabindex='0'><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>")
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
