"""Pages from templates. Everything is escaped; an unknown name or a None is an error, never a blank."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any
from urllib.parse import quote

import jinja2
from fastapi.responses import HTMLResponse
from jinja2.bccache import Bucket
from markupsafe import Markup
from starlette.requests import Request

from newsletter.app.read_pages import SiteFacts
from newsletter.issues import Brand
from newsletter.web.visitors import is_local

STATIC = Path(__file__).parent / "static"
APP_JS = (STATIC / "app.js").read_bytes()
CONSOLE_JS = (STATIC / "console.js").read_bytes()
CONSOLE_CSS = (STATIC / "console.css").read_bytes()
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
"""Headers of a page whose address or content is one person's."""
PERSONAL = {"Cache-Control": "private, no-store"}
"""Of a page that everybody may know, where it shows something of one reader."""
PUBLIC = {"Cache-Control": "no-cache", "Vary": "Cookie"}
"""Of one that shows everybody the same; a reader's cookie may make it a personal one."""

FRAME_POLICY = (
    "default-src 'none'; img-src 'self' data: https:; style-src 'unsafe-inline'; frame-ancestors 'self';"
    " sandbox allow-popups allow-popups-to-escape-sandbox"
)
"""Of what is shown in a frame of ours: it can run nothing, and load nothing but pictures."""
NEW_WINDOW = '<base target="_blank">'
"""For the links in it: the pages they lead to refuse to stand in a frame."""


class Pages:
    """The templates, and what stands on every page."""

    def __init__(self, templates: Path, facts: SiteFacts, *, has_outbox: bool) -> None:
        """`templates` holds the folder `web`."""
        self.facts = facts
        self._has_outbox = has_outbox
        self._environment = _environment(templates)

        def kept(name: str, content: bytes) -> str:
            return f"{facts.base}/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"

        self._environment.globals.update(
            site=facts,
            style=kept("site.css", site_css(facts.brand)),
            script=kept("app.js", APP_JS),
            console_style=kept("console.css", CONSOLE_CSS),
            console_script=kept("console.js", CONSOLE_JS),
            to=self._to,
        )

    def show(
        self,
        request: Request,
        name: str,
        *,
        status: int = 200,
        public: str | None = None,
        card: str | None = None,
        personal: bool = False,
        tools: Sequence[str] = (),
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A page. `public` is the path (and query) of one that everybody may know; without it the page is private.

        `card` says what its social card shows, which then stands at `public` + `/card.png`. `personal`: this answer
        shows something of one reader, though everybody may know the page. `tools`: slugs of those whose tallies it has.
        """
        canonical = None if public is None else f"{self.facts.site_url}{quote(public, safe='/?=&')}"
        html = self._environment.get_template(f"web/{name}.html.j2").render(
            canonical=canonical, card=card, outbox_here=self._has_outbox and is_local(request), **values
        )
        request.state.tools = tuple(tools)
        kept = PRIVATE if public is None else PERSONAL if personal else PUBLIC
        return HTMLResponse(html, status, {**kept, **(headers or {})})

    def framed(self, request: Request, name: str, *, scheme: str, **values: Any) -> HTMLResponse:
        """A page for a sandboxed frame of ours: its sheet stands in it, and it runs, sends and loads nothing but
        pictures. A frame does not pass on the `scheme` (`light` or `dark`) that it is to be seen in.
        """
        # our own file, and colours that the settings checked
        sheet = Markup(f"{site_css(self.facts.brand).decode()}:root {{ color-scheme: {scheme} }}")
        return self.show(request, name, headers={"Content-Security-Policy": FRAME_POLICY}, sheet=sheet, **values)

    def text(self, name: str, **values: Any) -> str:
        """What the template file `name` comes to: for what is no page."""
        return self._environment.get_template(f"web/{name}").render(**values)

    def problem(
        self,
        request: Request,
        status: int,
        title: str,
        text: str,
        *,
        action: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTMLResponse:
        """A page that says what is wrong and what to do: `action` is (our own path or an address, words) of a link."""
        where, words = action or ("/", "Go to the start page")
        return self.show(
            request, "problem", status=status, headers=headers, title=title, text=text, where=where, words=words
        )

    def _to(self, path: str) -> str:
        """The address of our own `path`, which starts with a slash, as a link on a page has it."""
        return f"{self.facts.base}{quote(path)}"


class _Compiled(jinja2.BytecodeCache):
    """What templates were compiled to in this process, by name and content."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _Compiled()


def compile_templates(templates: Path) -> None:
    """Compile those of every page (0.1 s in all), so that no reader waits for it after a start."""
    environment = _environment(templates)
    for name in environment.list_templates(filter_func=lambda name: name.startswith("web/")):
        environment.get_template(name)


def _environment(templates: Path) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_known,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_COMPILED,
    )


def site_css(brand: Brand) -> bytes:
    """The sheet, with the brand's colours at its end."""
    ink, accent = f"{brand.ink}, {brand.ink_dark}", f"{brand.accent}, {brand.accent_dark}"
    colours = f":root {{ --ink: light-dark({ink}); --said: light-dark({accent}) }}\n"
    return (STATIC / "site.css").read_bytes() + colours.encode()


def _known(value: object) -> object:
    if value is None:
        raise TypeError("a template prints a value that is not known")
    return value if isinstance(value, Markup | jinja2.Undefined) else str(value)
