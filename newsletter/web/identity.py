"""What a browser keeps for us: two signed cookies, and nothing that tells who somebody is.

Neither is set by looking at a page: one by sending the subscribe form, one by an act with a signed link.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.container import App
from newsletter.app.readers import (
    asked_in_this_browser,
    reader_of_browser,
    what_asking_keeps,
    what_browser_keeps,
)
from newsletter.audience.subscriber import Subscriber
from newsletter.audience.tokens import BROWSER_DAYS, CONFIRM_DAYS
from newsletter.web.visitors import visitor_key


class Identity:
    """Sets and reads them. On https they are `__Host-` cookies: no other host can set them."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._secure = app.settings.site_url.startswith("https://")
        prefix = "__Host-" if self._secure else ""
        self.reader_name = f"{prefix}reader"
        self.asked_name = f"{prefix}asked"

    def reader(self, request: Request) -> Subscriber | None:
        """The reader who acted in this browser with a signed link, or None."""
        kept = request.cookies.get(self.reader_name)
        return reader_of_browser(self._app, kept) if kept else None

    def remember(self, response: Response, subscriber: Subscriber) -> None:
        """This browser acted with a signed link of `subscriber`."""
        self._set(response, self.reader_name, what_browser_keeps(self._app, subscriber), BROWSER_DAYS)

    def forget(self, response: Response) -> None:
        response.delete_cookie(self.reader_name, path="/", secure=self._secure, httponly=True, samesite="lax")

    def note_asked(self, response: Response, address: str) -> None:
        """This browser asked for `address` (in its normal form)."""
        self._set(response, self.asked_name, what_asking_keeps(self._app, address), CONFIRM_DAYS)

    def asked_here(self, request: Request, subscriber: Subscriber) -> bool:
        """Whether this browser asked for the address of `subscriber`."""
        return asked_in_this_browser(self._app, request.cookies.get(self.asked_name, ""), subscriber)

    def voter(self, request: Request) -> bytes:
        """16 bytes that stand for the visitor's address (or /64), and cannot be turned back into it."""
        return self._app.signer.client("voter", visitor_key(request))

    def client(self, request: Request) -> bytes:
        """The same for the visitor's address and browser."""
        return self._app.signer.client("client", visitor_key(request), request.headers.get("user-agent", ""))

    def _set(self, response: Response, name: str, value: str, days: int) -> None:
        response.set_cookie(
            name, value, max_age=days * 86400, path="/", secure=self._secure, httponly=True, samesite="lax"
        )
