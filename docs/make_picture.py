"""Make docs/mail.png: the sample issue at 600 px in the light beside 375 px in the dark, as Chromium draws it.

.venv/bin/python docs/make_picture.py          (needs the development packages and Chromium)
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import tempfile
from email import message_from_bytes, policy
from pathlib import Path

from click.testing import CliRunner
from playwright.sync_api import Browser, sync_playwright

from newsletter.cli.main import cli

HERE = Path(__file__).parent
HEIGHT = 1180
SHEET = """<body style="margin:0;background:#d9d5cb;display:flex;gap:24px;padding:24px;width:{width}px">
<img src="data:image/png;base64,{left}"><img src="data:image/png;base64,{right}"></body>"""


def sample_mail() -> str:
    """The HTML part of the first mail of the demo."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        CliRunner().invoke(cli, ["demo", "--once", "--json"], catch_exceptions=False)
        first = min(Path(".demo/outbox").rglob("*.eml"))
        part = message_from_bytes(first.read_bytes(), policy=policy.default).get_body(("html",))
        assert part is not None
        return str(part.get_content())


def shot(browser: Browser, html: str, width: int, scheme: str) -> str:
    """A picture of the top of the mail, base64."""
    page = browser.new_page(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]
    page.set_content(html)
    return base64.b64encode(page.screenshot()).decode()


def main() -> None:
    html = sample_mail()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        left, right = shot(browser, html, 600, "light"), shot(browser, html, 375, "dark")
        sheet = browser.new_page(viewport={"width": 600 + 375 + 72, "height": HEIGHT + 48})
        sheet.set_content(SHEET.format(width=600 + 375 + 24, left=left, right=right))
        sheet.screenshot(path=HERE / "mail.png")


if __name__ == "__main__":
    main()
