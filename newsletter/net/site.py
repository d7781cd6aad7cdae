"""Look at our own pages as a reader's browser would: does the configured address lead to this newsletter?"""

from __future__ import annotations

import re
import time

import requests
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError

_MOST_BYTES = 65_536
_INSTANCE = re.compile(r'<meta name="newsletter-instance" content="([0-9a-f]+)"')


class HttpSite:
    """Asks over HTTP: one GET, no redirects, `timeout` seconds to connect and as many again for the page."""

    def __init__(self, timeout: float = 5.0) -> None:
        self._timeout = timeout

    def instance_at(self, url: str) -> str | None:
        """The newsletter id in the page at `url`, or None where there is none, or no answer."""
        try:
            plain = {"Accept-Encoding": "identity"}
            with requests.get(
                url, timeout=self._timeout, allow_redirects=False, stream=True, headers=plain
            ) as response:
                if response.status_code != 200:
                    return None
                page = self._read(response.raw, time.monotonic() + self._timeout).decode("utf-8", "replace")
        except (requests.RequestException, HTTPError, OSError):
            return None  # not reachable is an answer here: the task stays open and names the address
        found = _INSTANCE.search(page) if page else None
        return found[1] if found else None

    @staticmethod
    def _read(raw: HTTPResponse, deadline: float) -> bytes:
        """The first bytes of the page, or none where they come too slowly."""
        page = b""
        while len(page) < _MOST_BYTES and (chunk := raw.read1(_MOST_BYTES - len(page))):
            page += chunk
            if time.monotonic() > deadline:
                return b""
        return page
