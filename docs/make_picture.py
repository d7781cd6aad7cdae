"""Draw the sample issue as Chromium shows it.

    PYTHONPATH=. .venv/bin/python docs/make_picture.py          (needs the development packages and Chromium)

docs/mail.png: its best part, at 600 px in the light beside 375 px in the dark.
docs/contact-sheet.png: every width in both schemes, then without any style. The mail has no images to miss.
"""

from __future__ import annotations

import base64
import contextlib
import re
import shutil
import tempfile
from email import message_from_bytes, policy
from pathlib import Path

from click.testing import CliRunner
from playwright.sync_api import Browser, sync_playwright

from newsletter.cli.main import cli

HERE = Path(__file__).parent
WIDTHS = (320, 375, 600, 1000)
TOP = 1180
"""How much of the mail the picture of the README shows, in px."""
TALL = 1500
"""The same for the contact sheet."""
Shot = tuple[str, int, str]
"""(what it shows, width in px, picture in base64)"""


def sample_mail() -> str:
    """The HTML part of the first mail of the demo."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        CliRunner().invoke(cli, ["demo", "--once", "--json"], catch_exceptions=False)
        first = min(Path(".demo/outbox").rglob("*.eml"))
        part = message_from_bytes(first.read_bytes(), policy=policy.default).get_body(("html",))
        assert part is not None
        return str(part.get_content())


def shot(browser: Browser, html: str, width: int, scheme: str, height: int) -> str:
    """A picture of the top of the mail, base64."""
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
    page.set_content(html)
    picture = base64.b64encode(page.screenshot()).decode()
    page.close()
    return picture


def sheet(browser: Browser, shots: list[Shot], per_row: int, path: Path, scale: float = 1) -> None:
    """All pictures beside one another on one sheet, `scale` as large as they are."""
    rows = [shots[start : start + per_row] for start in range(0, len(shots), per_row)]
    body = "".join(
        '<div style="display:flex;gap:24px;margin:0 0 24px">'
        + "".join(
            f'<div><p style="margin:0 0 8px;font:14px/20px Arial,sans-serif">{name}</p>'
            f'<img style="width:{width * scale}px;display:block" src="data:image/png;base64,{picture}"></div>'
            for name, width, picture in row
        )
        + "</div>"
        for row in rows
    )
    wide = max(sum(int(width * scale) + 24 for _, width, _ in row) for row in rows) + 24
    page = browser.new_page(viewport={"width": wide, "height": 400})
    page.set_content(f'<body style="margin:0;padding:24px 24px 0;background:#d9d5cb;width:{wide - 48}px">{body}</body>')
    page.screenshot(path=path, full_page=True)
    page.close()


def main() -> None:
    html = sample_mail()
    bare = re.sub(r"<style.*?</style>", "", html, flags=re.DOTALL)
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        best = [
            ("600 px, light", 600, shot(browser, html, 600, "light", TOP)),
            ("375 px, dark", 375, shot(browser, html, 375, "dark", TOP)),
        ]
        sheet(browser, best, 2, HERE / "mail.png")
        every = [
            (f"{width} px, {scheme}", width, shot(browser, html, width, scheme, TALL))
            for scheme in ("light", "dark")
            for width in WIDTHS
        ]
        every += [
            (f"{width} px, no style, {scheme}", width, shot(browser, bare, width, scheme, TALL))
            for width, scheme in ((320, "light"), (375, "dark"), (600, "light"), (1000, "dark"))
        ]
        sheet(browser, every, len(WIDTHS), HERE / "contact-sheet.png", scale=0.5)


if __name__ == "__main__":
    main()
