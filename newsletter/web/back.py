"""Where a form leads back to: the page it stood on, and never another site."""

from __future__ import annotations

import re

_OWN = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")
_LONGEST = 500


def own_path(back: str, otherwise: str) -> str:
    """`back` where it is a path of this site, else `otherwise`; neither has the path that the site is under.

    Browsers read `//host`, `/\\host` and, leaving out the line break, `/\\n/host` as another site (WHATWG URL).
    """
    return back if len(back) <= _LONGEST and _OWN.fullmatch(back) else otherwise
