from __future__ import annotations

import pytest

from newsletter.rendering.markup import Element, dark_rules, read_html


def only(html: str, tag: str) -> Element:
    (element,) = (one for one in read_html(html).walk() if one.tag == tag)
    return element


def test_comments_are_left_out_and_void_elements_hold_nothing() -> None:
    root = read_html("<div>a<!--[if mso]><table><![endif]--><br>b<img src=x>c</div>d")
    assert root.text == "a\nbcd"
    assert [one.tag for one in root.walk()] == ["div", "br", "img"]


def test_a_stray_end_tag_closes_nothing() -> None:
    assert only("<div><p>a</b></p></div>", "p").text == "a"


def test_hidden_text_is_no_text() -> None:
    root = read_html('<title>t</title><style>s</style><p style="DISPLAY: none !important"><b>x</b></p>y')
    assert root.text == "y"
    assert next(one for one in root.walk() if one.tag == "b").hidden


def test_the_font_size_comes_from_the_nearest_element_that_sets_it_in_px() -> None:
    html = '<div style="font-size:12px"><p style="font-size:1em"><b>x</b></p></div><i>y</i>'
    assert only(html, "b").font_size == 12
    assert only(html, "i").font_size == 16


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ("td", True),
        (".c", True),
        ("td.c", True),
        (".b .c", True),
        (".a .c", True),
        (".b>td", True),
        (".a > .b > td", True),
        ("*", True),
        (".a>td", False),
        (".x .c", False),
        ("td.x", False),
        (".x>.b>td", False),
        ("td>td", False),
        ("", False),
    ],
)
def test_selectors_of_tags_and_classes_find_their_element(selector: str, fits: bool) -> None:
    html = '<div class="a"><div class="b"><td class="c d">x</td></div></div>'
    assert only(html, "td").matches(selector) is fits


def test_a_selector_with_a_parent_fits_no_topmost_element() -> None:
    assert not only("<p>x</p>", "p").matches("div>p")


def test_only_rules_of_the_dark_scheme_are_read() -> None:
    css = ".x{color:red}@media (prefers-color-scheme:dark){body,.y>td{background:#000}.z{color:#fff}}.w{color:blue}"
    assert dark_rules(css) == [("body", "background:#000"), (".y>td", "background:#000"), (".z", "color:#fff")]


def test_a_dark_block_that_never_closes_is_read_to_its_end() -> None:
    assert dark_rules("@media (prefers-color-scheme: dark){.y{color:#fff}") == [(".y", "color:#fff")]
