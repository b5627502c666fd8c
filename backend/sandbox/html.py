"""The look of the sandbox's pages, in one place."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from werkzeug import Response

STYLE = """
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #697386; --line: #e3e8ee; --back: #f6f9fc; --card: #fff;
        --accent: #635bff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6ebf1; --soft: #a3acb9; --line: #30363f; --back: #14171c;
        --card: #1d2229; } }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 44rem; margin: 3rem auto; padding: 2rem; background: var(--card); border: 1px solid var(--line);
       border-radius: 12px; }
h1 { margin-top: 0; font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
.badge { float: right; padding: .1rem .6rem; border-radius: 99px; background: var(--accent); color: #fff; font-size: .8rem; }
table { width: 100%; border-collapse: collapse; } th { text-align: left; color: var(--soft); font-weight: 500; }
th, td { padding: .4rem .2rem; border-bottom: 1px solid var(--line); } code, td { overflow-wrap: anywhere; }
a { color: var(--accent); }
button, .button { display: inline-block; padding: .6rem 1.2rem; margin-right: .6rem; border: 0; border-radius: 8px;
       background: var(--accent); color: #fff; font: inherit; text-decoration: none; cursor: pointer; }
button.quiet { background: transparent; color: var(--ink); border: 1px solid var(--line); }
"""


def page(title: str, body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A whole page; `body` is HTML already, `title` is not."""
    html = (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><span class='badge'>sandbox</span><h1>{escape(title)}</h1>{body}</main></body></html>"
    )
    return Response(html, status, dict(headers or {}), mimetype="text/html")


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of plain text."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{line}</tr>" for line in lines) or f"<tr><td colspan='{len(heads)}'>none yet</td></tr>"
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and values."""
    return table(("", ""), pairs)


def button(value: str, label: str, quiet: bool = False) -> str:
    """A button that answers a form with `outcome=value`."""
    kind = " class='quiet'" if quiet else ""
    return f"<button name='outcome' value='{escape(value)}'{kind}>{escape(label)}</button>"
