"""Draw the pages of the demo as Chromium shows them.

    PYTHONPATH=. .venv/bin/python docs/make_pages.py            (needs the development packages and Chromium)

docs/pages.png: a comparison at 768 px in the light and at 375 px in the dark, and the list at 375 px.
docs/console.png: an issue on the operator's desk at 1280 px.
"""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

HERE = Path(__file__).parent
SHOTS = (
    ("/compare/marrowgate-vs-pellwright", 768, "light"),
    ("/compare/marrowgate-vs-pellwright", 375, "dark"),
    ("/compare", 375, "light"),
)
TALL = 1180
"""How much of each page is shown, in px."""


def shot(browser: Browser, url: str, width: int, scheme: str) -> str:
    """A picture of the top of a page, base64."""
    page = browser.new_page(viewport={"width": width, "height": TALL}, color_scheme=scheme)  # type: ignore[arg-type]  # one of its literals
    page.goto(url)
    picture = base64.b64encode(page.screenshot()).decode()
    page.close()
    return picture


def console(browser: Browser, door: str) -> None:
    """Come in, draft the next issue, and draw it."""
    page = browser.new_page(viewport={"width": 1280, "height": 1180})
    page.goto(door)
    page.get_by_label("Your e-mail address").fill("ada@example.org")
    page.get_by_label("A password").fill("four words that differ")
    page.get_by_role("button", name="Come in").click()
    page.goto(f"{door.partition('/console/')[0]}/console/issues")
    page.get_by_role("button", name="Draft").first.click()
    page.locator("iframe").first.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    page.evaluate("scrollTo(0, 0)")
    page.screenshot(path=HERE / "console.png")
    page.close()


def main() -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "newsletter", "demo", "--port", "0"]
        environment = {"PYTHONPATH": str(HERE.parent), "PYTHONUNBUFFERED": "1", "PATH": "/usr/bin:/bin"}
        with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True, env=environment) as demo:
            assert demo.stdout is not None
            door = next(
                found[0] for line in demo.stdout if (found := re.match(r"http://[^/]+/console/set-up/\S+", line))
            )
            site = door.partition("/console/")[0]
            try:
                with sync_playwright() as playwright:
                    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
                    pictures = [(width, shot(browser, site + path, width, scheme)) for path, width, scheme in SHOTS]
                    sheet = browser.new_page(
                        viewport={"width": sum(width for width, _ in pictures) + 96, "height": 100}
                    )
                    sheet.set_content(
                        '<body style="margin:0;padding:24px;background:#D6CFBF;'
                        'display:flex;gap:24px;align-items:start">'
                        + "".join(
                            f'<img style="display:block;width:{width}px" src="data:image/png;base64,{picture}">'
                            for width, picture in pictures
                        )
                    )
                    sheet.screenshot(path=HERE / "pages.png", full_page=True)
                    console(browser, door)
                    browser.close()
            finally:
                demo.terminate()


if __name__ == "__main__":
    main()
