"""Where forms lead back to."""

from __future__ import annotations

import pytest

from newsletter.web.back import own_path


@pytest.mark.parametrize("path", ["/", "/compare/a-vs-b", "/tools/größe", "/compare?category=x&page=2#saved", "/a//b"])
def test_a_path_of_this_site_is_kept(path: str) -> None:
    assert own_path(path, "/saved") == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "saved",
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "\\\\elsewhere.example",
        "/\n/elsewhere.example",
        "/\t/elsewhere.example",
        " //elsewhere.example",
        "/saved\r\nSet-Cookie: reader=x",
        "/a\\b",
        "javascript:alert(1)",
        "/" + 500 * "a",
    ],
)
def test_whatever_might_lead_elsewhere_is_not(path: str) -> None:
    assert own_path(path, "/saved") == "/saved"
