"""What the address of a link may be, wherever it came from."""

from __future__ import annotations

import re

from newsletter.errors import InputError
from newsletter.rendering.words import one_line, shorten

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What no header and no address holds."""


def web_address(url: str) -> str:
    """`url`, fit for a link: http or https, an ASCII host, no credentials. Raises InputError for any other.

    Braces and stray per cent signs come back encoded, so that a provider finds no placeholder in it.
    """
    found = re.fullmatch(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::\d{1,5})?([/?#][^\s\\\"<>^`|]*)?", url)
    if not found or CONTROL.search(url):
        raise InputError(
            f"{shorten(one_line(url), 80)!r} cannot be the address of a link.",
            next_step="Give a full address that starts with https:// and names an ASCII host.",
        )
    return inert_address(url)


def inert_address(url: str) -> str:
    """`url` with its braces and stray per cent signs encoded."""
    return re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", url).replace("{", "%7B").replace("}", "%7D")
