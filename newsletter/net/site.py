"""Look at our own pages as a reader's browser would: does the configured address lead to this newsletter?"""

from __future__ import annotations

import re

import requests

_MOST_BYTES = 65_536


class HttpSite:
    """Asks over HTTP. One GET, no redirects, `timeout` seconds to connect and for each read."""

    def __init__(self, timeout: float = 5.0) -> None:
        self._timeout = timeout

    def instance_at(self, url: str) -> str | None:
        """The newsletter id in the page at `url`, or None where there is none, or no answer."""
        try:
            with requests.get(url, timeout=self._timeout, allow_redirects=False, stream=True) as response:
                if response.status_code != 200:
                    return None
                page = response.raw.read(_MOST_BYTES, decode_content=True).decode("utf-8", "replace")
        except (requests.RequestException, OSError):
            return None  # not reachable is an answer here: the task stays open and names the address
        found = re.search(r'<meta name="newsletter-instance" content="([0-9a-f]+)"', page)
        return found[1] if found else None
